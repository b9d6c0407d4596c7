import { fstatSync, writeSync } from "node:fs";
import type { HostsRun } from "./commands/hosts";
import { asForm, failureForm } from "./forms/envelope";
import { Failure, type FailureKind, systemReason } from "./report/failure";
import { hostsText } from "./report/hosts";
import { changeText, type ShownChange } from "./report/results";
import { type Colours, inline, PLAIN } from "./report/text";
import { pause } from "./system/read";
import { type NewFile, writeNewFile, writeNewFiles } from "./system/write";
import { TOOL } from "./version";

/** How a command speaks: as JSON, or as text, more of it or none. */
export interface Manner {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

/**
 * Writes to standard output in one go. `process.stdout` would load Node's network stack for a pipe, a tenth of the time
 * of a run that changes nothing.
 *
 * @returns whether all of it was taken: a reader that has seen enough (| head) is no failure
 * @throws Failure (io) where it cannot be written
 */
export function print(output: string | Uint8Array): boolean {
  try {
    write(1, output);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return false;
    throw new Failure("io", `Standard output cannot be written: ${systemReason(error)}.`, "Look at where it goes to.");
  }
}

function write(descriptor: number, output: string | Uint8Array): void {
  const bytes = typeof output === "string" ? Buffer.from(output) : output;
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(descriptor, bytes, done);
    } catch (error) {
      // A reader that is slow gets its time.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      pause(5);
    }
  }
}

/** Writes a value to standard output as JSON; like `print`. */
function printJson(value: unknown): boolean {
  return print(`${JSON.stringify(value, null, 2)}\n`);
}

/** Writes a failure to standard output as JSON, where that can be written: it was said on standard error before. */
export function printJsonError(exitCode: number, word: string | undefined, message: string, hint: string): void {
  const command = word?.startsWith("-") ? null : (word ?? null);
  try {
    printJson(failureForm(exitCode, command, message, hint));
  } catch {
    // There is nothing more to do.
  }
}

/** Writes a result: as JSON where that is wanted, else as text unless there is to be none; like `print`. */
export async function show<T extends { readonly command: string }>(
  result: T,
  exitCode: number,
  text: (colours: Colours) => string,
  { json, quiet }: Manner,
): Promise<boolean> {
  if (json) return printJson(asForm(exitCode, result));
  return quiet ? true : print(text(await colours()));
}

/**
 * Writes what was made: where -o says, else to standard output.
 *
 * @param write does the former, and returns where to; null where -o says nothing
 * @param what it is, for a person
 * @returns the exit code
 */
export async function showMade(
  result: { readonly command: string; readonly notes: readonly string[] },
  write: () => string | null,
  content: Uint8Array | string,
  what: string,
  manner: Manner,
): Promise<number> {
  note(result.notes, manner);
  const written = write();
  if (!written && !manner.json) print(content);
  else await show({ ...result, written }, 0, () => `${inline(written ?? "")}: ${inline(what)}\n`, manner);
  return 0;
}

/**
 * Shows a run over many hosts: each failure on standard error as it happens, with JSON a line for each host.
 *
 * @param output the folder of -o
 * @param codeOf the exit code of a failure
 * @returns the highest exit code of all hosts
 */
export async function showHosts(
  { hosts, lines, summary }: HostsRun,
  output: string,
  codeOf: (kind: FailureKind) => number,
  manner: Manner,
): Promise<number> {
  const { json, verbose, quiet } = manner;
  const bar = json || verbose || quiet ? null : await progressBar();
  let code = 0;
  let done = 0;
  // Whoever reads standard output may have seen enough; the files are wanted all the same.
  let taken = true;
  const say = (text: string) => {
    taken = taken && print(text);
  };
  bar?.start(hosts, 0);
  for await (const { failure, ...line } of lines) {
    const own = failure ? codeOf(failure.kind) : 0;
    code = Math.max(code, own);
    done++;
    if (failure) {
      // It would come back to where it began, over what was said meanwhile.
      bar?.stop();
      complain(`${TOOL}: ${inline(`${line.name}: ${failure.message} ${failure.hint}`)}\n`);
      bar?.start(hosts, done);
    } else if (verbose && !json) say(`${line.status}: ${inline(line.written ?? "")}\n`);
    if (json) say(`${JSON.stringify(asForm(own, line))}\n`);
    bar?.update(done);
  }
  bar?.stop();
  const end = summary();
  note(end.notes, manner);
  if (json) say(`${JSON.stringify(asForm(code, end))}\n`);
  else if (!quiet) say(hostsText(end.summary, output));
  else if (code !== 0) complain(`${TOOL}: ${hostsText(end.summary, output)}`);
  return code;
}

