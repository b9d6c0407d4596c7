import type { Colors } from "picocolors/types";

/** One line of a report: a label, and its value. */
export type Row = readonly [label: string, value: string];

/**
 * Rows as aligned text.
 *
 * @param rows an empty label continues the row above
 */
export function table(rows: readonly Row[], colors: Colors): string {
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  return rows.map(([label, value]) => `${colors.bold(label.padEnd(width))}${value}\n`).join("");
}

/** A text from outside for a terminal: control characters become visible, line breaks and tabs stay. */
export function visible(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** A unified diff, coloured as `git diff` colours one. */
export function colourDiff(diff: string, colors: Colors): string {
  return visible(diff).replace(/^(?:(\+\+\+|---|#)|(@@)|(\+)|(-)).*$/gm, (line, head, hunk, added, removed) => {
    if (head) return colors.bold(line);
    if (hunk) return colors.cyan(line);
    return added ? colors.green(line) : removed ? colors.red(line) : line;
  });
}
