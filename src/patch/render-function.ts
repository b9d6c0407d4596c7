import template from "../../templates/function.py.hbs";
import { VERSION } from "../version";
import { pythonNative, pythonText, xmlText } from "./encode";
import { findInsertionPoint, type InsertionPoint, type Named, splitLines } from "./insertion-point";
import { type CephPool, poolNames, sha256 } from "./pools";
import { encode, type Source } from "./source";
import { blockDigest, type Original } from "./strip";

/**
 * Inserts the patch: the call before the first log line of `_build_xml`, and the function at the end of the file.
 *
 * @param base the file without the patch
 * @param modified its modification time, in seconds since 1970 with nine decimals
 * @param pools the Ceph pools, as `mergePools` returns them
 * @returns the patched file; `stripPatch` restores the base from it, byte for byte
 * @throws Failure (target) if the insertion point is not certain
 */
export function insertPatch(base: Source, modified: string, pools: readonly CephPool[], named: Named): Source {
  const { lines, eol } = splitLines(base.text, named);
  const point = findInsertionPoint(lines, named);
  const call = callLines(point);
  const block = renderFunction(pools, { sha256: sha256(encode(base)), modified }, `${call.join("\n")}\n`);
  const patched = [...lines.slice(0, point.line), ...call, ...lines.slice(point.line)];
  return { ...base, text: [...patched, ...block.split("\n")].join(eol) };
}

/** The block that calls the function. */
function callLines({ indent, variables }: InsertionPoint): string[] {
  return [
    `${indent}# >>> virtinst-rbd-patch (see the end of this file)`,
    ...variables.map((name) => `${indent}${name} = _virtinst_rbd_patch(${name})`),
    `${indent}# <<< virtinst-rbd-patch`,
  ];
}

/**
 * Renders the function block.
 *
 * @param pools the Ceph pools, as `mergePools` returns them
 * @param original the file without the patch, for the header
 * @param call the block in `_build_xml`, for the digest; with LF line ends
 * @returns printable ASCII with LF line ends, the same for the same arguments
 */
export function renderFunction(pools: readonly CephPool[], original: Original, call: string): string {
  // Handlebars is strict: every field must exist.
  const shown = pools.map(({ auth, ...pool }) => ({ ...pool, auth: auth && { usage: null, ...auth } }));
  const block = template({ tool: VERSION, original, libvirtPools: poolNames(pools), pools: shown }, { helpers });
  return block.replace(/^# block: sha256=$/m, `$&${blockDigest(call, block)}`);
}

/** The helpers that write a value into Python. HTML escaping is off, and the template may use no other helper. */
const helpers = {
  /** A value of this tool's own (a version, a digest, a time): letters, digits and signs only. */
  plain(value: unknown): string {
    if (!/^[\w.+-]+$/.test(String(value))) throw new RangeError(`not plain: ${JSON.stringify(value)}`);
    return String(value);
  },
  text: (value: unknown) => pythonText(String(value)),
  texts: (values: readonly string[]) => values.map(pythonText).join(", "),
  /** For a comment: a text literal without its `u`. */
  quoted: (values: readonly string[]) => values.map((value) => pythonText(value).slice(1)).join(", "),
  literal: (value: string) => pythonNative(value),
  xml: (value: unknown) => xmlText(String(value)),
  concat: (...parts: unknown[]) => parts.slice(0, -1).join(""),
};
