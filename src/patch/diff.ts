import { diffLines, FILE_HEADERS_ONLY, formatPatch, structuredPatch } from "diff";
import { type Span, stripPatch } from "./strip";

/**
 * A unified diff for `patch -p1` and `git apply`.
 *
 * @param path the file, relative to the directory that contains the `virtinst` package
 * @param context lines of context: 3 by default, as for `diff -u`; with 0, the diff contains no unchanged line
 * @returns the diff, or an empty text if nothing differs
 */
export function unifiedDiff(path: string, before: string, after: string, context = 3): string {
  if (before === after) return "";
  const [old, young] = [spansOf(before), spansOf(after)];
  // If only one side has the patch, compare each block as a single line: a block of 20,000 lines would be slow.
  const folded = old.length === 0 || young.length === 0;
  const [a, b] = folded ? [fold(before, old), fold(after, young)] : [before, after];
  const patch = compared([`a/${path}`, `b/${path}`], a, b, context);
  return formatPatch(folded ? unfold(patch) : patch, FILE_HEADERS_ONLY);
}

/** A unified diff of any other text, for display only; its header has `name` for both sides. */
export function unifiedTextDiff(name: string, before: string, after: string): string {
  if (before === after) return "";
  return formatPatch(compared([name, name], before, after, 3), FILE_HEADERS_ONLY);
}

/** All lines of two texts, for display in two columns; `own`: whether a line is only in this text. */
export function sideBySide(before: string, after: string) {
  const parts = diffLines(before, after);
  const lines = (lacking: "added" | "removed") =>
    parts
      .filter((part) => !part[lacking])
      .flatMap(({ value, added, removed }) =>
        value
          .replace(/\n$/, "")
          .split("\n")
          .map((text) => ({ text, own: added || removed })),
      );
  return { before: lines("added"), after: lines("removed") };
}

type Patch = NonNullable<ReturnType<typeof structuredPatch>>;

/** The most lines that may differ in a line-by-line comparison: its time grows with their square, to a second here. */
const MOST_EDITS = 4000;

/** The shortest difference; if more than MOST_EDITS lines differ, all lines are removed, and all lines are added. */
function compared([from, to]: readonly [string, string], before: string, after: string, context: number): Patch {
  const options = { context, maxEditLength: MOST_EDITS };
  const patch = structuredPatch(from, to, before, after, undefined, undefined, options);
  if (patch) return patch;
  const [old, young] = [structuredPatch(from, to, before, ""), structuredPatch(from, to, "", after)];
  const [removed, added] = [old.hunks[0], young.hunks[0]];
  if (!removed || !added) throw new RangeError("both texts must have lines");
  return {
    ...young,
    hunks: [{ ...added, oldStart: 1, oldLines: removed.oldLines, lines: [...removed.lines, ...added.lines] }],
  };
}

// Python source cannot contain it.
const FOLD = "\0";

function spansOf(text: string): readonly Span[] {
  const stripped = stripPatch(text);
  return stripped.state === "patched" ? stripped.patch.spans : [];
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

function unfold(patch: Patch): Patch {
  // How many lines the previous hunks have grown by.
  const grown = { "+": 0, "-": 0 };
  const hunks = patch.hunks.map((hunk) => {
    const { oldStart, newStart } = hunk;
    const lines = hunk.lines.flatMap((line) =>
      line
        .slice(1)
        .split(FOLD)
        .map((part) => line[0] + part),
    );
    const [oldLines, newLines] = [lengthOf("-", lines), lengthOf("+", lines)];
    const unfolded = { oldStart: oldStart + grown["-"], oldLines, newStart: newStart + grown["+"], newLines, lines };
    grown["-"] += oldLines - hunk.oldLines;
    grown["+"] += newLines - hunk.newLines;
    return unfolded;
  });
  return { ...patch, hunks };
}

/** How many lines of a hunk belong to one side. */
function lengthOf(side: "+" | "-", lines: readonly string[]): number {
  return lines.filter((line) => line[0] === " " || line[0] === side).length;
}
