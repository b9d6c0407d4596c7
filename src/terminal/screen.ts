import { type Line, PIPE, type Screen, type Terminal } from "../report/screen";
import { type Colours, inline, PLAIN } from "../report/text";
import { TOOL } from "../version";
import { again, type Given, thisRun } from "./again";
import { complain, isTerminal, print, sizeOf, wasTaken } from "./streams";

/** How a command speaks: as JSON, or as text, more of it or none; and what it was given. */
export interface Manner extends Given {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

/** What only a terminal needs. */
const terminals = () => import("./own");
const marking = () => import("../report/words");

let own: Awaited<ReturnType<typeof terminals>> | null = null;

/** Gets ready what a terminal needs, so that what has to be said can be said at once. */
export async function prepare(): Promise<void> {
  if (isTerminal(1) || isTerminal(2)) own = await terminals();
}

/** How many columns standard output or standard error has; null where it is no terminal. */
function columnsOf(descriptor: 1 | 2): number | null {
  return own && isTerminal(descriptor) ? sizeOf(descriptor).columns : null;
}

/** How lines are written there. */
export function fitting(descriptor: 1 | 2): Pick<Screen, "fit"> {
  const columns = columnsOf(descriptor);
  const wrapped = own?.wrapped;
  return wrapped && columns !== null ? { fit: (lines) => wrapped(lines, columns) } : { fit: PIPE.fit };
}

function terminalOf(pages: NonNullable<typeof own>, given: Given): Omit<Terminal, keyof Colours | "columns"> {
  return { width: pages.width, pages, command: (name) => again(name, given), thisRun, notes };
}

/**
 * What standard output is.
 *
 * @param diff whether there is one to be coloured
 */
export async function screen(given: Given, diff = false): Promise<Screen> {
  const colors = await colours();
  const mark = diff && colors !== PLAIN ? (await marking()).markWords : null;
  const columns = columnsOf(1);
  return {
    ...PIPE,
    ...colors,
    ...fitting(1),
    mark: mark && ((before, after) => mark(before, after, colors.inverse)),
    terminal: own && columns !== null ? { ...colors, columns, ...terminalOf(own, given) } : null,
  };
}

/** Writes to standard output what may be long: on a terminal that it does not fit on, through a pager; like `print`. */
export async function printLong(text: string): Promise<boolean> {
  const size = isTerminal(1) ? sizeOf(1) : null;
  const rows = size ? text.split("\n").reduce((sum, line) => sum + Math.ceil(line.length / size.columns || 1), 0) : 0;
  // The prompt takes a row too.
  if (size && rows > size.rows && (await own?.page(text))) return true;
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
async function colours(): Promise<Colours> {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  const forced = FORCE_COLOR !== undefined && !["0", "false"].includes(FORCE_COLOR);
  if (NO_COLOR || !(forced || isTerminal(1))) return PLAIN;
  return (await import("picocolors")).default.createColors(true);
}
