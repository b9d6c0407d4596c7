import type { ChangeOptions } from "../change/change";
import type { Reversal } from "../change/revert";
import { removeLeftovers } from "../system/leftovers";
import { replacementNotes } from "../virtinst/notes";
import { releasesWithHash } from "../virtinst/recipes";
import { openTarget, reportTarget, type TargetReport } from "../virtinst/target";

/** Options of `revert`; the host's facts are not asked. */
export type RevertOptions = Omit<ChangeOptions, "replaceHandEdit">;

/** What `revert` did, or with `check` would do. */
export interface RevertResult extends TargetReport, Reversal {
  readonly command: "revert";
  readonly changed: boolean;
  readonly check: boolean;
  readonly status: "reverted" | "absent";
  /** The releases of virt-manager that ship just this file. */
  readonly shippedIn: readonly string[];
}

/** What changes a file; a run that changes nothing does not need it. */
const heavy = () => import("../change/revert");

/**
 * Takes the blocks out, and puts the modification time back where the file is what it was.
 *
 * @throws Failure (target) where a marker is damaged: nothing is written then
 */
export async function revert(options: RevertOptions): Promise<RevertResult> {
  const target = openTarget(options, null);
  const { examined } = target;
  const replacement = replacementNotes(target, options);
  const there = examined.found.state !== "absent";
  const left = options.check ? [] : await removeLeftovers(target.folder, there);
  const nothing: Reversal = { pools: [], pristine: true, timeRestored: true, diff: "", notes: [] };
  const takenOut = there ? await (await heavy()).takeOut(target, options) : null;
  const done = takenOut ?? nothing;
  return {
    command: "revert",
    changed: takenOut !== null,
    check: options.check ?? false,
    status: takenOut ? "reverted" : "absent",
    ...reportTarget(target),
    shippedIn: releasesWithHash(examined.baseHash),
    ...done,
    notes: [...replacement, ...left, ...done.notes],
  };
}
