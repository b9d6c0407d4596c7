import type { Failure, FailureKind } from "../failure";
import { TOOL } from "../version";
import { type Change, changeText } from "./change-text";
import { type Colours, colourDiff, coloursOfStdout, PLAIN } from "./colours";
import { inline } from "./escape";
import { printJson, printJsonFailure } from "./json";
import type { Given } from "./next-command";
import type { HostResult, HostsSummary } from "./schema";
import { print, writeStderr } from "./streams";

/** How a command prints its result: as JSON, as text with or without details, or not at all; and its other options. */
export interface OutputOptions extends Given {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

/** The fields that every result has. */
interface Shown {
  readonly command: string;
  readonly notes: readonly string[];
}

/**
 * Prints a result on standard output, then its notes on standard error.
 *
 * @param text returns the text for people; not called with --json or --quiet
 * @returns whether standard output was read to its end
 * @throws Failure (io) if standard output cannot be written
 */
export function show<T extends Shown>(
  result: T,
  exitCode: number,
  text: (colours: Colours) => string,
  options: OutputOptions,
): boolean {
  const { json, quiet } = options;
  try {
    return json ? printJson(exitCode, result) : quiet || print(text(coloursOfStdout()));
  } finally {
    writeNotes(result.notes, options);
  }
}

function writeNotes(notes: readonly string[], { quiet }: OutputOptions): void {
  if (!quiet) writeStderr(notes.map((note) => `note: ${inline(note)}\n`).join(""));
}

/**
 * Writes the generated content to the file or directory of --output and prints its name. Without --output, or with -,
 * prints the content.
 *
 * @param what a name of the content, for people
 * @param write writes the content to a file or directory
 */
export function showGenerated(
  result: Shown,
  content: string | Uint8Array,
  what: string,
  options: OutputOptions & { readonly output?: string },
  write: (name: string) => void,
): void {
  const written = options.output === "-" ? null : (options.output ?? null);
  if (written !== null) write(written);
  if (written !== null || options.json) {
    const shown = { ...result, written };
    show(shown, 0, () => `${inline(written ?? "")}: ${inline(what)}\n`, options);
    return;
  }
  const colours = coloursOfStdout();
  const coloured = colours.isColorSupported && result.command === "render";
  // Without colours, the output is exactly the bytes of the file.
  print(coloured ? colourDiff(Buffer.from(content).toString(), colours) : content);
  writeNotes(result.notes, options);
}

/**
 * Prints what `apply` or `revert` did. If standard output cannot be written, reports a change on standard error.
 *
 * @param options with `diff`, the diff is printed even with `quiet`
 */
export function showChange(
  change: Change,
  exitCode: number,
  options: OutputOptions & { readonly diff?: boolean },
): void {
  const { json, verbose = false, quiet } = options;
  const diff = options.diff ? change.diff : undefined;
  const line = changeText(change, verbose, PLAIN);
  if (quiet && exitCode !== 0) writeStderr(`${TOOL}: ${line.split("\n", 1)}\n`);
  let read = false;
  try {
    const colours = coloursOfStdout();
    const text = colourDiff(diff ?? "", colours) + (quiet ? "" : changeText(change, verbose, colours));
    read = json ? printJson(exitCode, { ...change, diff }) : print(text);
  } finally {
    if (!read && change.changed && !change.check) writeStderr(line);
    writeNotes(change.notes, options);
  }
}

/** A run over many hosts. It keeps only counts and notes, not the results. */
export interface HostsRun {
  /** One result after the other; each script is generated when its result is requested. */
  readonly lines: AsyncIterable<HostLine>;
  /** The counts and notes, after the last host. */
  readonly summary: () => HostsSummary;
}

/** The result for one host. */
export type HostLine = HostResult & { readonly failure: Failure | null };

/**
 * Prints a run over many hosts: each failure on standard error when it happens, and with JSON a line for each host.
 *
 * @param output the directory of --output
 * @param codeOf the exit code of a failure
 * @returns the highest exit code of all hosts
 */
export async function showHosts(
  { lines, summary }: HostsRun,
  output: string,
  codeOf: (kind: FailureKind) => number,
  options: OutputOptions,
): Promise<number> {
  const { json, verbose, quiet } = options;
  let code = 0;
  // Write the files even if standard output was closed.
  let read = true;
  for await (const { failure, ...line } of lines) {
    const own = failure ? codeOf(failure.kind) : 0;
    code = Math.max(code, own);
    if (failure) writeStderr(`${TOOL}: ${inline(`${line.name}: ${failure.message} ${failure.hint}`)}\n`);
    if (read && json) read = printJson(own, line, 0);
    else if (read && verbose && !failure) read = print(`${line.status}: ${inline(line.written ?? "")}\n`);
  }
  const end = summary();
  const { written, unchanged, failed } = end.summary;
  const text = `${inline(output)}: ${written} written, ${unchanged} unchanged, ${failed} failed\n`;
  if (quiet && code !== 0) writeStderr(`${TOOL}: ${text}`);
  if (read && json) printJson(code, end, 0);
  else if (read && !quiet) print(text);
  writeNotes(end.notes, options);
  return code;
}

/** Prints why a command failed and what to do next. */
export function showFailure(failure: Failure, exitCode: number, command: string | undefined, json: boolean): void {
  writeStderr(`${TOOL}: ${inline(failure.message)}\n${inline(failure.hint)}\n`);
  if (json) printJsonFailure(exitCode, command, failure);
}
