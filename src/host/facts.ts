import { type CephPool, overlap, type PoolFacts, poolNames, sameCredentials } from "../patch/facts";
import { mergePools } from "../patch/merge";
import { Failure } from "../report/failure";
import { byName, type HostConfig, type Pool, type Secret } from "./config";

/** The pools that a patch is made for, and what could not be checked about them. */
export interface ResolvedFacts {
  /** The libvirt pools, by name. */
  readonly pools: readonly PoolFacts[];
  /** What the blocks are rendered from. */
  readonly cephPools: readonly CephPool[];
  /** What could not be checked, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Picks the pools, resolves their secrets to UUIDs, and checks that all of it fits together.
 *
 * @param config what libvirt says
 * @param only names of the libvirt pools to take; empty takes all rbd pools
 * @throws Failure (facts) where a pool is missing, a secret is not defined or not for Ceph, or pools contradict each other
 */
export function resolveFacts(config: HostConfig, only: readonly string[]): ResolvedFacts {
  const names = config.pools.map(({ name }) => name);
  if (names.length === 0)
    throw new Failure(
      "facts",
      `${config.source}: there is no pool of type rbd.`,
      "Look for the pool where the facts come from (virsh pool-list --all shows those of a running libvirt), or name another source: --connect, --pool-xml, --host, --root.",
    );
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new Failure(
      "facts",
      `${config.source}: there is no rbd pool named ${unknown.map(quote).join(" or ")}.`,
      `The rbd pools are: ${names.map(quote).join(", ")}.`,
    );
  const chosen = byName(config.pools.filter(({ name }) => only.length === 0 || only.includes(name)));
  refuseTooMany(chosen, config.source);
  const notes: string[] = [];
  const pools = chosen.map((pool): PoolFacts => {
    const auth = pool.auth && { username: pool.auth.username, uuid: secretUuid(pool, config, notes) };
    return { pool: pool.name, cephPool: pool.cephPool, monitors: pool.monitors, auth };
  });
  refuseContradictions(pools, config.source);
  const cephPools = mergePools(pools);
  notes.push(...cephPools.flatMap((one) => ambiguity(one, cephPools)));
  return { pools, cephPools, notes };
}

/** Each pool is compared with each, which takes seconds for so many; no host comes near. */
const MOST = { pools: 1000, monitors: 10_000 };

function refuseTooMany(pools: readonly Pool[], source: string): void {
  const monitors = pools.reduce((sum, pool) => sum + pool.monitors.length, 0);
  if (pools.length <= MOST.pools && monitors <= MOST.monitors) return;
  throw new Failure(
    "facts",
    `${source}: there are ${pools.length} rbd pools with ${monitors} monitors, and at most ${MOST.pools} with ${MOST.monitors} are taken.`,
    "Choose those that virt-install uses with --pool.",
  );
}

/** What is to be said of a pool without monitors, whose disks say nothing of their cluster. */
function ambiguity(one: CephPool, all: readonly CephPool[]): string[] {
  const others = all.filter((other) => other !== one && other.name === one.name);
  // With the same credentials there is one cluster; without any, only monitors tell two apart.
  const unlike = others.filter((other) => !one.auth || !sameCredentials(one, other));
  if (one.monitors.length > 0 || unlike.length === 0) return [];
  const names = (pools: readonly CephPool[]) => poolNames(pools).map(quote).join(", ");
  return [
    `A disk of pool ${names([one])} lists no monitor, and cannot be told from one of pool ${names(unlike)}: it is left as it is. Choose one with --pool.`,
  ];
}

function secretUuid(pool: Pool, config: HostConfig, notes: string[]): string {
  const { username, secret } = pool.auth as NonNullable<Pool["auth"]>;
  const named = "uuid" in secret ? `uuid ${secret.uuid}` : `usage ${quote(secret.usage)}`;
  if (!config.secrets) {
    if ("usage" in secret)
      throw new Failure(
        "facts",
        `${config.source}: pool ${quote(pool.name)} names its secret by ${named}, and the secrets of this host could not be read.`,
        "Add --secret-xml FILE with what `virsh secret-dumpxml UUID` prints for that secret.",
      );
    notes.push(
      `The secret of pool ${quote(pool.name)} (${named}) was not checked: the secrets of this host could not be read.`,
    );
    return secret.uuid;
  }
  const matches = (candidate: Secret) =>
    "uuid" in secret ? candidate.uuid === secret.uuid : candidate.usageName === secret.usage;
  const found = config.secrets.filter(matches);
  const ceph = found.find(({ usageType }) => usageType === "ceph");
  if (ceph) return ceph.uuid;
  if (found[0])
    throw new Failure(
      "facts",
      `${config.source}: the secret with ${named} of pool ${quote(pool.name)} has the usage type ${found[0].usageType ?? "none"}, not ceph.`,
      `Define a secret with <usage type='ceph'> for client.${username} (virsh secret-define) and name it in the pool.`,
    );
  throw new Failure(
    "facts",
    `${config.source}: pool ${quote(pool.name)} names a secret with ${named}, and no such secret is defined.`,
    "Define it (virsh secret-define, then virsh secret-set-value), or leave this pool out with --pool.",
  );
}

function refuseContradictions(pools: readonly PoolFacts[], source: string): void {
  for (const [index, one] of pools.entries())
    for (const other of pools.slice(index + 1))
      if (overlap(one, other) && !sameCredentials(one, other))
        throw new Failure(
          "facts",
          `${source}: the pools ${quote(one.pool)} and ${quote(other.pool)} both stand for the Ceph pool ${quote(one.cephPool)} on the same monitors, with different credentials.`,
          `Choose one with --pool ${one.pool} or --pool ${other.pool}.`,
        );
}

function quote(name: string): string {
  return JSON.stringify(name);
}
