import { type CephPool, sha256 } from "./facts";
import { findInsertionPoint, type InsertionPoint, type Named, splitLines } from "./insertion-point";
import { renderFunction } from "./render";
import { encode, type Source } from "./source";

/**
 * Inserts the patch: the call before the first log line of `_build_xml`, the function at the end of the file.
 *
 * @param base the file without the patch
 * @param modified its modification time, in seconds since 1970 with nine decimals
 * @param pools the Ceph pools, as `mergePools` returns them
 * @returns the patched file; `stripPatch` gives back the base, byte for byte
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
