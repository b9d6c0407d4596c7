import { diffLines, FILE_HEADERS_ONLY, formatPatch, structuredPatch } from "diff";
import { type Span, stripPatch } from "./strip";

/**
 * A unified diff that `patch -p1` and `git apply` take.
 *
 * @param path the file, relative to the folder that holds the `virtinst` package
 * @param context lines of context: 3 by default, as `diff -u`; 0 leaves out every line of the file itself
 * @returns the diff, or an empty text where nothing differs
 */
export function unifiedDiff(path: string, before: string, after: string, context = 3): string {
  if (before === after) return "";
  const [old, young] = [spansOf(before), spansOf(after)];
  // If only one side has the patch, each block is compared as a single line: a block of 20,000 lines takes no time then.
  const folded = old.length === 0 || young.length === 0;
  const [a, b] = folded ? [fold(before, old), fold(after, young)] : [before, after];
  const patch = compared([`a/${path}`, `b/${path}`], a, b, context);
  return formatPatch(folded ? unfold(patch) : patch, FILE_HEADERS_ONLY);
}

/** A unified diff of any other text, for a reader; its header calls the text `name`. */
export function unifiedTextDiff(name: string, before: string, after: string): string {
  if (before === after) return "";
  return formatPatch(compared([name, name], before, after, 3), FILE_HEADERS_ONLY);
}

/** All lines of two texts, to be shown beside each other; `own`: whether the other text lacks a line. */
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

/** More lines that differ are not compared one by one: the time for that grows with their square, to a second here. */
const MOST_EDITS = 4000;

/** The shortest difference; where very much differs, all lines of the one and then all of the other. */
function compared([from, to]: readonly [string, string], before: string, after: string, context: number): Patch {
  const options = { context, maxEditLength: MOST_EDITS };
  const patch = structuredPatch(from, to, before, after, undefined, undefined, options);
  if (patch) return patch;
  const [old, young] = [structuredPatch(from, to, before, ""), structuredPatch(from, to, "", after)];
  const [removed, added] = [old.hunks[0], young.hunks[0]];
  if (!removed || !added) throw new RangeError("an empty text differs from another in less than that");
  return {
    ...young,
    hunks: [{ ...added, oldStart: 1, oldLines: removed.oldLines, lines: [...removed.lines, ...added.lines] }],
  };
}

// No Python source holds it.
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
  // How many lines the hunks so far have grown by.
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

/** How many lines of a hunk are on one side. */
function lengthOf(side: "+" | "-", lines: readonly string[]): number {
  return lines.filter((line) => line[0] === " " || line[0] === side).length;
}
