import { FORM, TOOL, VERSION } from "../version";

/** A result in its form: the same head for every command. */
export function asForm<T extends { readonly command: string | null }>(exitCode: number, { command, ...result }: T) {
  const verdict = { ok: exitCode === 0, exitCode };
  return { form: FORM, tool: `${TOOL} ${VERSION}`, command, verdict, ...result };
}

/**
 * A failure in its form: nothing is known of the host and its virtinst.
 *
 * @param command the first word of the command line; null where that is none
 */
export function failureForm(exitCode: number, command: string | null, message: string, hint: string) {
  return asForm(exitCode, {
    command,
    ...{ host: null, source: null, file: null, release: null, sha256: null },
    ...{ affected: null, affectedReason: null, state: null, stateReason: null, pools: [], notes: [] },
    error: { message, hint },
  });
}
