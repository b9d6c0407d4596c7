import { type Examined, named, requireBase } from "../patch/examine";
import type { CephPool } from "../patch/facts";
import { insertPatch } from "../patch/insert";
import { encode, type Source } from "../patch/source";
import type { Installation } from "./find";

/** A file as it should be. */
export interface Plan {
  /** The file without the patch. */
  readonly before: Source;
  /** The file with it. */
  readonly after: Source;
}

/**
 * Works out what the target should contain. Writes nothing.
 *
 * @param installation where virtinst is
 * @param examined the file as it is
 * @param modified its modification time, in seconds since 1970 with nine decimals
 * @param pools the Ceph pools
 * @throws Failure (target) if the patch in it is damaged, or the insertion point is not certain
 */
export function planPatch(
  installation: Installation,
  examined: Examined,
  modified: string,
  pools: readonly CephPool[],
): Plan {
  const before = requireBase(examined, installation);
  // The time to restore one day is that before the first apply, as long as the rest of the file is the same.
  const original = examined.isOriginal ? examined.patch?.original : null;
  return { before, after: insertPatch(before, original?.modified ?? modified, pools, named(installation)) };
}

/** Whether two sources are the same bytes. */
export function sameBytes(a: Source, b: Source): boolean {
  return encode(a).equals(encode(b));
}
