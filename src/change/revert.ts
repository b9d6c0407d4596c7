import { basename } from "node:path";
import { difference } from "../patch/diff";
import { poolNames } from "../patch/facts";
import { readFacts } from "../patch/read-facts";
import { encode } from "../patch/source";
import { wholeBase } from "../patch/state";
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
  const { found, basePristine: pristine } = examined;
  const base = wholeBase(examined, installation);
  if (found.state !== "present") throw new RangeError("there are no blocks to take out");
  const notes: string[] = [];
  if (!found.intact) notes.push("The blocks had been edited; they were taken out as they were.");
  if (!pristine)
    notes.push(
      `The file was also changed outside the blocks; these changes ${options.check ? "would stay" : "stay"}, and so does the time of the last change.`,
    );
  let timeRestored = pristine;
  if (!options.check) {
    const { modified } = found.header;
    const times = pristine ? { modified } : { avoid: byteCodeTimes(installation.target, options.files) };
    const name = basename(installation.target.inside);
    const replaced = await replaceFile(folder, name, file, encode(base), times).catch((error) => {
      if (error instanceof ChangedMeanwhile && isThere(target, options, encode(base))) return null;
      throw error;
    });
    if (!replaced) return null;
    notes.push(...replaced.notes);
    if (pristine && replaced.modified !== modified) {
      timeRestored = false;
      notes.push(`The modification time could not be put back: it is ${replaced.modified}, and was ${modified}.`);
    }
  }
  return {
    pools: poolNames(readFacts(found.blocks.helper)),
    restored: pristine,
    timeRestored,
    diff: difference(options.diff, installation.file, examined.source.text, base.text),
    notes,
  };
}
