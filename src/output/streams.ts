import { writeSync } from "node:fs";
import { Failure, systemReason } from "../failure";
import { pause } from "../system/read";

/** The file descriptors that are written to. */
export const DESCRIPTORS = { stdout: 1, stderr: 2 };

/**
 * Writes to standard output, synchronously, because the process may end right after it.
 *
 * @returns whether all of it was read: a reader that closes the pipe early (| head) is not an error
 * @throws Failure (io) if standard output cannot be written
 */
export function print(output: string | Uint8Array): boolean {
  try {
    write(DESCRIPTORS.stdout, output);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return false;
    throw new Failure("io", `Standard output cannot be written: ${systemReason(error)}.`, "Check its file or pipe.");
  }
}

function write(descriptor: number, output: string | Uint8Array): void {
  const bytes = typeof output === "string" ? Buffer.from(output) : output;
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(descriptor, bytes, done);
    } catch (error) {
      // The pipe is full: wait for its reader.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      pause(5);
    }
  }
}

let heard = true;

/** Writes to standard error. If that fails, only the exit code can report it: see `wasHeard`. */
export function writeStderr(text: string): void {
  try {
    write(DESCRIPTORS.stderr, text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") heard = false;
  }
}

/** Whether standard error accepted everything that was written to it. */
export function wasHeard(): boolean {
  return heard;
}

/** Whether standard output is a terminal. */
export function isTerminal(): boolean {
  return process.stdout.isTTY;
}
