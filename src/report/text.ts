import { monitorText } from "../patch/facts";

/** The colours that reports use, each a function from text to coloured text. */
export type Colours = Readonly<
  Record<"bold" | "dim" | "red" | "green" | "yellow" | "cyan" | "inverse", (text: string) => string>
>;

const same = (text: string) => text;

/** No colours. */
export const PLAIN: Colours = {
  ...{ bold: same, dim: same, red: same, green: same },
  ...{ yellow: same, cyan: same, inverse: same },
};

/** Controls, line ends, half a surrogate pair, what Unicode has ignored (directions, fillers, tags), annotations. */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\u2028\u2029\ufff9-\ufffb]/gu;

/** A text from outside for a terminal: control and direction characters become visible, line breaks and tabs stay. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) =>
    character === "\n" || character === "\t" ? character : escaped(character),
  );
}

/** The same on one line: line breaks and tabs become visible too, so that no name can look like another line. */
export function inline(text: string): string {
  return text.replace(UNSEEN, escaped);
}

/** The same in a document of JSON, where an escape is the character itself. */
export function inJson(document: string): string {
  const unit = (half: string) => `\\u${half.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return document.replace(UNSEEN, (character) => (character === "\n" ? character : character.replace(/[\s\S]/g, unit)));
}

function escaped(character: string): string {
  const code = character.codePointAt(0) as number;
  const [mark, digits] = code > 0xffff ? ["U", 8] : code > 0xff ? ["u", 4] : ["x", 2];
  return `\\${mark}${code.toString(16).padStart(digits, "0")}`;
}

/** A value of any shape from outside: without this, what looks like this tool's own colours would pass below. */
export function cleaned<T>(how: (text: string) => string, value: T): T {
  if (typeof value === "string") return how(value) as T;
  if (Array.isArray(value)) return value.map((one) => cleaned(how, one)) as T;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, cleaned(how, one)])) as T;
}

/** A text from outside in this tool's own colours, whose escapes pass. */
export function clean(text: string, how: (text: string) => string): string {
  return text
    .split(/(\u001b\[\d+m)/)
    .map((part, index) => (index % 2 === 1 ? part : how(part)))
    .join("");
}

/** What stands where a pool lists no monitor. */
export const NO_MONITORS = "none listed: Ceph's own configuration decides";

/** A pool's monitors on one line. */
export function monitorsText(monitors: readonly Parameters<typeof monitorText>[0][]): string {
  return monitors.map(monitorText).join(", ") || NO_MONITORS;
}

/**
 * A unified diff, coloured as `git diff` colours one.
 *
 * @param mark marks the words that differ between a line and what it became; by default none are marked
 */
export function colourDiff(
  diff: string,
  colors: Colours,
  mark: ((before: string, after: string) => readonly [string, string]) | null = null,
): string {
  const lines = visible(diff).split("\n");
  if (mark) for (const [from, count] of changes(lines)) markPairs(lines, from, count, mark);
  return lines.map((line) => colourLine(line, colors)).join("\n");
}

function colourLine(line: string, colors: Colours): string {
  if (/^(?:\+\+\+|---|#)/.test(line)) return colors.bold(line);
  if (line.startsWith("@@")) return colors.cyan(line);
  return line.startsWith("+") ? colors.green(line) : line.startsWith("-") ? colors.red(line) : line;
}

/** Where as many lines go as come: the first of each such run, and how many go. */
function changes(lines: readonly string[]): [number, number][] {
  const signs = lines.map((line) => (/^(?:\+\+\+|---) /.test(line) ? " " : (line[0] ?? " "))).join("");
  return [...signs.matchAll(/(?<![-])(-+)(\++)(?!\+)/g)].flatMap(({ index = 0, 1: gone = "", 2: come = "" }) =>
    gone.length === come.length ? [[index, gone.length] as [number, number]] : [],
  );
}

function markPairs(
  lines: string[],
  from: number,
  count: number,
  mark: (before: string, after: string) => readonly [string, string],
): void {
  for (let at = from; at < from + count; at++) {
    const [before, after] = mark((lines[at] ?? "").slice(1), (lines[at + count] ?? "").slice(1));
    [lines[at], lines[at + count]] = [`-${before}`, `+${after}`];
  }
}
