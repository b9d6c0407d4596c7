import { sha256 } from "./pools";
import { lineNumber } from "./source";

/** The name of the injected function, and the only name that the patch adds to the module. */
const FUNCTION_NAME = "_virtinst_rbd_patch";

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
  readonly original: Original;
  /** The function block, from marker to marker, with LF line ends. */
  readonly block: string;
  /** Whether both blocks are as they were rendered. Always false for a 1.x patch. */
  readonly intact: boolean;
  /** The line of the function block's first marker, from 1. */
  readonly line: number;
  /** Offsets of the two blocks: of the first character, and of the end of the last line. */
  readonly spans: readonly [Span, Span];
}

/** A part of a text, as offsets. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A file, split into the patch and the base. */
export type Stripped =
  | { readonly state: "not-patched" }
  /** The patch is incomplete or contains other code, so that it cannot be removed safely. */
  | { readonly state: "damaged"; readonly line: number; readonly reason: string }
  | { readonly state: "patched"; readonly base: string; readonly patch: Patch };

// A line ends only at a line feed, as in sed and Python.
const MARKER = /(?<![^\n])[ \t\f]*# (>>>|<<<) virtinst-rbd-patch(?![\w-])[^\n]*\n?/g;
const CALLS =
  /^[ \t]+# >>> virtinst-rbd-patch [ -~]*\n[ \t]+(\w+) = _virtinst_rbd_patch\(\1\)\n[ \t]+(\w+) = _virtinst_rbd_patch\(\2\)\n[ \t]+# <<< virtinst-rbd-patch\n$/;
/** The function block: comments, the function, a marker. */
const BLOCK =
  /^# >>> virtinst-rbd-patch ([\w.+-]+)[^\n]*\n(?:#[^\n]*\n)*def _virtinst_rbd_patch\(xml\):\n(?:(?: [^\n]*)?\n)* +return xml\n[^\n]*\n?$/;
/** The lines before the definition: the marker, five lines for readers, and two lines for this tool. */
const HEADER =
  /^# >>> [a-z-]+ [^ \n]+\n(?:#[^\n]*\n){5}# original: sha256=([0-9a-f]{64}) mtime=(-?\d{1,20}\.\d{9})\n# block: sha256=([0-9a-f]{64})\ndef /;
/** The same lines of version 1.0.0, and of 1.1.0 and 1.2.0, which also have an explanation. */
const HEADER_1 =
  /^# >>> [a-z-]+ 1\.(?:0\.[^\n]*\n|[^\n]*\n# Not part of virt-manager: [^\n]*\n# [^\n]*\n# For [^\n]*\n# To undo [^\n]*\n# Or, [^\n]*\n)# format: [^\n]*\n# pristine: sha256=([0-9a-f]{64})(?:\n# pristine:)? mtime=(-?\d{1,20}\.\d{9}) [^\n]*\n# facts: [^\n]*\n# blocks: [^\n]*\ndef /;

/**
 * Splits a file into the patch and the base, without parsing Python. If there is other code between the markers, the
 * patch is damaged: code that this tool did not write must never be removed.
 */
export function stripPatch(text: string): Stripped {
  const markers = [...text.matchAll(MARKER)].map(({ index, 0: line, 1: kind }) => ({ index, line, kind }));
  const names = [...text.matchAll(new RegExp(FUNCTION_NAME, "g"))].map(({ index }) => index);
  if (markers.length === 0 && names.length === 0) return { state: "not-patched" };
  const damaged = (offset: number, reason: string): Stripped => ({
    state: "damaged",
    line: lineNumber(text, offset),
    reason,
  });
  if (markers.map(({ kind }) => kind).join(" ") !== ">>> <<< >>> <<<")
    return damaged(markers[0]?.index ?? names[0] ?? 0, "the patch's marker lines are not complete and in order");
  type Marker = (typeof markers)[number];
  const [a, b, c, d] = markers as [Marker, Marker, Marker, Marker];
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
  const tool = BLOCK.exec(block)?.[1];
  // Indented code after the block would belong to its function.
  const after = text.slice(blockSpan.to);
  const indent = after.charAt(after.search(/[^ \t\r\n]/) - 1);
  if (tool === undefined || /[ \t]/.test(indent))
    return damaged(blockSpan.from, "the function block is incomplete or contains other code");
  const header = (old ? HEADER_1 : HEADER).exec(block);
  if (!header) return damaged(blockSpan.from, `the header of the function block is not known (version ${tool})`);
  const [, digest, modified, own] = header as unknown as [string, string, string, string | undefined];
  const base = text.slice(0, spans[0].from) + text.slice(spans[0].to, spans[1].from) + text.slice(spans[1].to);
  const original = { sha256: digest, modified };
  // This tool writes ASCII only, so that the digest does not depend on the encoding of the file.
  const intact = /^[\t\n -~]*$/.test(call + block) && own === blockDigest(call, block);
  const line = lineNumber(text, blockSpan.from);
  return { state: "patched", base, patch: { tool, original, block, intact, line, spans } };
}

/**
 * The digest of both blocks. For a file with LF line ends, `sed -n '/^ *# >>> virtinst-rbd-patch/,/^ *# <<<
 * virtinst-rbd-patch/p' FILE | grep -v '^# block:' | sha256sum` prints the same digest.
 *
 * @param call the block in `_build_xml`, with LF line ends
 * @param block the function block, with LF line ends; its `# block:` line is ignored
 */
export function blockDigest(call: string, block: string): string {
  return sha256(call + block.replace(/\n# block: [^\n]*/, ""));
}
