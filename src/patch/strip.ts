import { sha256 } from "./facts";
import { lineNumber } from "./source";

/** The name of the injected function, and the only name that the patch adds to the module. */
export const FUNCTION_NAME = "_virtinst_rbd_patch";

/** The original file, as the patch's header describes it. */
export interface Original {
  /** SHA-256 of the file without the patch. */
  readonly sha256: string;
  /** Its modification time, in seconds since 1970 with nine decimals: `revert` restores it. */
  readonly modified: string;
}

/** The patch in a file. */
export interface Patch {
  /** The version of this tool that wrote it. */
  readonly tool: string;
  /** Null if the header of a 1.x patch cannot be read. */
  readonly original: Original | null;
  /** The function block, from marker to marker, with LF line ends. */
  readonly block: string;
  /** Whether both blocks are as they were rendered. Always false for a 1.x patch. */
  readonly intact: boolean;
  /** The line of the function block's first marker, from 1. */
  readonly line: number;
  /** Offsets of the two blocks: the first character, and just past the last line. */
  readonly spans: readonly [Span, Span];
}

/** A part of a text, as offsets. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A file, taken apart. */
export type Stripped =
  | { readonly state: "not-patched" }
  /** The patch is not whole, so that it cannot be removed safely. */
  | { readonly state: "damaged"; readonly line: number; readonly reason: string }
  | { readonly state: "patched"; readonly base: string; readonly patch: Patch };

// A line ends at a line feed and nowhere else, as for sed and Python.
const MARKER = /(?<![^\n])[ \t\f]*# (>>>|<<<) virtinst-rbd-patch(?![\w-])[^\n]*\n?/g;
const CALLS =
  /^[ \t]+# >>> virtinst-rbd-patch [ -~]*\n[ \t]+(\w+) = _virtinst_rbd_patch\(\1\)\n[ \t]+(\w+) = _virtinst_rbd_patch\(\2\)\n[ \t]+# <<< virtinst-rbd-patch\n$/;
const DEFINITION = `def ${FUNCTION_NAME}(xml):`;
/** The lines before the definition: the marker and the header, of which there is exactly one. */
const HEADER = [
  /^# >>> virtinst-rbd-patch ([\w.+-]+)$/,
  /^# Local change, not part of virt-manager: /,
  /^# /,
  /^# libvirt pools: /,
  /^# Remove it: /,
  /^# Without it: /,
  /^# original: sha256=([0-9a-f]{64}) mtime=(-?\d{1,20}\.\d{9})$/,
  /^# block: sha256=([0-9a-f]{64})$/,
] as const;
/** The same lines in 1.0.0, and with an explanation in 1.1.0 and 1.2.0. */
const HEADER_1 =
  /^# >>> virtinst-rbd-patch 1\.(?:0\.[^\n]*\n|[^\n]*\n# Not part of virt-manager: [^\n]*\n# [^\n]*\n# For [^\n]*\n# To undo [^\n]*\n# Or, [^\n]*\n)# format: [^\n]*\n(?:# pristine: [^\n]*\n){1,2}# facts: [^\n]*\n# blocks: [^\n]*\ndef /;
// 1.0.0 had both values on one line.
const ORIGINAL_1 = /\n# pristine: sha256=([0-9a-f]{64})(?:\n# pristine:)? mtime=(-?\d{1,20}\.\d{9}) /;

/**
 * Takes a patched file apart, without parsing Python. Anything between the markers that this tool does not write is
 * somebody's own code, which must never be removed.
 *
 * @param text the whole file
 */
