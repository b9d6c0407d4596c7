import type { Context } from "../context";
import { Failure, quoted } from "../failure";
import type { HostConfig } from "../host/config";
import { resolveFacts } from "../host/facts";
import { settleUsers } from "../host/users";
import { acceptPatch } from "../patch/accept";
import { compareFacts } from "../patch/compare";
import { named, requireBase } from "../patch/examine";
import { type CephPool, overlap, poolNames, sameCredentials } from "../patch/facts";
import { manualEditFailure } from "../patch/manual-edit";
import { insertPatch } from "../patch/render";
import { sameBytes } from "../patch/source";
import { readInput } from "../system/read";
import { VERSION } from "../version";
import { copiesAuth } from "../virtinst/affected";
import { editOf, type Plan, planPatch, type Target, targetNotes } from "../virtinst/target";
import { type Change, type ChangeOptions, type Unread, unchanged } from "./change";
import { land } from "./land";

/**
 * Patches the target for the pools of the host.
 *
 * @param notes what to report so far
 * @throws Failure if the target cannot be patched or replaced
 */
export async function applyPools(context: Context, options: ChangeOptions, notes: readonly string[]): Promise<Change> {
  const { installation, examined, file, facts } = context;
  const { cephPools } = facts;
  refuseManualEdit(context, options);
  const plan = planPatch(installation, examined, file.modified, cephPools);
  if (sameBytes(plan.after, examined.source)) return unchanged(cephPools, "current", notes);
  return land(context, options, plan, cephPools, notes);
}

/**
 * Applies exactly the patch in a file.
 *
 * @param patchFile a file that `render` wrote, or `-` for standard input
 * @param host the host configuration, or why it could not be read
 * @throws Failure if it is not such a file, is damaged, or is for another target or host
 */
export async function applyReviewed(
  target: Target,
  options: ChangeOptions,
  patchFile: string,
  host: HostConfig | Unread,
): Promise<Change> {
  const { bytes: patch, where } = readInput(patchFile, "io");
  refuseManualEdit(target, options);
  const { plan, facts, notes } = planReviewed(target, patch, where);
  const copied = copiesAuth(target.installation, options.files);
  const compared = compareWithHost(facts, host, copied, options.force ?? false, where);
  const said = [...notes, ...compared, ...targetNotes(target, options)];
  if (sameBytes(plan.after, target.examined.source)) return unchanged(facts, "current", said);
  return land(target, options, plan, facts, said);
}

/** The result of a patch file, and what to report. */
interface Reviewed {
  readonly plan: Plan;
  readonly facts: readonly CephPool[];
  readonly notes: readonly string[];
}

/**
 * Works out the result of a patch file.
 *
 * @param patch its bytes
 * @param where its path, for messages
 * @throws Failure (target) if it is not a whole patch for this target that this version rendered
 */
export function planReviewed({ installation, examined, file }: Target, patch: Buffer, where: string): Reviewed {
  const refused = (reason: string, hint: string) =>
    new Failure("target", `${where}: ${reason}. Nothing was written.`, hint);
  const base = requireBase(examined, installation);
  // In the encoding of the file, because the context lines are its lines.
  const text = patch.toString(base.encoding);
  const {
    tool,
    original,
    facts,
    text: offered,
  } = acceptPatch(text, installation.file, base.text, examined.baseHash, where);
  const again = "Render the patch again on this host: virtinst-rbd-patch render -o FILE.";
  if (tool !== VERSION) throw refused(`it was made by version ${tool}, and this is ${VERSION}`, again);
  const stated = insertPatch(base, original.modified, facts, named(installation));
  if (!sameBytes(stated, { ...base, text: offered }))
    throw refused("it was edited: it is not the patch that this tool renders for the pools in it", again);
  // The time to restore is that of this file, not of the file that the patch was rendered for.
  const plan = planPatch(installation, examined, file.modified, facts);
  const time =
    "The patch contains the modification time of the file that it was rendered for; the time of this file is used instead.";
  return { plan, facts, notes: sameBytes(plan.after, stated) ? [] : [time] };
}

/**
 * Compares the pools of a patch with those of this host.
 *
 * @param copied whether virtinst writes the user of a pool into its disks
 * @returns what to report
 * @throws Failure (facts) if they differ, unless --force was given
 */
function compareWithHost(
  facts: readonly CephPool[],
  host: HostConfig | Unread,
  copied: boolean,
  force: boolean,
  where: string,
): string[] {
  if ("unread" in host) return [`The patch was not compared with the pools of this host: ${host.unread}`];
  const names = poolNames(facts);
  const known = host.pools.map(({ name }) => name).filter((name) => names.includes(name));
  const own = known.length > 0 ? settleUsers(resolveFacts(host, known), () => copied) : null;
  const broken = own?.broken.map(({ failure }) => failure.message.replace(/\.$/, "")) ?? [];
  // A broken pool is on this host all the same.
  const differences = (broken.length > 0 ? broken : compareFacts(facts, own?.cephPools ?? [])).join("; ");
  if (differences && !force)
    throw new Failure(
      "facts",
      `${where}: it is for other pools than those of this host (${host.source}): ${differences}. Nothing was written.`,
      "Render it again on this host (virtinst-rbd-patch render -o FILE), or apply it anyway with --force.",
    );
  // Volumes in the Ceph pool of one that it serves get the same, unless their disks state another user.
  const served = own?.others.filter((other) =>
    own.pools.some((one) => overlap(one, other) && (sameCredentials(one, other) || !copied)),
  );
  const left = host.pools
    .map(({ name }) => name)
    .filter((name) => !names.includes(name) && !served?.some(({ pool }) => pool === name));
  return [
    ...(differences
      ? [`The patch is for other pools than those of this host, as --force allows: ${differences}.`]
      : []),
    ...(own?.notes ?? []),
    ...(left.length > 0 ? [`The patch does nothing for the other rbd pools of this host: ${quoted(left)}.`] : []),
  ];
}

/**
 * Refuses a file with a manual edit in `_build_xml`.
 *
 * @throws Failure (target), unless --force was given
 */
export function refuseManualEdit(target: Target, { force = false }: ChangeOptions): void {
  const edit = force ? null : editOf(target);
  if (edit) throw manualEditFailure(edit, named(target.installation));
}
