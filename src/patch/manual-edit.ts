import { Failure } from "../failure";
import { indentOf, isDeeper, methodBody, type Named } from "./insertion-point";

/** A manual edit that makes `_build_xml` rewrite its XML. */
export interface ManualEdit {
  /** The numbers of its lines, from 1, such as `12, 14 to 16`. */
  readonly lines: string;
  /** Those lines as they are in the file. */
  readonly text: string;
}

const RETURN = /^[ \t]*return \(?([A-Za-z_][A-Za-z0-9_]*)[^,]*, ([A-Za-z_][A-Za-z0-9_]*)/;
const REWRITES = /\.(?:subn?|replace)[ \t]*\(|(?<![A-Za-z0-9_.])re\.compile[ \t]*\(/;
const LOG = /^[ \t]*(?:log|logging)\./;

/** How much of an edit a message shows; it has the numbers of all lines. */
const MOST_LINES = 20;
const MOST_COLUMNS = 120;

/**
 * Finds the edit that is copied from page to page: regular expressions in `_build_xml` that rewrite the variables that it
 * returns. Any statement with such a call that names one of them counts, except a log line.
 *
 * @param lines the file without the patch
 * @returns null if there is no such edit, or no `_build_xml`
 */
export function findManualEdit(lines: readonly string[], named: Named): ManualEdit | null {
  const body = bodyOf(lines, named).filter((at) => !/^[ \t]*#/.test(lines[at] as string));
  const last = body[body.length - 1];
  const [, one, two] = (last !== undefined && RETURN.exec(lines[last] as string)) || [];
  if (one === undefined) return null;
  const rewrites = new Set(body.filter((at) => REWRITES.test(lines[at] as string)));
  if (rewrites.size === 0) return null;
  const found = body.flatMap((at, index) => {
    if (LOG.test(lines[at] as string)) return [];
    const statement = statementFrom(lines, body, index);
    return statement.some((line) => rewrites.has(line)) ? [statement] : [];
  });
  const names = new RegExp(`(?<![A-Za-z0-9_.])(?:${one}|${two})(?![A-Za-z0-9_])`);
  if (!found.flat().some((at) => names.test(lines[at] as string))) return null;
  const own = [...new Set(found.flat())].sort((a, b) => a - b);
  return { lines: ranges(own.map((at) => at + 1)), text: own.map((at) => `${lines[at]}\n`).join("") };
}

/** Why a file with such an edit is not patched. */
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
    `Delete line ${edit.lines} (${shown}), or restore the file. ${restoring}. Then apply again. --force patches the file as it is.`,
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

/** The lines of the statement that begins at a line of the body: that line, and the deeper ones after it if it is no block. */
function statementFrom(lines: readonly string[], body: readonly number[], index: number): number[] {
  const at = body[index] as number;
  const indent = indentOf(lines[at] as string);
  const own = [at];
  if (/:[ \t]*(?:#.*)?$/.test(lines[at] as string)) return own;
  for (let after = index + 1; after < body.length; after++) {
    const next = body[after] as number;
    const line = lines[next] as string;
    if (!isDeeper(line, indent) && !line.startsWith(`${indent})`)) break;
    own.push(next);
  }
  return own;
}

function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`)).join(", ");
}
