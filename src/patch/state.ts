import { Failure } from "../failure";
import { VERSION } from "../version";
import { type Found, findBlocks, strip } from "./blocks";
import { type CephPool, factsDigest, sha256 } from "./facts";
import { decode, encode, type Source } from "./source";

/**
 * What a file is, beside what it should be:
 * `absent`: it has no blocks; `current`: just what `apply` would write; `stale`: blocks of other facts or another
 * version; `edited`: somebody changed the blocks, or the rest of the file since; `damaged`: markers that do not fit.
 */
export type PatchState = "absent" | "current" | "stale" | "edited" | "damaged";

/** A file, taken apart. */
export interface Examined {
  readonly state: PatchState;
  /** Why, in a sentence; for `current` too. */
  readonly reason: string;
  /** Whether it was compared with facts. */
  readonly compared: boolean;
  readonly found: Found;
  readonly source: Source;
  /** The file without our blocks; null where it is damaged. */
  readonly base: Source | null;
  /** SHA-256 of that; empty where there is none. */
  readonly baseHash: string;
  /** Whether that is the very file that the blocks went into; true where there are no blocks. */
  readonly basePristine: boolean;
}

/** Why, where that is always the same. */
export const REASONS = {
  absent: "the file has no blocks of this tool",
  current: "the blocks are just what this host needs",
} as const;

/**
 * Compares a file with the facts, by digests: nothing is parsed and nothing rendered.
 *
 * @param bytes the file
 * @param facts what its blocks should be rendered from: none where there should be no blocks; null where only these matter
 */
export function examine(bytes: Buffer, facts: readonly CephPool[] | null): Examined {
  const source = decode(bytes);
  const found = findBlocks(source.text);
  const as = (
    state: PatchState,
    reason: string,
    base: Source | null,
    baseHash: string,
    basePristine = true,
  ): Examined => ({
    state,
    reason,
    compared: facts !== null,
    found,
    source,
    base,
    baseHash,
    basePristine,
  });
  if (found.state === "damaged") return as("damaged", `line ${found.line}: ${found.reason}`, null, "");
  if (found.state === "absent") return as("absent", REASONS.absent, source, sha256(bytes));
  const { header, intact, inPlace, spans, line } = found;
  const base = { ...source, text: strip(source.text, spans) };
  const baseHash = sha256(encode(base));
  const basePristine = baseHash === header.pristine;
  const state = (name: PatchState, reason: string) => as(name, reason, base, baseHash, basePristine);
  if (!intact) return state("edited", `the blocks (from line ${line}) are no longer as they were rendered`);
  if (facts?.length === 0) return state("stale", "this host has no rbd pool any more");
  if (header.tool !== VERSION)
    return state("stale", `the blocks were rendered by version ${header.tool}, this is ${VERSION}`);
  if (facts && header.facts !== factsDigest(facts))
    return state("stale", "the host's pools or secrets have changed since the blocks were rendered");
  if (basePristine && !inPlace)
    return state("edited", `the blocks (from line ${line}) are no longer where they were put`);
  if (!basePristine) return state("edited", "the file was changed outside the blocks since they were put in");
  return state("current", REASONS.current);
}

/** A file that has a package to get it from again. */
export interface Restorable {
  readonly target: { readonly outside: string };
  /** How to get it from there, as a sentence without its full stop. */
  readonly restoring: string;
}

/**
 * The file without our blocks.
 *
 * @throws Failure (target) where the markers are damaged
 */
export function wholeBase(examined: Examined, { target, restoring }: Restorable): Source {
  if (examined.base) return examined.base;
  throw new Failure(
    "target",
    `${target.outside}, ${examined.reason}. Nothing was written.`,
    `${restoring}, then apply again.`,
  );
}
