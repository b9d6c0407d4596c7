import { Failure } from "../failure";
import { methodBody, type Named } from "./insertion-point";

/** A manual edit that makes `_build_xml` rewrite its XML. */
export interface ManualEdit {
  /** The numbers of the lines with a call that rewrites text, from 1, such as `12, 14`. */
  readonly lines: string;
  /** Those lines as they are in the file. */
  readonly text: string;
}

/** A line that is neither a comment nor a log line, with a call that rewrites text. */
const REWRITES =
  /^(?![ \t]*(?:#|(?:log|logging)\.))[^\n]*(?:\.(?:subn?|replace)[ \t]*\(|(?<![A-Za-z0-9_.])re\.compile[ \t]*\()/;

/** How much of an edit a message shows. It always has the numbers of all lines. */
const MOST_LINES = 20;
const MOST_COLUMNS = 120;

/**
 * Finds the manual edit that many web pages show: regular expressions in `_build_xml` that rewrite the XML. No release
 * contains such a call in `_build_xml`.
 *
 * @param lines the file without the patch
 * @returns the lines with such a call, if one of them contains `xml`; null if there is no such line or no `_build_xml`
 */
export function findManualEdit(lines: readonly string[], named: Named): ManualEdit | null {
  const found = bodyOf(lines, named).filter((at) => REWRITES.test(lines[at] as string));
  if (!found.some((at) => lines[at]?.includes("xml"))) return null;
  return { lines: found.map((at) => at + 1).join(", "), text: found.map((at) => `${lines[at]}\n`).join("") };
}

/** The failure for a file with a manual edit. */
export function manualEditFailure(edit: ManualEdit, { path, restoring }: Named): Failure {
  const code = edit.text
    .trimEnd()
    .split("\n")
    .map((line) => line.trim());
  const shown = code
    .slice(0, MOST_LINES)
    .map((line) => `\`${line.slice(0, MOST_COLUMNS)}\``)
    .join(", ");
  return new Failure(
    "target",
    `${path}: _build_xml has a manual edit in line ${edit.lines}, which rewrites the domain XML. Nothing was written. Known bugs of that edit: \`re\` is not imported (NameError), the first XML is None with --import (TypeError), and file disks get an <auth> that libvirt refuses.`,
    `Remove the edit (${shown}), or restore the file. ${restoring}. Then apply again. --force patches the file as it is.`,
  );
}

function bodyOf(lines: readonly string[], named: Named): readonly number[] {
  try {
    return methodBody(lines, named).body;
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}
