import { Failure, quoted } from "../failure";
import { VERSION } from "../version";
import type { Named } from "./insertion-point";
import { type CephPool, poolNames, sha256 } from "./pools";
import { readCephPools } from "./read-pools";
import { insertPatch } from "./render-function";
import { decode, encode, type Source } from "./source";
import { type Patch, stripPatch } from "./strip";

/**
 * The state of a file, compared with what it should contain:
 * `current`: exactly what `apply` would write;
 * `outdated`: a complete patch, for another host configuration or by another version;
 * `modified`: the patch was edited, or the file was changed outside the patch;
 * `not-patched`: the file has no patch;
 * `damaged`: the patch is incomplete or contains other code, so that it cannot be removed safely.
 */
export type PatchState = "current" | "outdated" | "modified" | "not-patched" | "damaged";

/** A file, split into patch and base, and compared with what it should contain. */
export interface Examined {
  readonly state: PatchState;
  /** Why, in a sentence without its full stop; for `current` too. */
  readonly reason: string;
  /** Whether the patch was compared with the pools of a host. */
  readonly compared: boolean;
  readonly source: Source;
  /** Null if there is no patch, or the patch is damaged. */
  readonly patch: Patch | null;
  /** The file without the patch; null if the patch is damaged. */
  readonly base: Source | null;
  /** SHA-256 of `base`; empty if `base` is null. */
  readonly baseHash: string;
  /** Whether `base` is the original file; true if there is no patch. */
  readonly isOriginal: boolean;
}

export const NOT_PATCHED = "the file has no patch";
const CURRENT = "the patch is the one for the pools of this host";

/**
 * Compares a file with what it should contain.
 *
 * @param pools the Ceph pools that the patch should be for; empty if there should be no patch, null for no comparison
 */
export function examine(bytes: Buffer, pools: readonly CephPool[] | null, named: Named): Examined {
  const source = decode(bytes);
  const stripped = stripPatch(source.text);
  const compared = pools !== null;
  const nothing = { compared, source, patch: null, base: null, baseHash: "", isOriginal: true };
  if (stripped.state === "not-patched")
    return { ...nothing, state: "not-patched", reason: NOT_PATCHED, base: source, baseHash: sha256(bytes) };
  if (stripped.state === "damaged")
    return { ...nothing, state: "damaged", reason: `line ${stripped.line}: ${stripped.reason}` };
  const { patch } = stripped;
  const base = { ...source, text: stripped.base };
  const baseHash = sha256(encode(base));
  const isOriginal = patch.original.sha256 === baseHash;
  const state = (name: PatchState, reason: string): Examined => ({
    ...{ state: name, reason, compared, source, patch, base, baseHash, isOriginal },
  });
  const { tool, line } = patch;
  const otherVersion = `the patch was written by version ${tool}, this is ${VERSION}`;
  if (tool.startsWith("1.")) return state("outdated", otherVersion);
  if (!patch.intact) return state("modified", `the patch (line ${line}) was edited`);
  if (!isOriginal) return state("modified", "the file was changed outside the patch");
  if (tool !== VERSION) return state("outdated", otherVersion);
  if (pools?.length === 0) return state("outdated", "this host has no rbd pool any more");
  if (pools === null) return state("current", CURRENT);
  const wanted = rendered(base, patch, pools, named);
  if (wanted === source.text) return state("current", CURRENT);
  const moved = wanted?.includes(source.text.slice(patch.spans[1].from, patch.spans[1].to));
  return moved
    ? state("modified", `the patch (line ${line}) was moved`)
    : state("outdated", difference(poolNames(readCephPools(patch.block)), poolNames(pools)));
}

/** Why the patch does not match these pools. */
function difference(patched: readonly string[], wanted: readonly string[]): string {
  const less = patched.filter((name) => !wanted.includes(name));
  const more = wanted.filter((name) => !patched.includes(name));
  if (less.length > 0)
    return `the patch is also for ${quoted(less)}, which this host does not have or --pool does not select`;
  if (more.length > 0) return `the patch is for ${quoted(patched)}, but this host also has ${quoted(more)}`;
  return "the pools or secrets of this host have changed since the patch was rendered";
}

/** What the file should contain; null if the patch cannot be inserted. */
function rendered(base: Source, { original }: Patch, pools: readonly CephPool[], named: Named): string | null {
  try {
    return insertPatch(base, original.modified, pools, named).text;
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** The file without the patch; fails (target) if the patch is damaged. */
export function requireBase(examined: Examined, { path, restoring }: Named): Source {
  if (examined.base) return examined.base;
  throw new Failure("target", `${path}, ${examined.reason}. Nothing was written.`, `${restoring}, then apply again.`);
}
