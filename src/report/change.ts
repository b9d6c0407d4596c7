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
  readonly shippedIn: readonly string[];
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
  const { status, changed, check, file, release, compiled, restored, timeRestored, shippedIn } = result;
  const word = changed ? colors.yellow(status) : colors.green(status);
  const lines: Line[] = [{ lead: `${word}: `, text: `${file}${forPools(result)}`, hang: 2 }];
  const say = (text: string) => lines.push({ lead: "", text });
  if (changed && restored !== null) {
    const shipped = shippedIn.length > 0 ? `: the file of virt-manager ${shippedIn.join(", ")}` : "";
    say(
      restored
        ? `The file ${check ? "would be" : "is"}, in its bytes${timeRestored ? " and its time" : ""}, what the blocks were put into${shipped}.`
        : `The file ${check ? "would have" : "has"} no blocks any more.`,
    );
  }
  if (compiled?.startsWith("not run")) say(`Compiling the new text was ${compiled}.`);
  else if (verbose && compiled) say(`The new text was ${compiled}.`);
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
  /** The lines of a hand edit that is taken out; null for none. */
  readonly handEdit: string | null;
}

/** The same in a sentence, for who watches. */
export function announcementText({ change, file, pools, handEdit }: Announced, screen: Pick<Screen, "fit">): string {
  const blocks = change === "put in" ? "two blocks go in" : "the two blocks in it are renewed";
  const rest = handEdit === null ? "no other line changes" : `the hand edit in line ${handEdit} goes`;
  const text = `This patches ${file}${forPools({ pools })}: ${blocks}, and ${rest}.`;
  return screen.fit([{ lead: "", text: inline(text), hang: 2 }]);
}
