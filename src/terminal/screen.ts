import picocolors from "picocolors";
import { inspection, nextStep, verification } from "../report/pages";
import { type Line, type Pages, PIPE, type Screen } from "../report/screen";
import { type Colours, inline, PLAIN } from "../report/text";
import { markWords } from "../report/words";
import { width, wrapped } from "../report/wrap";
import { page } from "../system/pager";
import { TOOL } from "../version";
import { again, type Given, thisRun } from "./again";
import { complain, isTerminal, print, sizeOf, wasTaken } from "./streams";

/** How a command speaks: as JSON, or as text, more of it or none; and what it was given. */
export interface Manner extends Given {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

/** How pages are written for a terminal. */
const PAGES: Pages = { inspection, verification, nextStep };

/** How many columns standard output or standard error has; null where it is no terminal. */
function columnsOf(descriptor: 1 | 2): number | null {
  return isTerminal(descriptor) ? sizeOf(descriptor).columns : null;
}

/** How lines are written there. */
export function fitting(descriptor: 1 | 2): Pick<Screen, "fit"> {
  const columns = columnsOf(descriptor);
  return columns !== null ? { fit: (lines) => wrapped(lines, columns) } : { fit: PIPE.fit };
}

/**
 * What standard output is.
 *
 * @param diff whether there is one to be coloured
 */
export function screen(given: Given, diff = false): Screen {
  const colors = colours();
  const columns = columnsOf(1);
  return {
    ...PIPE,
    ...colors,
    ...fitting(1),
    mark: diff && colors !== PLAIN ? (before, after) => markWords(before, after, colors.inverse) : null,
    terminal:
      columns !== null
        ? { ...colors, columns, width, pages: PAGES, command: (name) => again(name, given), thisRun, notes }
        : null,
  };
}

/** Writes to standard output what may be long: on a terminal that it does not fit on, through a pager; like `print`. */
export async function printLong(text: string): Promise<boolean> {
  const size = isTerminal(1) ? sizeOf(1) : null;
  const rows = size ? text.split("\n").reduce((sum, line) => sum + Math.ceil(line.length / size.columns || 1), 0) : 0;
  // The prompt takes a row too.
  if (size && rows > size.rows && (await page(text))) return true;
  return print(text);
}

let pending: Line[] = [];

/**
 * What could not be checked goes to standard error, so that standard output stays a document or a patch. A person who
 * sees both on one terminal gets the result first.
 */
export function note(lines: readonly string[], { quiet, json }: Manner): void {
  if (quiet) return;
  pending.push(...lines.map((line) => ({ lead: "note: ", text: inline(line), hang: 2 })));
  if (json || columnsOf(1) === null || columnsOf(2) === null) flush();
}

/** What was noted and not said yet; after that it was. */
function notes(): readonly Line[] {
  const all = pending;
  pending = [];
  return all;
}

/** Says what was noted. */
export function flush(): void {
  complain(fitting(2).fit(notes()));
}

/** Whether standard error took all that was to be said. */
export function wasHeard(): boolean {
  flush();
  return wasTaken();
}

/** Says why a command failed, and what to do. */
export function sayFailure({ message, hint }: { readonly message: string; readonly hint: string }): void {
  const lines = [
    { lead: `${TOOL}: `, text: inline(message), hang: 2 },
    { lead: "", text: inline(hint), hang: 2 },
  ];
  flush();
  complain(fitting(2).fit(lines));
}

/** Colours on a terminal, as NO_COLOR and FORCE_COLOR say otherwise; none where it is piped, as by a CI that sets CI. */
function colours(): Colours {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  const forced = FORCE_COLOR !== undefined && !["0", "false"].includes(FORCE_COLOR);
  if (NO_COLOR || !(forced || isTerminal(1))) return PLAIN;
  return picocolors.createColors(true);
}
