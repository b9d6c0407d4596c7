import { type CephPool, overlap, type PoolFacts, poolNames, sameCredentials } from "../patch/facts";
import { groupPools, mergePools } from "../patch/merge";
import { Failure } from "../report/failure";
import { byName, type HostConfig, type Pool, type Secret } from "./config";

/** Pools that no disk can be completed for as long as something is wrong with them. */
export interface Broken {
  /** The libvirt pools, by name. */
  readonly pools: readonly string[];
  /** What is wrong, and what mends it. */
  readonly failure: Failure;
}

/** The pools that a patch is made for, and what could not be checked about them. */
export interface ResolvedFacts {
  /** The libvirt pools that are whole, by name. */
  readonly pools: readonly PoolFacts[];
  /** What the blocks are rendered from. */
  readonly cephPools: readonly CephPool[];
  /** The pools whose secret is known, by name: also those that contradict each other. */
  readonly resolved: readonly PoolFacts[];
  readonly broken: readonly Broken[];
  /** What could not be checked, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Picks the pools, resolves their secrets to UUIDs, and checks that all of it fits together. A host may have none.
 *
 * @param config what libvirt says
 * @param only names of the libvirt pools to take; empty takes all rbd pools
 * @returns also the pools that are broken: their secret is not defined or not for Ceph, or they contradict each other
 * @throws Failure (facts) where a pool that was asked for is missing, or there are too many
 */
export function resolveFacts(config: HostConfig, only: readonly string[]): ResolvedFacts {
  const chosen = choosePools(config, only);
  refuseTooMany(chosen, config.source);
  const notes: string[] = [];
  const broken: Broken[] = [];
  const resolved = chosen.flatMap((pool): PoolFacts[] => {
    const uuid = pool.auth && secretUuid(pool, config, notes);
    if (uuid instanceof Failure) broken.push({ pools: [pool.name], failure: uuid });
    if (uuid instanceof Failure) return [];
    const auth = pool.auth && uuid !== null ? { username: pool.auth.username, uuid } : null;
    return [{ pool: pool.name, cephPool: pool.cephPool, monitors: pool.monitors, auth }];
  });
  broken.push(...contradictions(resolved, config.source));
  const out = new Set(broken.flatMap((one) => one.pools));
  const pools = resolved.filter(({ pool }) => !out.has(pool));
  const cephPools = mergePools(pools);
  notes.push(...cephPools.flatMap((one) => ambiguity(one, cephPools)));
  return { pools, cephPools, resolved, broken, notes };
}

/**
 * The pools that were asked for, by name.
 *
 * @throws Failure (facts) where one is not there
 */
export function choosePools({ pools, source }: HostConfig, only: readonly string[]): Pool[] {
  const names = pools.map(({ name }) => name);
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new Failure(
      "facts",
      `${source}: there is no rbd pool named ${unknown.map(quote).join(" or ")}.`,
      names.length > 0
        ? `The rbd pools are: ${names.map(quote).join(", ")}.`
        : "There is no rbd pool at all: leave --pool out, or look where the facts come from.",
    );
  return byName(pools.filter(({ name }) => only.length === 0 || only.includes(name)));
}

/** A host without a pool, for what cannot be done without one. */
export function noPool({ source }: HostConfig): Failure {
  return new Failure(
    "facts",
    `${source}: there is no pool of type rbd.`,
    "Look for the pool where the facts come from (virsh pool-list --all shows those of a running libvirt), or name another source: --connect, --pool-xml, --host, --root.",
  );
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

function secretUuid(pool: Pool, config: HostConfig, notes: string[]): string | Failure {
  const { username, secret } = pool.auth as NonNullable<Pool["auth"]>;
  const named = "uuid" in secret ? `uuid ${secret.uuid}` : `usage ${quote(secret.usage)}`;
  if (!config.secrets) {
    if ("usage" in secret)
      return new Failure(
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
    return new Failure(
      "facts",
      `${config.source}: the secret with ${named} of pool ${quote(pool.name)} has the usage type ${found[0].usageType ?? "none"}, not ceph.`,
      `Define a secret with <usage type='ceph'> for client.${username} (virsh secret-define) and name it in the pool.`,
    );
  return new Failure(
    "facts",
    `${config.source}: pool ${quote(pool.name)} names a secret with ${named}, and no such secret is defined.`,
    "Define it (virsh secret-define, then virsh secret-set-value), or leave this pool out with --pool.",
  );
}

/** The groups of pools that stand for one Ceph pool of one cluster, and differ in their credentials. */
function contradictions(pools: readonly PoolFacts[], source: string): Broken[] {
  return groupPools(pools, overlap).flatMap((group) => {
    const logins = groupPools(group, sameCredentials).map((one) => one.map(({ pool }) => pool));
    if (logins.length === 1) return [];
    const [{ cephPool }] = group as [PoolFacts];
    const names = group.map(({ pool }) => pool);
    return {
      pools: names,
      failure: new Failure(
        "facts",
        `${source}: the pools ${listed(names)} ${names.length > 2 ? "all" : "both"} stand for the Ceph pool ${quote(cephPool)} on the same monitors, with different credentials.`,
        `Choose ${logins.length < names.length ? "those of one user" : "one"} with ${logins.map((one) => `--pool ${one.join(" ")}`).join(" or ")}.`,
      ),
    };
  });
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).map(quote).join(", ")} and ${quote(names[names.length - 1] as string)}`;
}

function quote(name: string): string {
  return JSON.stringify(name);
}
