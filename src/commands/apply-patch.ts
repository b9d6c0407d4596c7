import { Failure, quoted } from "../failure";
import type { Result } from "../output/schema";
import { acceptPatch } from "../patch/accept";
import { comparePools } from "../patch/compare";
import { requireBase } from "../patch/examine";
import { type CephPool, overlap, poolNames, sameCredentials } from "../patch/pools";
import { insertPatch } from "../patch/render-function";
import { sameBytes } from "../patch/source";
import { readInput } from "../system/read";
import { type Host, hostOf, readBoth, settle } from "../target";
import { copiesAuth } from "../virtinst/affected";
import { openTarget, planPatch, type Target, targetNotes } from "../virtinst/target-file";
import { about } from "./about";
import { type ApplyOptions, refuseManualEdit } from "./apply";
import { changeFile } from "./change-file";

/**
 * Applies exactly the patch in a file.
 *
 * @param patch a file that `render` wrote, or `-` for standard input
 * @throws Failure if `render` did not write the file, or it is damaged or for another virtinst or host; also as `apply`
 */
export async function applyPatch(patch: string, options: ApplyOptions): Promise<Result<"apply">> {
  if (options.pool !== undefined)
    throw new Failure("usage", "--pool cannot be combined with PATCH.", "Leave out --pool, or leave out PATCH.");
  const { target, host } = await readAll(options);
  const known = host instanceof Failure ? null : host;
  const found = { command: "apply", ...about(target, known, options.files) } as const;
  const { bytes, where } = readInput(patch, "io");
  refuseManualEdit(target, options.force);
  const { plan, cephPools, notes } = planReviewed(target, bytes, where);
  const compared = known
    ? compareWithHost(cephPools, known, target, options, where)
    : [`The patch was not compared with the pools of this host: ${(host as Failure).message}`];
  const said = [...notes, ...compared, ...targetNotes(target, options)];
  const changed = await changeFile(target, options, plan, cephPools, known?.poolTable.cephPools ?? null);
  return { ...found, ...changed, notes: [...said, ...changed.notes] };
}

/** Reads virtinst and the host; returns why the host could not be read, if no option names a source of the pools. */
async function readAll(options: ApplyOptions): Promise<{ target: Target; host: Host | Failure }> {
  const { connect, poolXml, secretXml, hostDocument, files, force } = options;
  try {
    const { host, target } = await readBoth(options);
    if (target instanceof Failure) throw target;
    return { host, target };
  } catch (error) {
    const isNamed = [connect, poolXml, secretXml, hostDocument].some((option) => option !== undefined);
    // If libvirt does not answer, continue without the pools. With --root, pools that cannot be read are an error.
    if (isNamed || (files.mounted && !force) || !(error instanceof Failure)) throw error;
    return { host: error, target: openTarget(options, null) };
  }
}

/**
 * Plans the change of a patch file. The patch must be exactly the one that this tool renders for the pools in it.
 *
 * @param patch its bytes
 * @param where its path, for messages
 * @returns the content before and after, the pools of the patch, and notes
 * @throws Failure (target) if the patch is incomplete, edited, for another file, or of another version of this tool
 */
export function planReviewed({ installation, examined, file }: Target, patch: Buffer, where: string) {
  const base = requireBase(examined, installation);
  // In the encoding of the file, because the context lines are its lines.
  const text = patch.toString(base.encoding);
  const offered = acceptPatch(text, installation.file, base.text, examined.baseHash, where);
  const { cephPools, original, tool } = offered;
  const stated = insertPatch(base, original.modified, cephPools, installation);
  if (stated.text !== offered.text)
    throw new Failure(
      "target",
      `${where}: the patch was edited, or rendered by another version of this tool (it states ${tool}). Nothing was written.`,
      "Render the patch again on this host: virtinst-rbd-patch render -o FILE.",
    );
  // The time to restore is that of this file, not of the file that the patch was rendered for.
  const plan = planPatch(installation, examined, file.modified, cephPools);
  const time =
    "The patch contains the modification time of the file that it was rendered for; the time of this file is used instead.";
  return { plan, cephPools, notes: sameBytes(plan.after, stated) ? [] : [time] };
}

/** Compares the pools of a patch with those of this host, for notes. Fails (pools) if they differ, without --force. */
function compareWithHost(
  cephPools: readonly CephPool[],
  { config }: Host,
  { installation }: Target,
  options: ApplyOptions,
  where: string,
): string[] {
  const names = poolNames(cephPools);
  const pool = config.pools.map(({ name }) => name).filter((name) => names.includes(name));
  const own = pool.length > 0 ? settle(hostOf(config, { pool }), installation, options).poolTable : null;
  const broken = own?.broken.map(({ failure }) => failure.message.replace(/\.$/, "")) ?? [];
  // A pool that cannot be used is not missing: report why it cannot be used.
  const differences = (broken.length > 0 ? broken : comparePools(cephPools, own?.cephPools ?? [])).join("; ");
  if (differences && !options.force)
    throw new Failure(
      "pools",
      `${where}: the pools of the patch are not those of this host (${config.source}): ${differences}. Nothing was written.`,
      "Render the patch again on this host (virtinst-rbd-patch render -o FILE), or apply it anyway with --force.",
    );
  // The patch also serves other libvirt pools of the same Ceph pool, unless their disks state another user.
  const copied = copiesAuth(installation, options.files);
  const served = own?.others.filter((other) =>
    own.pools.some((one) => overlap(one, other) && (sameCredentials(one, other) || !copied)),
  );
  const known = [...names, ...(served ?? []).map((other) => other.pool)];
  const left = config.pools.map(({ name }) => name).filter((name) => !known.includes(name));
  const notes: string[] = [];
  if (differences)
    notes.push(`The pools of the patch are not those of this host (allowed by --force): ${differences}.`);
  notes.push(...(own?.notes ?? []));
  if (left.length > 0) notes.push(`The patch does nothing for the other rbd pools of this host: ${quoted(left)}.`);
  return notes;
}
