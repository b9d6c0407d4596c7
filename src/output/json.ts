import type { Failure } from "../failure";
import { FORM, TOOL, VERSION } from "../version";
import { inJson } from "./escape";
import { print } from "./streams";

/** Prints a result as JSON, after the fields that all commands have; with an indent of 0, on one line. */
export function printJson<T extends { readonly command: string | null }>(
  exitCode: number,
  { command, ...result }: T,
  indent = 2,
): boolean {
  const verdict = { ok: exitCode === 0, exitCode };
  const form = { form: FORM, tool: `${TOOL} ${VERSION}`, command, verdict, ...result };
  return print(`${inJson(JSON.stringify(form, null, indent))}\n`);
}

/**
 * Writes a failure to standard output as JSON. It is on standard error already, so an error here is not reported.
 *
 * @param command the first word of the command line, if it is not an option
 */
export function printJsonFailure(exitCode: number, command: string | undefined, { message, hint }: Failure): void {
  try {
    printJson(exitCode, {
      command: command?.startsWith("-") ? null : (command ?? null),
      ...{ host: null, source: null, file: null, release: null, sha256: null },
      ...{ affected: null, affectedReason: null, state: null, stateReason: null, pools: [], notes: [] },
      error: { message, hint },
    });
  } catch {
    // The failure is on standard error already.
  }
}
