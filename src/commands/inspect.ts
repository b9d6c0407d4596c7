import { Failure, shellWord } from "../failure";
import { writeDocument } from "../host/document";
import type { Result } from "../output/schema";
import { type CommonOptions, type Host, readBoth, settle } from "../target";
import { type Affected, findAffected, type PoolNeeds } from "../virtinst/affected";
import { type Target, targetNotes } from "../virtinst/target-file";
import { type About, about } from "./about";

/** Reads the host configuration and virtinst, and finds out whether this host is affected. Changes nothing. */
export async function inspect(options: CommonOptions): Promise<Result<"inspect">> {
  const { host: read, target: met } = await readBoth(options);
  if (met instanceof Failure && options.virtinst !== undefined) throw met;
  // Without virtinst, show the pools.
  const target = met instanceof Failure ? null : met;
  const host = target ? read : settle(read, null, options);
  const found = about(target && allBroken(target, host), host, options.files);
  const judge = (pools: readonly PoolNeeds[]) => target && findAffected(target.installation, pools, options.files);
  return inspection(host, found, judge, {
    program: target?.installation.program ? options.files.shown(target.installation.program) : null,
    notes: [
      ...host.poolTable.notes,
      ...(met instanceof Failure ? [`${met.message} ${met.hint}`] : targetNotes(met, options)),
    ],
  });
}

/**
 * The result of `inspect`.
 *
 * @param found about the host and its virtinst
 * @param judge decides whether this virtinst is affected with the given pools; returns null if that is unknown
 */
export function inspection(
  { config, poolTable, chosen }: Host,
  found: About,
  judge: (pools: readonly PoolNeeds[]) => Affected | null,
  more: Pick<Result<"inspect">, "program" | "notes">,
): Result<"inspect"> {
  const { release, file, sha256, state, affected, affectedReason } = found;
  return {
    command: "inspect",
    ...found,
    pools: chosen.map(({ name }) => name),
    alternative: affected === "yes" ? alternativeTo(chosen, judge) : null,
    resolved: poolTable.resolved,
    broken: poolTable.broken.map(({ pools, failure: { message, hint } }) => ({ pools, message, hint })),
    document: writeDocument(
      config,
      file !== null && state && affected
        ? { release, file, sha256, state, affected, reason: affectedReason ?? affected }
        : null,
    ),
    ...more,
  };
}

/** The alternative to the patch; null if pools that name their secret by UUID would be affected too. */
function alternativeTo(chosen: Host["chosen"], judge: (pools: readonly PoolNeeds[]) => Affected | null): string | null {
  const named = chosen.map((pool) => ({ ...pool, auth: pool.auth && { ...pool.auth, secret: { uuid: "" } } }));
  if (judge(named)?.affected !== "no") return null;
  const commands = chosen
    .filter(({ auth }) => auth && "usage" in auth.secret)
    .map(({ name }) => `virsh pool-edit ${shellWord(name)}`);
  return `name the secret by uuid in the pool (${commands.join("; ")}), if guests need not migrate to hosts where the secret has another UUID`;
}

/** If all pools of the host are broken, states this as the reason for an outdated patch: the host does have pools. */
function allBroken(target: Target, { poolTable, chosen }: Host): Target {
  const { examined } = target;
  if (examined.state !== "outdated" || poolTable.pools.length > 0 || chosen.length === 0) return target;
  return { ...target, examined: { ...examined, reason: "all rbd pools of this host are broken" } };
}
