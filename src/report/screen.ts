import type { ShownInspection, ShownVerification } from "./shown";
import { type Colours, PLAIN } from "./text";

/** One line of a report. Where it is wrapped, the lines that follow stand below its text. */
export interface Line {
  /** What stands before the text, with its indentation. */
  readonly lead: string;
  readonly text: string;
  /** How far the lines that follow are indented; by default as far as the lead is wide. */
  readonly hang?: number;
  /** What it is, if it is no prose: XML and the like stays as it is, a command can be copied in whatever pieces. */
  readonly kind?: "verbatim" | "command";
}

/** What only a terminal gets: the verdict first, then why, then the next step. */
export interface Pages {
  readonly inspection: (shown: ShownInspection, screen: Terminal) => Line[];
  readonly verification: (shown: ShownVerification, verbose: boolean, screen: Terminal) => Line[];
  /** The next step, as a command on a line of its own. */
  readonly nextStep: (what: string, command: string) => Line[];
}

/** What a report is written for: with colours or without, a terminal or not. */
export interface Screen extends Colours {
  /** What it is, if it is a terminal; null for what is none, where one line stays one line. */
  readonly terminal: Terminal | null;
  /** Lines as text. */
  readonly fit: (lines: readonly Line[]) => string;
  /** Marks the words that differ between two lines; null where there are no colours to mark them with. */
  readonly mark: ((before: string, after: string) => readonly [string, string]) | null;
}

/** A terminal. */
export interface Terminal extends Colours {
  readonly columns: number;
  /** The columns that a text takes. */
  readonly width: (text: string) => number;
  readonly pages: Pages;
  /** A command line of this tool, with the options that name the host and the virtinst of this one. */
  readonly command: (name: string) => string;
  /** The command line of this run without some of its words. */
  readonly thisRun: (leave: RegExp) => string;
  /** What is to be said beside the result and was not said yet; after that it was. */
  readonly notes: () => readonly Line[];
}

/** What is no terminal, and has no colours. */
export const PIPE: Screen = {
  ...PLAIN,
  terminal: null,
  fit: (lines) => lines.map(({ lead, text }) => `${lead}${text}\n`).join(""),
  mark: null,
};

/** A label, and its value. */
export type Row = readonly [label: string, value: string];

/** Rows as lines, their values aligned. */
export function aligned(rows: readonly Row[], { bold }: Colours, indent = ""): Line[] {
  const width = rows.reduce((most, [label]) => Math.max(most, label.length), 0) + 2;
  return rows.map(([label, text]) => ({ lead: indent + bold(label.padEnd(width)), text }));
}
