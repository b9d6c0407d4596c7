import type { ChangeOptions } from "../change/change";
import type { Reversal } from "../change/revert";
import { about, NO_BLOCKS, type Result } from "../forms/result";
import { removeLeftovers } from "../system/leftovers";
import { replacementNotes } from "../virtinst/notes";
import { openTarget } from "../virtinst/target";

/** Options of `revert`; the host's facts are not asked. */
export type RevertOptions = Omit<ChangeOptions, "replaceHandEdit">;

/** What `revert` did, or with `check` would do. */
export type RevertResult = Result<"revert">;

/** What changes a file; a run that changes nothing does not need it. */
const heavy = () => import("../change/revert");

/**
 * Takes the blocks out, and puts the modification time back where the file is what it was.
 *
 * @throws Failure (target) where a marker is damaged: nothing is written then
 */
export async function revert(options: RevertOptions): Promise<RevertResult> {
  const target = openTarget(options, null);
  const replacement = replacementNotes(target, options);
  const there = target.examined.found.state !== "absent";
  const left = options.check ? [] : await removeLeftovers(target.folder, there);
  const nothing: Reversal = { pools: [], restored: true, timeRestored: true, diff: "", notes: [] };
  const takenOut = there ? await (await heavy()).takeOut(target, options) : null;
  const done = takenOut ?? nothing;
  const check = options.check ?? false;
  return {
    command: "revert",
    ...about(target, null, options.files),
    ...(takenOut === null || !check ? NO_BLOCKS : {}),
    changed: takenOut !== null,
    check,
    status: takenOut ? (check ? "would be reverted" : "reverted") : "absent",
    ...done,
    notes: [...replacement, ...left, ...done.notes],
  };
}
