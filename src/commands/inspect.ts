import { type CommonOptions, type Host, type Looked, lookAround, settle } from "../context";
import { olderDocument } from "../elsewhere";
import { Failure, shellWord } from "../failure";
import { writeDocument } from "../host/document";
import type { Result } from "../output/schema";
import { examine, named } from "../patch/examine";
import { findAffected } from "../virtinst/affected";
import { type Target, targetNotes } from "../virtinst/target";
import { about } from "./about";

/** What `inspect` found. */
export type InspectResult = Result<"inspect">;

/** Reads what libvirt and virtinst look like, and whether a patch is needed. Changes nothing. */
export async function inspect(options: CommonOptions): Promise<InspectResult> {
  const around = await lookAround(options);
  const { host: looked } = around;
  const met = findTarget(options, around);
  const host = settle(looked, met instanceof Failure ? null : met.installation, options);
  const { config, facts, chosen } = host;
  const target = met instanceof Failure ? null : settled(met, looked, host);
  const found = about(target, host, options.files);
  const { release, file, sha256, state, affected, affectedReason } = found;
  return {
    command: "inspect",
    ...found,
    pools: chosen.map(({ name }) => name),
    program: programOf(target, options),
    alternative: affected === "yes" && target ? alternativeTo(target, chosen, options) : null,
    resolved: facts.resolved,
    broken: facts.broken.map(({ pools, failure: { message, hint } }) => ({ pools, message, hint })),
    document: writeDocument(
      config,
      file !== null && state && affected
        ? { release, file, sha256, state, affected, reason: affectedReason ?? affected }
        : null,
    ),
    notes: [
      ...facts.notes,
      ...(met instanceof Failure ? [`${met.message} ${met.hint}`] : []),
      ...(target ? olderDocument(host, target, options) : []),
      ...(target ? targetNotes(target, options) : []),
    ],
  };
}

/** The `virt-install` that uses a target's virtinst, as this process sees it; null for none. */
function programOf(target: Target | null, { files }: CommonOptions): string | null {
  const program = target?.installation.program ?? null;
  return program === null ? null : files.shown(program);
}

/** How to do without the patch: only if naming the secrets by UUID is enough for this virtinst. */
function alternativeTo({ installation }: Target, chosen: Host["chosen"], { files }: CommonOptions): string | null {
  const named = chosen.map((pool) => ({ ...pool, auth: pool.auth && { ...pool.auth, secret: { uuid: "" } } }));
  if (findAffected(installation, named, files).affected !== "no") return null;
  const commands = chosen
    .filter(({ auth }) => auth && "usage" in auth.secret)
    .map(({ name }) => `virsh pool-edit ${shellWord(name)}`);
  return `name the secret by uuid in the pool (${commands.join("; ")}), if guests need not migrate to hosts where the secret has another UUID`;
}

/** The target beside the pools that turned out to be whole. */
function settled(target: Target, looked: Host, { facts, chosen }: Host): Target {
  const examined =
    facts.pools === looked.facts.pools
      ? target.examined
      : examine(target.file.bytes, facts.cephPools, named(target.installation));
  // A host whose pools are all broken is not one without a pool.
  const allBroken = examined.state === "outdated" && facts.pools.length === 0 && chosen.length > 0;
  const reason = allBroken ? "all rbd pools of this host are broken" : examined.reason;
  return { ...target, examined: { ...examined, reason } };
}

/** The target; why there is none, since a host without virtinst still has facts to carry elsewhere. */
function findTarget(options: CommonOptions, { meet }: Looked): Target | Failure {
  try {
    return meet();
  } catch (error) {
    if (error instanceof Failure && options.virtinst === undefined) return error;
    throw error;
  }
}
