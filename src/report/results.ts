import type { Screen } from "./screen";
import { colourDiff } from "./text";

// One door to what commands show.
export { inspectionText } from "./inspection";
export { verdictLine, verificationText } from "./verification";

/** What `preview` shows: the difference that the patch makes. */
export function previewText(
  { changed, diff }: { readonly changed: boolean; readonly diff: string },
  screen: Screen,
): string {
  return changed ? colourDiff(diff, screen, screen.mark) : "The patch changes nothing in this domain.\n";
}

/** The files of a hook that a person reads, each below its name where there are several: as `head` has it. */
export function filesText(files: readonly { path: string; content: string; program: boolean }[]): string {
  const read = files.filter(({ program }) => !program);
  if (read.length === 1) return read[0]?.content ?? "";
  return read.map(({ path, content }) => `==> ${path} <==\n${content}`).join("\n");
}
