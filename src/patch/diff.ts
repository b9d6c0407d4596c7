import { FILE_HEADERS_ONLY, formatPatch, structuredPatch } from "diff";
import { findBlocks } from "./blocks";

/**
 * A unified diff that `patch -p1` and `git apply` take.
 *
 * @param path the file, relative to the folder that holds the `virtinst` package
 * @param before the file's text
 * @param after its text afterwards
 * @param context lines of context: 3 by default, as `diff -u`; 0 leaves out every line of the file itself
 * @returns the diff, or an empty text where nothing differs
 */
export function unifiedDiff(path: string, before: string, after: string, context = 3): string {
  if (before === after) return "";
  const patch = structuredPatch(`a/${path}`, `b/${path}`, whole(before), whole(after), undefined, undefined, {
    context,
  });
  return formatPatch(patch, FILE_HEADERS_ONLY).replaceAll(GUARD, "");
}

/**
 * A unified diff of any other text, for a reader.
 *
 * @param name what the text is called in the diff's header
 */
export function unifiedTextDiff(name: string, before: string, after: string): string {
  if (before === after) return "";
  return formatPatch(structuredPatch(name, name, before, after), FILE_HEADERS_ONLY);
}

// No Python source holds it.
const GUARD = "\0";

/** Keeps each block in one piece: its empty lines must not be matched with empty lines of the file around it. */
function whole(text: string): string {
  const found = findBlocks(text);
  if (found.state !== "present") return text;
  const [{ from, to }] = found.spans;
  return text.slice(0, from) + text.slice(from, to).replace(/^(?=\r?\n)/gm, GUARD) + text.slice(to);
}
