/** The colours that reports use, each a function from text to coloured text. */
export type Colours = Readonly<Record<"bold" | "dim" | "red" | "green" | "yellow" | "cyan", (text: string) => string>>;

const same = (text: string) => text;

/** No colours. */
export const PLAIN: Colours = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

/** One line of a report: a label, and its value. */
export type Row = readonly [label: string, value: string];

/**
 * Rows as aligned text.
 *
 * @param rows an empty label continues the row above
 */
export function table(rows: readonly Row[], colors: Colours): string {
  const width = rows.reduce((most, [label]) => Math.max(most, label.length), 0) + 2;
  return rows.map(([label, value]) => `${colors.bold(label.padEnd(width))}${value}\n`).join("");
}

const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

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

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code > 0xff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\x${code.toString(16).padStart(2, "0")}`;
}

/** Names from outside, each in quotes. */
export function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}

/** A monitor as people write it: an IPv6 address with a port stands in brackets. */
export function monitorText({ name, port }: { readonly name: string; readonly port: number | null }): string {
  if (port === null) return name;
  return name.includes(":") && !name.startsWith("[") ? `[${name}]:${port}` : `${name}:${port}`;
}

/** A unified diff, coloured as `git diff` colours one. */
export function colourDiff(diff: string, colors: Colours): string {
  return visible(diff).replace(/^(?:(\+\+\+|---|#)|(@@)|(\+)|(-)).*$/gm, (line, head, hunk, added, removed) => {
    if (head) return colors.bold(line);
    if (hunk) return colors.cyan(line);
    return added ? colors.green(line) : removed ? colors.red(line) : line;
  });
}
