import { BLOCK_FORMAT } from "../version";
import { sha256 } from "./facts";
import { lineNumber, withLineEnds } from "./source";

/** The two blocks as text, with LF line ends. */
export interface Blocks {
  /** The helper function, from marker to marker. */
  readonly helper: string;
  /** The lines in `_build_xml`, from marker to marker, indented. */
  readonly call: string;
}

/** What the helper block's first lines say. */
export interface Header {
  /** Version of the tool that rendered it. */
  readonly tool: string;
  /** SHA-256 of the file that it went into. */
  readonly pristine: string;
  /** Modification time of that file, in seconds since 1970 with nine decimals. */
  readonly modified: string;
  /** The lines of that file, from 1, before which the helper and the calls went. */
  readonly lines: readonly [number, number];
  /** Digest of the facts that it was rendered from. */
  readonly facts: string;
  /** Digest of both blocks, as they were rendered. */
  readonly blocks: string;
}

/** What a file says of our blocks. */
export type Found =
  | { readonly state: "absent" }
  /** Markers that do not pair up, or a header that cannot be read: nothing can be taken out safely. */
  | { readonly state: "damaged"; readonly reason: string; readonly line: number }
  | {
      readonly state: "present";
      readonly header: Header;
      readonly blocks: Blocks;
      /** Offsets of the helper block and of the call block: first character, and just past the last line. */
      readonly spans: readonly [Span, Span];
      /** Whether the blocks are still as they were rendered. */
      readonly intact: boolean;
      /** Line of the helper block's first marker. */
      readonly line: number;
      /** Whether the blocks still stand before the same lines of the file around them. */
      readonly inPlace: boolean;
    };

/** A part of a text. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The name that the helper adds to the module, and the only one. */
export const HELPER_NAME = "_virtinst_rbd_patch";

// A line ends at a line feed and nowhere else, as for sed and Python.
const MARKER = /(?<![^\n])[ \t\f]*# (>>>|<<<) virtinst-rbd-patch[^\n]*/g;
const FIRST_LINE = /^# >>> virtinst-rbd-patch ([^ \n]+)(?: [^\n]*)?\n/;
// Format 1 (1.0.0) has no words for the reader before it, and one line for what was pristine.
const HEADER =
  /^# pristine: sha256=([0-9a-f]{64})(?:\n# pristine:)? mtime=(-?\d{1,20}\.\d{9}) lines=(\d+),(\d+)\n# facts: sha256=([0-9a-f]{64})\n# blocks: sha256=([0-9a-f]{64})\n/;
