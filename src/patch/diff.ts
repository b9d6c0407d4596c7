import { FILE_HEADERS_ONLY, formatPatch, structuredPatch } from "diff";
import { findBlocks, type Span } from "./blocks";

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
  const [old, young] = [spansOf(before), spansOf(after)];
  // Where only one side has blocks, each goes through the diff as a single line: it stays in one piece, whatever empty
  // lines stand around it, and the diff of two lines is a matter of microseconds.
  const folded = old.length === 0 || young.length === 0;
  const [a, b] = folded ? [fold(before, old), fold(after, young)] : [before, after];
  const patch = structuredPatch(`a/${path}`, `b/${path}`, a, b, undefined, undefined, { context });
  return formatPatch(folded ? unfold(patch) : patch, FILE_HEADERS_ONLY);
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
const FOLD = "\0";

function spansOf(text: string): readonly Span[] {
  const found = findBlocks(text);
  return found.state === "present" ? found.spans : [];
}

function fold(text: string, spans: readonly Span[]): string {
  let out = "";
  let done = 0;
  for (const { from, to } of spans) {
    out += text.slice(done, from) + text.slice(from, to - 1).replaceAll("\n", FOLD);
    done = to - 1;
  }
  return out + text.slice(done);
}

function unfold(patch: ReturnType<typeof structuredPatch>): typeof patch {
  let shift = { "+": 0, "-": 0 };
  const hunks = patch.hunks.map((hunk) => {
    const grown = { "+": 0, "-": 0 };
    const lines = hunk.lines.flatMap((line) => {
      const parts = line.slice(1).split(FOLD);
      const sign = line[0] as "+" | "-";
      if (parts.length > 1) grown[sign] += parts.length - 1;
      return parts.map((part) => sign + part);
    });
    const { oldStart, oldLines, newStart, newLines } = hunk;
    const unfolded = {
      lines,
      oldStart: oldStart + shift["-"],
      oldLines: oldLines + grown["-"],
      newStart: newStart + shift["+"],
      newLines: newLines + grown["+"],
    };
    shift = { "+": shift["+"] + grown["+"], "-": shift["-"] + grown["-"] };
    return unfolded;
  });
  return { ...patch, hunks };
}
