import { fstatSync, writeSync } from "node:fs";
import { Failure, systemReason } from "./report/failure";
import { type Colours, inline, PLAIN } from "./report/text";

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
 * @throws Failure (io) where it cannot be written
 */
export function print(output: string | Uint8Array): void {
  const bytes = typeof output === "string" ? Buffer.from(output) : output;
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A reader that has seen enough (| head) is no failure; one that is slow gets its time.
      if (code === "EPIPE") return;
      if (code !== "EAGAIN")
        throw new Failure(
          "io",
          `Standard output cannot be written: ${systemReason(error)}.`,
          "Look at where it goes to.",
        );
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Writes a value to standard output as JSON. */
export function printJson(value: unknown): void {
  print(`${JSON.stringify(value, null, 2)}\n`);
}

/** Writes a result: as JSON where that is wanted, else as text unless there is to be none. */
export async function show(value: unknown, text: (colours: Colours) => string, { json, quiet }: Manner): Promise<void> {
  if (json) printJson(value);
  else if (!quiet) print(text(await colours()));
}

/** What could not be checked goes to standard error, so that standard output stays a document or a patch. */
export function note(lines: readonly string[], { quiet }: Manner): void {
  if (!quiet) for (const line of lines) complain(`note: ${inline(line)}\n`);
}

/** Writes to standard error. */
export function complain(text: string): void {
  process.stderr.write(text);
}

/** Colours on a terminal, as NO_COLOR and FORCE_COLOR say otherwise; none where it is piped, as by a CI that sets CI. */
async function colours(): Promise<Colours> {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  const forced = FORCE_COLOR !== undefined && !["0", "false"].includes(FORCE_COLOR);
  // Only a terminal is a character device; asking process.stdout itself loads Node's network stack for a pipe.
  const terminal = fstatSync(1).isCharacterDevice() && process.stdout.isTTY && TERM !== "dumb";
  if (NO_COLOR || !(forced || terminal)) return PLAIN;
  return (await import("picocolors")).default.createColors(true);
}
