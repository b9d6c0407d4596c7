import type { Result } from "../output/schema";
import { unifiedDiff } from "../patch/diff";
import { NOT_PATCHED, requireBase } from "../patch/examine";
import { poolNames } from "../patch/pools";
import { readCephPools } from "../patch/read-pools";
import { encode } from "../patch/source";
import { replaceFile } from "../system/replace";
import { openTarget, replacementNotes, type Target, type TargetOptions } from "../virtinst/target-file";
import { about } from "./about";

/** Options of `revert`. */
export interface RevertOptions extends TargetOptions {
  /** Whether to only report what would change. */
  readonly check: boolean;
}

/**
 * Removes the patch, and restores the modification time if the file is the original file again.
 *
 * @throws Failure (target) if the patch is damaged, or there is no virtinst; (io) if the file cannot be replaced
 */
export async function revert(options: RevertOptions): Promise<Result<"revert">> {
  const target = openTarget(options, null);
  const { check, files } = options;
  const found = { command: "revert", ...about(target, null, files) } as const;
  const notes = replacementNotes(target, options);
  const { state } = target.examined;
  if (state === "not-patched") {
    const nothing = { changed: false, check, pools: [], restored: null, timeRestored: null, diff: "" };
    return { ...found, ...nothing, status: state, notes };
  }
  const removed = await removePatch(target, options);
  const status = check ? "would be reverted" : "reverted";
  return { ...found, ...removed, status, notes: [...notes, ...removed.notes] };
}

/**
 * Removes the patch from a file; with `check`, changes nothing. Returns the fields of a result about the change.
 *
 * @throws Failure (target) if the patch is damaged, (io) if the file cannot be replaced
 */
export async function removePatch({ installation, examined, file }: Target, { check }: RevertOptions) {
  const base = requireBase(examined, installation);
  const { patch, isOriginal, state, source } = examined;
  if (!patch) throw new RangeError("there is no patch to remove");
  const notes: string[] = [];
  if (!patch.intact && state === "modified") notes.push("The patch was edited: the edits are removed with it.");
  if (!isOriginal)
    notes.push("The file was also changed outside the patch. These changes, and the modification time, are kept.");
  const wanted = isOriginal ? patch.original.modified : undefined;
  const modified = check ? wanted : await replaceFile(file, encode(base), wanted);
  const restored = wanted !== undefined;
  if (restored && modified !== wanted)
    notes.push(`The modification time could not be restored: it is ${modified}, not ${wanted}.`);
  return {
    ...(check ? {} : ({ state: "not-patched", stateReason: NOT_PATCHED } as const)),
    ...{ changed: true, check, restored, timeRestored: restored && modified === wanted, notes },
    pools: poolNames(readCephPools(patch.block)),
    diff: unifiedDiff(installation.file, source.text, base.text),
  };
}
