import { asForm } from "../forms/envelope";
import type { Screen } from "../report/screen";
import { colourDiff, inline } from "../report/text";
import { flush, type Manner, note, printLong, screen } from "./screen";
import { isTerminal, print, printJson } from "./streams";

/** Writes a result: as JSON where that is wanted, else as text unless there is to be none; like `print`. */
export async function show<T extends { readonly command: string; readonly diff?: string | undefined }>(
  result: T,
  exitCode: number,
  text: (screen: Screen) => string,
  manner: Manner,
): Promise<boolean> {
  if (manner.json) return printJson(asForm(exitCode, result));
  if (manner.quiet) return true;
  const shown = text(screen(manner, Boolean(result.diff)));
  const taken = result.diff ? await printLong(shown) : print(shown);
  flush();
  return taken;
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
  if (!written && !manner.json) await showContent(result.command, content, manner);
  else {
    const line = { lead: `${inline(written ?? "")}: `, text: inline(what), hang: 2 };
    await show({ ...result, written }, 0, ({ fit }) => fit([line]), manner);
  }
  return 0;
}

/** To a terminal, a patch is shown as a diff is; everywhere else it goes in its bytes. */
async function showContent(command: string, content: Uint8Array | string, manner: Manner): Promise<void> {
  if (!isTerminal(1)) print(content);
  else if (command !== "render") await printLong(content.toString());
  else {
    const own = screen(manner, true);
    await printLong(colourDiff(Buffer.from(content).toString(), own, own.mark));
  }
}
