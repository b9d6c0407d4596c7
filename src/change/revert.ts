import { unifiedDiff } from "../patch/diff";
import { requireBase } from "../patch/examine";
import { poolNames } from "../patch/facts";
import { readFacts } from "../patch/read-facts";
import { encode } from "../patch/source";
import { replaceFile } from "../system/replace";
import type { Target } from "../virtinst/target";
import type { ChangeOptions } from "./change";

/** What removing the patch did, or would do. */
export interface Reversal {
  /** The libvirt pools that the patch was for. */
  readonly pools: readonly string[];
  /** Whether the file is the original file again, byte for byte. */
  readonly restored: boolean;
  /** Whether its modification time was restored too. */
  readonly timeRestored: boolean;
  readonly diff: string;
  readonly notes: readonly string[];
}

/**
 * Removes the patch from a target.
 *
 * @throws Failure if the patch is damaged, or the file cannot be replaced
 */
export async function takeOut(
  { installation, examined, file }: Target,
  options: Pick<ChangeOptions, "check">,
): Promise<Reversal> {
  const { patch, isOriginal } = examined;
  const base = requireBase(examined, installation);
  if (!patch) throw new RangeError("there is no patch to remove");
  const notes: string[] = [];
  if (!patch.intact && examined.state === "modified") notes.push("The patch had been edited; it is removed as it is.");
  if (!isOriginal)
    notes.push("The file was also changed outside the patch. These changes, and the modification time, are kept.");
  const wanted = isOriginal ? patch.original?.modified : undefined;
  const modified = options.check ? wanted : await replaceFile(file, encode(base), wanted);
  const restored = wanted !== undefined;
  if (restored && modified !== wanted)
    notes.push(`The modification time could not be restored: it is ${modified}, and was ${wanted}.`);
  return {
    pools: poolNames(readFacts(patch.block)),
    restored,
    timeRestored: restored && modified === wanted,
    diff: unifiedDiff(installation.file, examined.source.text, base.text),
    notes,
  };
}
