import { basename } from "node:path";
import { unifiedDiff } from "../patch/diff";
import { requireBase } from "../patch/examine";
import { poolNames } from "../patch/facts";
import { readFacts } from "../patch/read-facts";
import { encode } from "../patch/source";
import { ChangedMeanwhile, replaceFile } from "../system/replace";
import { byteCodeTimes } from "../virtinst/byte-code";
import { isThere, type Target } from "../virtinst/target";
import type { ChangeOptions } from "./change";

/** What became of the target, or would. */
export interface Reversal {
  /** The libvirt pools that the blocks were made for. */
  readonly pools: readonly string[];
  /** Whether the file is now, to the byte, what the blocks were put into. */
  readonly restored: boolean;
  /** Whether its modification time is that of then, too. */
  readonly timeRestored: boolean;
  readonly diff: string;
  readonly notes: readonly string[];
}

/**
 * Takes the blocks out of a target that has them.
 *
 * @returns null where another run took them out meanwhile
 * @throws Failure where its markers are damaged, or it cannot be replaced; it is then as it was
 */
export async function takeOut(target: Target, options: ChangeOptions): Promise<Reversal | null> {
  const { installation, folder, examined, file } = target;
  const { patch, isOriginal } = examined;
  const base = requireBase(examined, installation);
  if (!patch) throw new RangeError("there is no patch to remove");
  const notes: string[] = [];
  if (!patch.intact && examined.state === "modified") notes.push("The patch had been edited; it is removed as it is.");
  if (!isOriginal)
    notes.push(`The file was also changed outside the patch. These changes, and the modification time, are kept.`);
  const { original } = patch;
  const restored = isOriginal && original !== null;
  let timeRestored = restored;
  if (!options.check) {
    const times = restored
      ? { modified: original.modified }
      : { avoid: byteCodeTimes(installation.target, options.files) };
    const name = basename(installation.target.inside);
    const replaced = await replaceFile(folder, name, file, encode(base), times).catch((error) => {
      if (error instanceof ChangedMeanwhile && isThere(target, options, encode(base))) return null;
      throw error;
    });
    if (!replaced) return null;
    notes.push(...replaced.notes);
    if (restored && replaced.modified !== original.modified) {
      timeRestored = false;
      notes.push(
        `The modification time could not be restored: it is ${replaced.modified}, and was ${original.modified}.`,
      );
    }
  }
  return {
    pools: poolNames(readFacts(patch.block)),
    restored,
    timeRestored,
    diff: unifiedDiff(installation.file, examined.source.text, base.text),
    notes,
  };
}
