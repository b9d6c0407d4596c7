import { poolNames } from "../patch/facts";
import { encode } from "../patch/source";
import { wholeBase } from "../patch/state";
import { byteCodeTimes } from "../virtinst/byte-code";
import { releasesWithHash } from "../virtinst/recipes";
import { type CommonOptions, openTarget, replacementNotes, reportTarget, type TargetReport } from "./context";

/** Options of `revert`; the host's facts are not asked. */
export interface RevertOptions extends CommonOptions {
  /** Whether to leave everything as it is, and only say what would be done; false by default. */
  readonly check?: boolean;
}

/** What `revert` did, or with `check` would do. */
export interface RevertResult extends TargetReport {
  readonly command: "revert";
  readonly changed: boolean;
  readonly check: boolean;
  readonly status: "reverted" | "absent";
  /** The pools that the blocks were made for. */
  readonly pools: readonly string[];
  /** Whether the file is now, to the byte, what the blocks were put into. */
  readonly pristine: boolean;
  /** The releases of virt-manager that ship just this file. */
  readonly shippedIn: readonly string[];
  readonly diff: string;
  readonly notes: readonly string[];
}

/**
 * Takes the blocks out, and puts the modification time back where the file is what it was.
 *
 * @throws Failure (target) where a marker is damaged: nothing is written then
 */
export async function revert(options: RevertOptions): Promise<RevertResult> {
  const target = openTarget(options, null);
  const { installation, examined, file } = target;
  const { found } = examined;
  const base = wholeBase(examined, installation.path);
  const shippedIn = releasesWithHash(examined.baseHash);
  const common = { command: "revert", check: options.check ?? false, ...reportTarget(target), shippedIn } as const;
  if (found.state !== "present")
    return {
      ...common,
      changed: false,
      status: "absent",
      pools: [],
      pristine: true,
      diff: "",
      notes: [],
    };
  const { readFacts } = await import("../patch/read-facts");
  const { unifiedDiff } = await import("../patch/diff");
  const notes = replacementNotes(target, options);
  if (!found.intact) notes.push("The blocks had been edited; they were taken out as they were.");
  if (!examined.basePristine)
    notes.push(
      `The file was also changed outside the blocks; these changes ${options.check ? "would stay" : "stay"}, and so does the time of the last change.`,
    );
  const { replaceFile } = await import("../system/replace");
  if (!options.check)
    replaceFile(
      installation.path,
      file,
      encode(base),
      examined.basePristine ? { modified: found.header.modified } : { avoid: byteCodeTimes(installation.path) },
    );
  return {
    ...common,
    changed: true,
    status: "reverted",
    pools: poolNames(readFacts(found.blocks.helper)),
    pristine: examined.basePristine,
    diff: unifiedDiff(installation.file, examined.source.text, base.text),
    notes,
  };
}