export function stripPatch(text: string): Stripped {
  const markers = [...text.matchAll(MARKER)].map(({ index, 0: line, 1: kind }) => ({ index, line, kind }));
  const names = indexesOf(text, FUNCTION_NAME);
  if (markers.length === 0 && names.length === 0) return { state: "not-patched" };
  const damaged = (offset: number, reason: string): Stripped => ({
    state: "damaged",
    line: lineNumber(text, offset),
    reason,
  });
  const [a, b, c, d, extra] = markers;
  if (!a || !b || !c || !d || extra || [a, b, c, d].map(({ kind }) => kind).join(" ") !== ">>> <<< >>> <<<")
    return damaged(markers[0]?.index ?? names[0] ?? 0, "the patch's marker lines are not complete and in order");
  const spans = [
    { from: a.index, to: b.index + b.line.length },
    { from: c.index, to: d.index + d.line.length },
  ] as const;
  const stray = names.find((at) => !spans.some(({ from, to }) => from <= at && at < to));
  if (stray !== undefined) return damaged(stray, `the name ${FUNCTION_NAME} occurs outside the patch`);
  const blocks = spans.map(({ from, to }) => text.slice(from, to).replace(/\r\n/g, "\n")) as [string, string];
  // 1.x put the function after the imports, and so before the call.
  const old = blocks[0].startsWith("# >>> virtinst-rbd-patch 1.");
  const [call, block] = old ? [blocks[1], blocks[0]] : blocks;
  const [callSpan, blockSpan] = old ? [spans[1], spans[0]] : spans;
  if (!CALLS.test(call)) return damaged(callSpan.from, "the block in _build_xml is not the four lines of this tool");
  const lines = block.split("\n").slice(0, -1);
  const define = lines.indexOf(DEFINITION);
  const [head, body] = [lines.slice(0, define), lines.slice(define + 1, -1)];
  const foreign =
    define < 0 ||
    !head.every((line) => line.startsWith("#")) ||
    !body.every((line) => line === "" || line.startsWith(" ")) ||
    !/^ +return xml$/.test(body.at(-1) ?? "") ||
    /^(?:[ \t]*\r?\n)*[ \t]+[^ \t\r\n]/.test(text.slice(blockSpan.to));
  if (foreign) return damaged(blockSpan.from, "the function block contains something else, or is not complete");
  const header = old ? oldHeader(block) : readHeader(head);
  const [, writer = "unknown"] = /^# >>> virtinst-rbd-patch ([\w.+-]+)\n/.exec(block) ?? [];
  if (!header) return damaged(blockSpan.from, `the header of the function block is not known (version ${writer})`);
  const base = text.slice(0, spans[0].from) + text.slice(spans[0].to, spans[1].from) + text.slice(spans[1].to);
  const { digest, ...read } = header;
  // What this tool writes is ASCII, so that the digest does not depend on the file's encoding.
  const intact = /^[\t\n -~]*$/.test(call + block) && digest === blockDigest(call, block);
  return { state: "patched", base, patch: { ...read, block, intact, line: lineNumber(text, blockSpan.from), spans } };
}

/**
 * The digest of both blocks. For a file with LF line ends it is what `sed -n '/^ *# >>> virtinst-rbd-patch/,/^ *# <<<
 * virtinst-rbd-patch/p' FILE | grep -v '^# block:' | sha256sum` prints.
 *
 * @param call the block in `_build_xml`, with LF line ends
 * @param block the function block; its own digest line does not count
 */
export function blockDigest(call: string, block: string): string {
  return sha256(call + block.replace(/\n# block: [^\n]*/, ""));
}

type Header = Pick<Patch, "tool" | "original"> & { readonly digest: string | null };

function readHeader(head: readonly string[]): Header | null {
  if (head.length !== HEADER.length) return null;
  const [tool, , , , , , original, digest] = HEADER.map((form, at) => form.exec(head[at] as string));
  if (!tool || !original || !digest || !HEADER.every((form, at) => form.test(head[at] as string))) return null;
  const [[, version = ""], [, sha = "", modified = ""]] = [tool, original];
  return { tool: version, original: { sha256: sha, modified }, digest: digest[1] as string };
}

function oldHeader(block: string): Header | null {
  if (!HEADER_1.test(block)) return null;
  const [, tool = ""] = /^# >>> virtinst-rbd-patch ([\w.+-]+)/.exec(block) ?? [];
  const [, sha = "", modified = ""] = ORIGINAL_1.exec(block) ?? [];
  return { tool, original: sha === "" ? null : { sha256: sha, modified }, digest: null };
}

function indexesOf(text: string, part: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) found.push(at);
  return found;
}
