import { Failure } from "../failure";
import type { Result } from "../output/schema";
import { manualEditFailure } from "../patch/manual-edit";
import { poolNames } from "../patch/pools";
import { type CommonOptions, type Context, openContext } from "../target";
import { editOf, planPatch, type Target, targetNotes } from "../virtinst/target-file";
import { type About, about } from "./about";
import { changeFile, UNCHANGED } from "./change-file";
import { removePatch } from "./revert";

/** Options of `apply`. */
export interface ApplyOptions extends CommonOptions {
  /** Whether to only report what would change. */
  readonly check: boolean;
  /** Whether to patch an unaffected host or a file with a manual edit, or to apply a patch file for other pools. */
  readonly force: boolean;
}

/**
 * Patches the installed virtinst for the pools of the host; a second run changes nothing. If the host has no rbd pool,
 * an existing patch is removed.
 *
 * @throws Failure if the host or virtinst cannot be read or used, the patched file does not work, or the file cannot be
 *   replaced; the file is then unchanged
 */
export async function apply(options: ApplyOptions): Promise<Result<"apply">> {
  const context = await openContext(options);
  const { installation, examined, file, poolTable } = context;
  const found = { command: "apply", ...about(context, context, options.files) } as const;
  const { action, notes: why } = decide(context, found, options.force);
  const notes = [...poolTable.notes, ...why, ...targetNotes(context, options)];
  if (action === "leave") {
    const pools = poolNames(poolTable.cephPools);
    return { ...found, ...UNCHANGED, check: options.check, status: "not needed", pools, notes };
  }
  if (action === "remove") {
    const removed = await removePatch(context, options);
    const status = options.check ? "would be removed" : "removed";
    return { ...found, ...removed, status, compiled: null, notes: [...notes, ...removed.notes] };
  }
  const plan = planPatch(installation, examined, file.modified, poolTable.cephPools);
  const changed = await changeFile(context, options, plan, poolTable.cephPools, poolTable.cephPools);
  return { ...found, ...changed, notes: [...notes, ...changed.notes] };
}

/** Decides what to do with the file, and what to report; fails (target) if it must not be patched. */
function decide(context: Context, { affected, affectedReason }: About, force: boolean) {
  const { installation, examined, chosen } = context;
  const isPatched = examined.state !== "not-patched";
  const leave = (note: string) => ({ action: "leave", notes: [note] }) as const;
  if (chosen.length === 0) {
    if (isPatched) return { action: "remove", notes: ["This host has no rbd pool any more: apply removes the patch."] };
    return leave(`This host has no rbd pool: there is nothing to patch${force ? ", not even with --force" : ""}.`);
  }
  refuseManualEdit(context, force);
  if (isPatched) return { action: "patch", notes: [] };
  if (affected === "unsupported")
    throw new Failure(
      "target",
      `${installation.path}: ${affectedReason}.`,
      "Upgrade virt-manager; 1.5 and later copy auth by themselves.",
    );
  if (affected === "no" && !force)
    return leave(
      `Not affected: ${affectedReason}. Use --force to patch anyway, for disks that are given to virt-install without a volume.`,
    );
  const unknown = `It is unknown whether this host is affected: ${affectedReason}.`;
  return { action: "patch", notes: affected === "unknown" ? [unknown] : [] };
}

/** Fails (target) for a file with a manual edit in `_build_xml`, unless --force was given. */
export function refuseManualEdit(target: Target, force: boolean): void {
  const edit = force ? null : editOf(target);
  if (edit) throw manualEditFailure(edit, target.installation);
}
