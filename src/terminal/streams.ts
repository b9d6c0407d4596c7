import { fstatSync, writeSync } from "node:fs";
import { Failure, systemReason } from "../failure";
import { failureForm } from "../forms/envelope";
import { inJson } from "../report/text";
import { pause } from "../system/read";

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
export function printJson(value: unknown): boolean {
  return print(`${inJson(JSON.stringify(value, null, 2))}\n`);
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

let heard = true;

/** Writes to standard error. Where that cannot be written either, the exit code has to say it. */
export function complain(text: string): void {
  if (text === "") return;
  try {
    write(2, text);
  } catch (error) {
    heard = (error as NodeJS.ErrnoException).code === "EPIPE";
  }
}

/** Whether standard error took all that was written to it. */
export function wasTaken(): boolean {
  return heard;
}

/** Whether it may be one, and TERM says which: only a terminal is a character device, and asking the stream loads Node's network stack for a pipe. */
export function isTerminal(descriptor: 1 | 2): boolean {
  return (
    fstatSync(descriptor).isCharacterDevice() && (process.env.TERM || "dumb") !== "dumb" && stream(descriptor).isTTY
  );
}

/** How many columns and rows a terminal has; null where it says neither. */
export function sizeOf(descriptor: 1 | 2): { readonly columns: number; readonly rows: number } {
  const { columns, rows } = stream(descriptor);
  // A serial console knows neither: 80 columns are what every terminal has, and no pager is needed for rows without end.
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : Number.POSITIVE_INFINITY };
}

/** Standard output or standard error, as Node has it: only where it is known to be a terminal. */
export function stream(descriptor: 1 | 2): NodeJS.WriteStream {
  return descriptor === 1 ? process.stdout : process.stderr;
}
