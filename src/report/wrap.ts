import width from "fast-string-width";
import type { Line } from "./screen";

export { width };

/** The least room for text beside what stands before it. */
const LEAST = 28;

/** Lines for a terminal: broken between words only, so that paths stay in one piece. */
export function wrapped(lines: readonly Line[], columns: number): string {
  return lines.map((line) => `${pieces(line, columns).join("\n")}\n`).join("");
}

function pieces({ lead, text, hang = width(lead), kind }: Line, columns: number): string[] {
  if (kind === "verbatim") return [lead + text];
  // A command goes on in the next line, for a shell too.
  const [end, words] = kind === "command" ? [" \\", shellWords(text)] : ["", text.split(" ")];
  const room = columns - end.length;
  const longest = words.reduce((most, word) => Math.max(most, width(word)), 0);
  const indent = columns - hang < LEAST || hang + longest > room ? Math.min(hang, 4) : hang;
  const rows: string[] = [];
  let row = lead;
  let used = width(lead);
  let begun = false;
  const next = (at: number) => {
    rows.push(row.trimEnd() + end);
    [row, used, begun] = [" ".repeat(at), at, false];
  };
  for (const word of words) {
    const wide = width(word);
    const fits = [indent, 2].find((at) => at + wide <= room) ?? 0;
    if (used + (begun ? 1 : 0) + wide > room && row.trim() !== "") next(fits);
    row += begun ? ` ${word}` : word;
    used += wide + (begun ? 1 : 0);
    begun = true;
  }
  return [...rows, row.trimEnd()];
}

/** The words of a command line, each with its quotes. */
function shellWords(command: string): readonly string[] {
  return command.match(/(?:'[^']*'|\\.|[^\s'\\])+/g) ?? [];
}