// Where a marker is lost, a block reaches to the next one: what lies between must not go with it.
const FOREIGN_IN_HELPER = /^(?!#|def _virtinst_rbd_patch\()\S.{0,40}/m;
const FOREIGN_IN_CALL = /^(?!#)\S.{0,40}|^[ \t\f]+(?:def|class)\b.{0,40}/m;
const DIGEST_LINE = /^# blocks: sha256=.*$/m;

/** The same grammar for Python's `re`: the first lines of the helper block up to its format are one expression. */
export const GRAMMAR = {
  marker: MARKER.source,
  foreign: [`(?m)${FOREIGN_IN_HELPER.source}`, `(?m)${FOREIGN_IN_CALL.source}`],
  stated: [
    "# >>> virtinst-rbd-patch(?: ([^ \\n]+))?[^\\n]*\\n(?:# [^\\n]*\\n)*?# format: (\\d{1,9})\\n",
    HEADER.source,
  ],
  digestLine: `(?m)${DIGEST_LINE.source}`,
} as const;

/**
 * Looks for our blocks in a Python file, without parsing it.
 *
 * @param text the whole file
 */
export function findBlocks(text: string): Found {
  if (!text.includes("virtinst-rbd-patch") && !text.includes(HELPER_NAME)) return { state: "absent" };
  const damaged = (reason: string, offset: number): Found => ({
    state: "damaged",
    reason,
    line: lineNumber(text, offset),
  });
  const spans: Span[] = [];
  let open: number | null = null;
  for (const { index, 0: line, 1: arrow } of text.matchAll(MARKER)) {
    if (arrow === ">>>") {
      if (open !== null) return damaged("a block begins before the one above it ends", index);
      open = index;
    } else {
      if (open === null) return damaged("a block ends that has no beginning", index);
      const end = text.indexOf("\n", index + line.length);
      spans.push({ from: open, to: end < 0 ? text.length : end + 1 });
      open = null;
    }
  }
  if (open !== null) return damaged("a block begins and has no end", open);
  const [first, second, third] = spans;
  if (third) return damaged("there are more than two blocks", third.from);
  const stray = strayName(text, spans);
  if (stray !== null) return damaged(`the name ${HELPER_NAME} stands outside the blocks`, stray);
  if (!first) return { state: "absent" };
  if (!second) return damaged("there is one block where there should be two", first.from);
  const blocks = {
    helper: withoutCarriageReturns(text.slice(first.from, first.to)),
    call: withoutCarriageReturns(text.slice(second.from, second.to)),
  };
  const foreign = [FOREIGN_IN_HELPER.exec(blocks.helper), FOREIGN_IN_CALL.exec(blocks.call)].find(Boolean);
  if (foreign) return damaged(`between the markers stands what is not of this tool (${foreign[0].trim()})`, first.from);
  const { tool, format, end } = readFormat(blocks.helper);
  if (format > BLOCK_FORMAT)
    return damaged(
      `the blocks were written by virtinst-rbd-patch ${tool}, in a layout that this version does not know`,
      first.from,
    );
  const match = HEADER.exec(blocks.helper.slice(end));
  if (!match) return damaged("the first lines of the helper block cannot be read", first.from);
  const [, pristine, modified, helperLine, callLine, facts, digest] = match as unknown as string[];
  const lines = [Number(helperLine), Number(callLine)];
  const header = { tool, pristine, modified, lines, facts, blocks: digest } as unknown as Header;
  return {
    state: "present",
    header,
    blocks,
    spans: [first, second],
    // Line by line with the ends that `insert` gave them: a digest does not see those.
    intact:
      blocksDigest(blocks) === digest &&
      withLineEnds(blocks.helper, text, first.from) === text.slice(first.from, first.to) &&
      withLineEnds(blocks.call, text, second.from) === text.slice(second.from, second.to),
    line: lineNumber(text, first.from),
    inPlace: [first, second].every(({ from }, index) => {
      const above = index === 0 ? 0 : lineNumber(text, first.to) - lineNumber(text, first.from);
      return lineNumber(text, from) - above === lines[index];
    }),
  };
}

/** The text without the spans given, which must be in order: what the file was before they went in. */
export function strip(text: string, spans: readonly Span[]): string {
  let out = "";
  let done = 0;
  for (const { from, to } of spans) {
    out += text.slice(done, from);
    done = to;
  }
  return out + text.slice(done);
}

/** The digest of both blocks, whatever digest they state themselves. */
export function blocksDigest({ helper, call }: Blocks): string {
  return sha256(helper.replace(DIGEST_LINE, "") + call);
}

/** The blocks with their digest filled in. */
export function withDigest({ helper, call }: Blocks, digest: string): Blocks {
  return { helper: helper.replace(DIGEST_LINE, `# blocks: sha256=${digest}`), call };
}

/** Where the lines with a marker begin, and their numbers from 1, whether or not they fit together. */
export function markers(text: string): { readonly at: number; readonly line: number }[] {
  const found: { at: number; line: number }[] = [];
  for (const { index: at } of text.matchAll(MARKER)) {
    const last = found.at(-1) ?? { at: 0, line: 1 };
    found.push({ at, line: last.line + lineNumber(text.slice(last.at, at), Number.POSITIVE_INFINITY) - 1 });
  }
  return found;
}

/**
 * What wrote a helper block, and where the words for the reader end that its header begins with.
 *
 * @param helper it ends with a line's end
 */
export function readFormat(helper: string): { tool: string; format: number; end: number } {
  const [first = "", tool = ""] = FIRST_LINE.exec(helper) ?? [];
  for (let at = first.length; helper.startsWith("# ", at); at = helper.indexOf("\n", at) + 1) {
    // A later format may change all that follows this line.
    const [line = "", format] = /^# format: (\d{1,9})\n/.exec(helper.slice(at, at + 30)) ?? [];
    if (format) return { tool, format: Number(format), end: at + line.length };
  }
  return { tool, format: 0, end: helper.length };
}

function strayName(text: string, spans: readonly Span[]): number | null {
  for (let at = text.indexOf(HELPER_NAME); at >= 0; at = text.indexOf(HELPER_NAME, at + 1)) {
    if (!spans.some(({ from, to }) => from <= at && at < to)) return at;
  }
  return null;
}

function withoutCarriageReturns(text: string): string {
  return text.replace(/\r\n/g, "\n");
}
