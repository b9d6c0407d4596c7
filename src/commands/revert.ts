import type { ChangeOptions } from "../change/change";
import type { CommonOptions } from "../context";
import { refuseOtherMachine } from "../elsewhere";
import { about, NO_BLOCKS, type Result } from "../forms/result";
import { isLocalUri } from "../host/here";
import { readHost } from "../host/read";
import { Failure } from "../report/failure";
import { removeLeftovers } from "../system/leftovers";
import { replacementNotes } from "../virtinst/notes";
import { isOwnVirtinst, openTarget, type Target } from "../virtinst/target";

/** Options of `revert`; of the host's facts only whose they are. */
export type RevertOptions = CommonOptions & Pick<ChangeOptions, "check">;

/** What `revert` did, or with `check` would do. */
export type RevertResult = Result<"revert">;

/** What changes a file; a run that changes nothing does not need it. */
const heavy = () => import("../change/revert");

/**
 * Takes the blocks out, and puts the modification time back where the file is what it was.
 *
 * @throws Failure (target) where a marker is damaged, (facts) where another machine was meant: nothing is written then
 */
export async function revert(options: RevertOptions): Promise<RevertResult> {
  if (options.pool !== undefined)
    throw new Failure(
      "usage",
      "--pool does not go with revert: it takes out the blocks, which are for all pools.",
      "Leave it out; to have blocks for some pools only: virtinst-rbd-patch apply --pool NAME.",
    );
  const target = openTarget(options, null);
  await refuseElsewhere(target, options);
  const there = target.examined.found.state !== "absent";
  const left = options.check ? [] : await removeLeftovers(target.folder, there);
  // After that: a killed run's second name counts as a hard link until it is gone.
  const replacement = replacementNotes(target, options);
  // Looked at before the change: what fails after it would leave it unsaid.
  const found = about(target, null, options.files);
  const nothing = { pools: [], restored: null, timeRestored: null, diff: "", notes: [] };
  const takenOut = there ? await (await heavy()).takeOut(target, options) : null;
  const done = takenOut ?? nothing;
  const check = options.check ?? false;
  return {
    command: "revert",
    ...found,
    ...(takenOut === null || !check ? NO_BLOCKS : {}),
    changed: takenOut !== null,
    check,
    status: takenOut ? (check ? "would be reverted" : "reverted") : "absent",
    ...done,
    notes: [...replacement, ...left, ...done.notes],
  };
}

/** Refuses the name of another machine; where none is named, or the files are, no facts are read. */
async function refuseElsewhere(target: Target, options: RevertOptions): Promise<void> {
  const { connect, hostDocument } = options;
  const names = hostDocument !== undefined || (connect !== undefined && !isLocalUri(connect));
  if (names && isOwnVirtinst(options)) refuseOtherMachine({ config: await readHost(options) }, target, options);
}