/** A bar on standard error, which is gone when it stops; null where that is no terminal, or too plain a one. */
async function progressBar() {
  if (!isTerminal(2) || !process.stderr.isTTY) return null;
  const { SingleBar } = await progress();
  const format = "{bar} {percentage} % | {value} of {total} hosts";
  // Lines are cut to the terminal's width, so its own wrapping is left as it is: nothing has to be put right by a signal.
  return new SingleBar({ format, barsize: 30, clearOnComplete: true, linewrap: true, stream: process.stderr });
}

const progress = () => import("cli-progress").then((module) => module.default);

/** What changes a file, as a result says it. */
type Changing = ShownChange & { readonly command: string };

/** Shows what was done to a file, or would be. What was done is said, wherever there is somebody to hear it. */
export async function showChange(
  result: Changing,
  exitCode: number,
  { diff = false, json = false, verbose = false, quiet = false }: Manner & { readonly diff?: boolean },
): Promise<void> {
  const line = changeText(result, { diff: false, verbose, quiet: false }, PLAIN);
  if (quiet && exitCode !== 0) complain(`${TOOL}: ${line.split("\n", 1)}\n`);
  const elsewhere = () => result.changed && !result.check && complain(line);
  try {
    const taken = await show(
      diff ? result : { ...result, diff: undefined },
      exitCode,
      (colours) => changeText(result, { diff, verbose, quiet }, colours),
      // A diff that was asked for is no chatter.
      { json, quiet: quiet && !diff },
    );
    if (!taken) elsewhere();
  } catch (error) {
    elsewhere();
    throw error;
  }
}

/**
 * Writes to the file of -o, if there is one.
 *
 * @param output its name, or - for standard output
 * @returns its name; null where there is none
 */
export function writeOutput(
  output: string | undefined,
  content: Uint8Array | string,
  how: { readonly program?: boolean } = {},
): string | null {
  if (output === undefined || output === "-") return null;
  writeNewFile(output, content, how);
  return output;
}

/**
 * Writes files to the folder of -o, if there is one.
 *
 * @param output its name, or - for standard output
 * @returns its name; null where there is none
 */
export function writeFolder(output: string | undefined, files: readonly NewFile[]): string | null {
  if (output === undefined || output === "-") return null;
  writeNewFiles(output, files);
  return output;
}

/** What could not be checked goes to standard error, so that standard output stays a document or a patch. */
export function note(lines: readonly string[], { quiet }: Manner): void {
  if (!quiet) for (const line of lines) complain(`note: ${inline(line)}\n`);
}

let heard = true;

/** Writes to standard error. Where that cannot be written either, the exit code has to say it. */
export function complain(text: string): void {
  try {
    write(2, text);
  } catch (error) {
    heard = (error as NodeJS.ErrnoException).code === "EPIPE";
  }
}

/** Whether standard error took all that was to be said. */
export function wasHeard(): boolean {
  return heard;
}

/** Colours on a terminal, as NO_COLOR and FORCE_COLOR say otherwise; none where it is piped, as by a CI that sets CI. */
async function colours(): Promise<Colours> {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  const forced = FORCE_COLOR !== undefined && !["0", "false"].includes(FORCE_COLOR);
  const terminal = isTerminal(1) && process.stdout.isTTY;
  if (NO_COLOR || !(forced || terminal)) return PLAIN;
  return (await import("picocolors")).default.createColors(true);
}

/** Whether it may be one: only a terminal is a character device, and asking the stream loads Node's network stack for a pipe. */
function isTerminal(descriptor: 1 | 2): boolean {
  return fstatSync(descriptor).isCharacterDevice() && process.env.TERM !== "dumb";
}
