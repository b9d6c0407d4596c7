import { unifiedDiff } from "../patch/diff";
import { poolNames } from "../patch/facts";
import { readFacts } from "../patch/read-facts";
import { encode } from "../patch/source";
import { wholeBase } from "../patch/state";
import { replaceFile } from "../system/replace";
import { byteCodeTimes } from "../virtinst/byte-code";
import { replacementNotes, type Target } from "../virtinst/target";
import type { ChangeOptions } from "./change";

/** What became of the target, or would. */
export interface Reversal {
  /** The libvirt pools that the blocks were made for. */
  readonly pools: readonly string[];
  /** Whether the file is now, to the byte, what the blocks were put into. */
  readonly pristine: boolean;
  readonly diff: string;
  readonly notes: readonly string[];
}

/**
 * Takes the blocks out of a target that has them.
 *
 * @throws Failure where its markers are damaged, or it cannot be replaced; it is then as it was
 */
export function takeOut(target: Target, options: ChangeOptions): Reversal {
  const { installation, examined, file } = target;
  const { found, basePristine: pristine } = examined;
  const base = wholeBase(examined, installation.target.outside);
  if (found.state !== "present") throw new RangeError("there are no blocks to take out");
  const notes = replacementNotes(target, options);
  if (!found.intact) notes.push("The blocks had been edited; they were taken out as they were.");
  if (!pristine)
    notes.push(
      `The file was also changed outside the blocks; these changes ${options.check ? "would stay" : "stay"}, and so does the time of the last change.`,
    );
  if (!options.check)
    replaceFile(
      installation.target.outside,
      file,
      encode(base),
      pristine ? { modified: found.header.modified } : { avoid: byteCodeTimes(installation.target, options.files) },
    );
  return {
    pools: poolNames(readFacts(found.blocks.helper)),
    pristine,
    diff: unifiedDiff(installation.file, examined.source.text, base.text),
    notes,
  };
}
