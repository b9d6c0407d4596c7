import { type Colours, statusText } from "./colours";
import { deeply, inline } from "./escape";
import type { Result } from "./schema";

/** What `apply` and `revert` print. */
export type Change = Result<"revert"> | Result<"apply">;

/** The status and the file on a line, then details. `verbose` adds the Python that was used and the release. */
export function changeText(change: Change, verbose: boolean, colours: Colours): string {
  const { status, changed, check, file, release, pools, restored, timeRestored } = deeply(inline, change);
  const compiled = "compiled" in change ? inline(change.compiled ?? "") : "";
  const names = pools.length > 0 ? ` (${pools.length > 1 ? "pools" : "pool"} ${pools.join(", ")})` : "";
  const lines = [`${statusText(status, colours)}: ${file}${names}`];
  if (changed && restored === true)
    lines.push(
      `${check ? "This would restore" : "Restored"} the original file (content${timeRestored ? " and modification time" : " only"}).`,
    );
  if (changed && restored === false)
    lines.push(`${check ? "This would remove" : "Removed"} the patch. The file differs from the original.`);
  if (compiled.startsWith("skipped")) lines.push(`Compile check ${compiled}.`);
  else if (verbose && compiled) lines.push(`The new content was ${compiled}.`);
  if (verbose) lines.push(`virt-manager release: ${release ?? "unknown"}`);
  return `${lines.join("\n")}\n`;
}
