import type { Line, Screen } from "./screen";
import { inline } from "./text";

/** What `apply` and `revert` show. */
export interface ShownChange {
  readonly status: string;
  readonly changed: boolean;
  readonly check: boolean;
  readonly file: string | null;
  readonly release: string | null;
  readonly pools: readonly string[];
  readonly compiled?: string | null;
  readonly restored: boolean | null;
  readonly timeRestored: boolean | null;
  readonly diff?: string | undefined;
}

/**
 * What was done or would be done: one line, and what is to be said of it.
 *
 * @param verbose says more
 */
export function changeText(result: ShownChange, verbose: boolean, screen: Screen): string {
  return screen.fit(changeLines(result, verbose, screen));
}

function changeLines(result: ShownChange, verbose: boolean, colors: Screen): Line[] {
  const { status, changed, check, file, release, compiled, restored, timeRestored } = result;
  const word = changed ? colors.yellow(status) : colors.green(status);
  const lines: Line[] = [{ lead: `${word}: `, text: `${file}${forPools(result)}`, hang: 2 }];
  const say = (text: string) => lines.push({ lead: "", text });
  if (changed && restored !== null) {
    say(
      restored
        ? `${check ? "This would restore" : "Restored"} the original file (content${timeRestored ? " and modification time" : " only"}).`
        : `${check ? "This would remove" : "Removed"} the patch. The file differs from the original.`,
    );
  }
  if (compiled?.startsWith("skipped")) say(`Compile check ${compiled}.`);
  else if (verbose && compiled) say(`The new content was ${compiled}.`);
  if (verbose) say(`virt-manager release: ${release ?? "unknown"}`);
  return lines.map((line) => ({ ...line, text: inline(line.text) }));
}

function forPools({ pools }: Pick<ShownChange, "pools">): string {
  return pools.length > 0 ? ` (${pools.length > 1 ? "pools" : "pool"} ${pools.join(", ")})` : "";
}

/** What is going to be done to a file. */
export interface Announced {
  readonly change: "put in" | "renew";
  readonly file: string;
  readonly pools: readonly string[];
}

/** The same in a sentence, for who watches. */
export function announcementText({ change, file, pools }: Announced, screen: Pick<Screen, "fit">): string {
  const blocks = change === "put in" ? "Adds 2 blocks to" : "Replaces the 2 blocks in";
  const text = `${blocks} ${file}${forPools({ pools })}; no other lines change.`;
  return screen.fit([{ lead: "", text: inline(text), hang: 2 }]);
}
