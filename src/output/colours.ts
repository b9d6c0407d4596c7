import picocolors from "picocolors";
import { visible } from "./escape";
import { isTerminal } from "./streams";

/** Functions that colour a text, or return it as it is. */
export type Colours = Pick<typeof picocolors, "isColorSupported" | "bold" | "red" | "green" | "yellow" | "cyan">;

/** No colours. */
export const PLAIN: Colours = picocolors.createColors(false);

/** Colours on a terminal. NO_COLOR turns them off, FORCE_COLOR=1 turns them on in a pipe; CI alone does not. */
export function coloursOfStdout(): Colours {
  const wanted = (isTerminal() && process.env.TERM !== "dumb") || Number(process.env.FORCE_COLOR) > 0;
  return picocolors.createColors(wanted && picocolors.isColorSupported);
}

/** A state of the file, an answer to `affected`, or the status of a check or a change, in its colour. */
export function statusText(status: string, { green, yellow, red }: Colours): string {
  if (["current", "no", "passed", "not needed"].includes(status)) return green(status);
  return ["damaged", "failed"].includes(status) ? red(status) : yellow(status);
}

/** A unified diff in the colours of `git diff`. */
export function colourDiff(diff: string, colours: Colours): string {
  return visible(diff).replace(/.+/g, (line) => colourLine(line, colours));
}

function colourLine(line: string, { bold, cyan, green, red }: Colours): string {
  if (/^(?:\+\+\+|---|#)/.test(line)) return bold(line);
  if (line.startsWith("@@")) return cyan(line);
  return line.startsWith("+") ? green(line) : line.startsWith("-") ? red(line) : line;
}
