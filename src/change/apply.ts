import type { Context } from "../context";
import { Failure, quoted } from "../failure";
import type { HostConfig } from "../host/config";
import { resolveFacts } from "../host/facts";
import { settleUsers } from "../host/users";
import { acceptPatch } from "../patch/accept";
import { compareFacts } from "../patch/compare";
import { named, requireBase } from "../patch/examine";
import { type CephPool, overlap, poolNames, sameCredentials } from "../patch/facts";
import { insertPatch } from "../patch/insert";
import { manualEditFailure } from "../patch/manual-edit";
import { readInput } from "../system/read";
import { VERSION } from "../version";
import { copiesAuth } from "../virtinst/affected";
import { editOf, targetNotes } from "../virtinst/notes";
import { type Plan, planPatch, sameBytes } from "../virtinst/plan";
import type { Target } from "../virtinst/target";
import { type Change, type ChangeOptions, type Unread, unchanged } from "./change";
import { land } from "./land";

/**
 * Puts the blocks for the host's pools into the target.
 *
 * @param notes what is to be said of it so far
 * @throws Failure where the target cannot be patched or replaced; it is then as it was
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
 * Puts exactly what a patch file adds into the target.
 *
 * @param patchFile a file that `render` made, or `-` for standard input
 * @param host what this host says of its pools, or why it says nothing
 * @throws Failure where it is not such a file, whole, for this target, and for this host; the target is then as it was
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
  const told = copiesAuth(target.installation, options.files);
  const compared = compareWithHost(facts, host, told, options.force ?? false, where);
  const said = [...notes, ...compared, ...targetNotes(target, options)];
  if (sameBytes(plan.after, target.examined.source)) return unchanged(facts, "current", said);
  return land(target, options, plan, facts, said);
}

/**
 * Works out what a patch file makes of the target.
 *
 * @param patch its bytes
 * @param where its path, for messages
 * @throws Failure (target) where it is not a patch that this version rendered, whole and for this target
 */
export function planReviewed({ installation, examined, file }: Target, patch: Buffer, where: string): Reviewed {
  const base = requireBase(examined, installation);
  // In the file's own encoding: the context lines are the file's.
  const text = patch.toString(base.encoding);
  const offered = acceptPatch(text, installation.file, base.text, examined.baseHash, where);
  if (offered.tool !== VERSION)
    throw new Failure(
      "target",
      `${where}: it was made by version ${offered.tool}, and this is ${VERSION}. Nothing was written.`,
      "Render the patch again on this host: virtinst-rbd-patch render -o FILE.",
    );
  const stated = insertPatch(base, offered.original.modified, offered.facts, named(installation));
  if (!sameBytes(stated, { ...base, text: offered.text }))
    throw new Failure(
      "target",
      `${where}: what it adds is not what this tool renders for the pools that it names. Nothing was written.`,
      "It was edited. Render it again: virtinst-rbd-patch render -o FILE.",
    );
  // The time to put back one day is this file's own, not that of the file that the patch was rendered on.
  const plan = planPatch(installation, examined, file.modified, offered.facts);
  const notes = sameBytes(plan.after, stated)
    ? []
    : [
        "The patch contains the modification time of the file that it was rendered for; the time of this file is used instead.",
      ];
  return { plan, facts: offered.facts, notes };
}

/**
 * Compares a patch's facts with this host's.
 *
 * @param told whether the virtinst writes a pool's user into its disks
 * @returns what is to be said of it, in sentences
 * @throws Failure (facts) where they are others, unless that is to be so
 */
function compareWithHost(
  facts: readonly CephPool[],
  host: HostConfig | Unread,
  told: boolean,
  force: boolean,
  where: string,
): string[] {
  if ("unread" in host) return [`Whether the patch is for the facts of this host was not checked: ${host.unread}`];
  const names = poolNames(facts);
  const known = host.pools.map(({ name }) => name).filter((name) => names.includes(name));
  const own = known.length > 0 ? settleUsers(resolveFacts(host, known), () => told) : null;
  const broken = own?.broken ?? [];
  const differences = [
    ...broken.map(({ failure }) => failure.message.replace(/\.$/, "")),
    // A broken pool is on this host all the same.
    ...(broken.length > 0 ? [] : compareFacts(facts, own?.cephPools ?? [])),
  ].join("; ");
  if (differences && !force)
    throw new Failure(
      "facts",
      `${where}: it was made for other facts than those of this host (${host.source}): ${differences}. Nothing was written.`,
      "Make it anew on this host (virtinst-rbd-patch render -o FILE), or have it as it is with --force.",
    );
  // Volumes in the Ceph pool of one that it serves get the same, unless their disks state another user.
  const served = own?.others.filter((other) =>
    own.pools.some((one) => overlap(one, other) && (sameCredentials(one, other) || !told)),
  );
  const left = host.pools
    .map(({ name }) => name)
    .filter((name) => !names.includes(name) && !served?.some(({ pool }) => pool === name));
  return [
    ...(differences
      ? [`The patch is for other facts than those of this host, and --force has it so: ${differences}.`]
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

/** What a patch file makes of a target, and what is to be said of it. */
interface Reviewed {
  readonly plan: Plan;
  readonly facts: readonly CephPool[];
  readonly notes: readonly string[];
}
