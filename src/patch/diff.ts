import { diffLines, FILE_HEADERS_ONLY, formatPatch, structuredPatch } from "diff";
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
  const patch = compared([`a/${path}`, `b/${path}`], a, b, context);
  return formatPatch(folded ? unfold(patch) : patch, FILE_HEADERS_ONLY);
}

/**
 * The same of the whole file, or of what in it is this host's: the table of facts in the helper block.
 *
 * @param what `facts` for that; its lines have the numbers that they have in the file
 */
export function difference(what: boolean | "facts" | undefined, path: string, before: string, after: string): string {
  if (what !== "facts") return unifiedDiff(path, before, after);
  const [old, young] = [tableOf(before), tableOf(after)];
  if (old.text === young.text) return "";
  const patch = compared([`a/${path}`, `b/${path}`], old.text, young.text, 3);
  const hunks = patch.hunks.map((hunk) => ({
    ...hunk,
    oldStart: hunk.oldStart + old.line,
    newStart: hunk.newStart + young.line,
  }));
  return formatPatch({ ...patch, hunks }, FILE_HEADERS_ONLY);
}

/** The table of facts in a file's helper block, and how many lines stand before it; empty where there is none. */
function tableOf(text: string): { readonly text: string; readonly line: number } {
  const [span] = spansOf(text);
  const at = span ? text.indexOf(TABLE, span.from) : -1;
  const from = span && at >= 0 && at < span.to ? text.indexOf("\n", at + 1) + 1 : 0;
  const to = from > 0 ? text.slice(from).search(/^ {4}\)\r?$/m) + from : 0;
  return to > from
    ? { text: text.slice(from, to), line: text.slice(0, from).split("\n").length - 1 }
    : { text: "", line: 0 };
}

const TABLE = "\n    pools = (";

/**
 * A unified diff of any other text, for a reader.
 *
 * @param name what the text is called in the diff's header
 */
export function unifiedTextDiff(name: string, before: string, after: string): string {
  if (before === after) return "";
  return formatPatch(compared([name, name], before, after, 3), FILE_HEADERS_ONLY);
}

/** A line of a text, and whether another text lacks it. */
export interface SideLine {
  readonly text: string;
  readonly own: boolean;
}

/** All lines of two texts, to be shown beside each other. */
export function sideBySide(before: string, after: string): { readonly before: SideLine[]; readonly after: SideLine[] } {
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

function unfold(patch: Patch): Patch {
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
