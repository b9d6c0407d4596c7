import { Failure, quoted } from "../failure";
import type { Result } from "../output/schema";
import { acceptPatch } from "../patch/accept";
import { compareFacts } from "../patch/compare";
import { requireBase } from "../patch/examine";
import { type CephPool, overlap, poolNames, sameCredentials } from "../patch/facts";
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
 * @throws Failure if it is not such a file, is damaged, or is for another virtinst or host; as `apply` otherwise
 */
export async function applyPatch(patch: string, options: ApplyOptions): Promise<Result<"apply">> {
  if (options.pool !== undefined)
    throw new Failure("usage", "--pool cannot be combined with PATCH.", "Leave out --pool, or leave out PATCH.");
  const { target, host } = await readAll(options);
  const known = host instanceof Failure ? null : host;
  const found = { command: "apply", ...about(target, known, options.files) } as const;
  const { bytes, where } = readInput(patch, "io");
  refuseManualEdit(target, options.force);
  const { plan, facts, notes } = planReviewed(target, bytes, where);
  const compared = known
    ? compareWithHost(facts, known, target, options, where)
    : [`The patch was not compared with the pools of this host: ${(host as Failure).message}`];
  const said = [...notes, ...compared, ...targetNotes(target, options)];
  const changed = await changeFile(target, options, plan, facts, known?.facts.cephPools ?? null);
  return { ...found, ...changed, notes: [...said, ...changed.notes] };
}

/** The virtinst of a host, and the host; or why it could not be read, if no source of the pools was named. */
async function readAll(options: ApplyOptions): Promise<{ target: Target; host: Host | Failure }> {
  const { connect, poolXml, secretXml, hostDocument, files, force } = options;
  try {
    const { host, target } = await readBoth(options);
    if (target instanceof Failure) throw target;
    return { host, target };
  } catch (error) {
    const isNamed = [connect, poolXml, secretXml, hostDocument].some((option) => option !== undefined);
    // What is below --root and cannot be read is not a libvirt that does not answer.
    if (isNamed || (files.mounted && !force) || !(error instanceof Failure)) throw error;
    return { host: error, target: openTarget(options, null) };
  }
}

/**
 * Works out the result of a patch file: what it adds must be exactly what this tool renders for the pools in it.
 *
 * @param patch its bytes
 * @param where its path, for messages
 * @returns the file as it should be, the pools of the patch, and what to report
 * @throws Failure (target) if it is not a whole patch for this target that this version rendered
 */
export function planReviewed({ installation, examined, file }: Target, patch: Buffer, where: string) {
  const base = requireBase(examined, installation);
  // In the encoding of the file, because the context lines are its lines.
  const text = patch.toString(base.encoding);
  const offered = acceptPatch(text, installation.file, base.text, examined.baseHash, where);
  const { facts, original, tool } = offered;
  const stated = insertPatch(base, original.modified, facts, installation);
  if (stated.text !== offered.text)
    throw new Failure(
      "target",
      `${where}: it is not the patch that this tool renders for the pools in it: it was edited, or rendered by another version (it states ${tool}). Nothing was written.`,
      "Render the patch again on this host: virtinst-rbd-patch render -o FILE.",
    );
  // The time to restore is that of this file, not of the file that the patch was rendered for.
  const plan = planPatch(installation, examined, file.modified, facts);
  const time =
    "The patch contains the modification time of the file that it was rendered for; the time of this file is used instead.";
  return { plan, facts, notes: sameBytes(plan.after, stated) ? [] : [time] };
}

/** Compares the pools of a patch with those of this host, for notes; fails (facts) if they differ, without --force. */
function compareWithHost(
  facts: readonly CephPool[],
  { config }: Host,
  { installation }: Target,
  options: ApplyOptions,
  where: string,
): string[] {
  const names = poolNames(facts);
  const pool = config.pools.map(({ name }) => name).filter((name) => names.includes(name));
  const own = pool.length > 0 ? settle(hostOf(config, { pool }), installation, options).facts : null;
  const broken = own?.broken.map(({ failure }) => failure.message.replace(/\.$/, "")) ?? [];
  // A broken pool is on this host all the same.
  const differences = (broken.length > 0 ? broken : compareFacts(facts, own?.cephPools ?? [])).join("; ");
  if (differences && !options.force)
    throw new Failure(
      "facts",
      `${where}: it is for other pools than those of this host (${config.source}): ${differences}. Nothing was written.`,
      "Render it again on this host (virtinst-rbd-patch render -o FILE), or apply it anyway with --force.",
    );
  // Volumes in the Ceph pool of one that it serves get the same, unless their disks state another user.
  const copied = copiesAuth(installation, options.files);
  const served = own?.others.filter((other) =>
    own.pools.some((one) => overlap(one, other) && (sameCredentials(one, other) || !copied)),
  );
  const known = [...names, ...(served ?? []).map((other) => other.pool)];
  const left = config.pools.map(({ name }) => name).filter((name) => !known.includes(name));
  const notes: string[] = [];
  if (differences)
    notes.push(`The patch is for other pools than those of this host, as --force allows: ${differences}.`);
  notes.push(...(own?.notes ?? []));
  if (left.length > 0) notes.push(`The patch does nothing for the other rbd pools of this host: ${quoted(left)}.`);
  return notes;
}
