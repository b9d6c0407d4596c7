import type { ChangeOptions } from "../change/change";
import { takeOut } from "../change/revert";
import type { Result } from "../output/schema";
import { openTarget, replacementNotes, type TargetOptions } from "../virtinst/target";
import { about, NOT_PATCHED } from "./about";

/** Options of `revert`. */
export type RevertOptions = TargetOptions & Pick<ChangeOptions, "check">;

/** What `revert` did, or with `check` would do. */
export type RevertResult = Result<"revert">;

/**
 * Takes the blocks out, and puts the modification time back where the file is what it was.
 *
 * @throws Failure (target) where a marker is damaged: nothing is written then
 */
export async function revert(options: RevertOptions): Promise<RevertResult> {
  const target = openTarget(options, null);
  const there = target.examined.state !== "not-patched";
  const replacement = replacementNotes(target, options);
  // Looked at before the change: what fails after it would leave it unsaid.
  const found = about(target, null, options.files);
  const nothing = { pools: [], restored: null, timeRestored: null, diff: "", notes: [] };
  const takenOut = there ? await takeOut(target, options) : null;
  const done = takenOut ?? nothing;
  const check = options.check ?? false;
  return {
    command: "revert",
    ...found,
    ...(takenOut === null || !check ? NOT_PATCHED : {}),
    changed: takenOut !== null,
    check,
    status: takenOut ? (check ? "would be reverted" : "reverted") : "not-patched",
    ...done,
    notes: [...replacement, ...done.notes],
  };
}
