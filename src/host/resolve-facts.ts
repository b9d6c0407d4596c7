import { Failure, quoted } from "../failure";
import {
  type CephPool,
  type Credentials,
  overlap,
  type PoolFacts,
  sameCredentials,
  splitMonitor,
} from "../patch/facts";
import { groupPools, mergePools } from "../patch/merge";
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
  /** Whole pools of one Ceph pool that differ in their users: broken where no disk states its user (`settleUsers`). */
  readonly byUser: readonly Broken[];
  /** The pools that were not asked for; where their secret is not known, without its UUID. */
  readonly others: readonly PoolFacts[];
  /** What could not be checked, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Picks the pools, looks up their secrets, splits lists of monitors, and checks that all of it fits together. A host may have none.
 *
 * @param only names of the libvirt pools to take; empty takes all rbd pools
 * @returns also the pools that are broken: their secret is not defined or not for Ceph, or they contradict each other
 * @throws Failure (facts) where a pool that was asked for is missing, or there are too many
 */
export function resolveFacts(config: HostConfig, only: readonly string[]): ResolvedFacts {
  const chosen = choosePools(config, only);
  refuseTooMany(chosen, config.source);
  const notes = [...(config.notes ?? [])];
  const broken: Broken[] = [];
  const resolved = chosen.flatMap((pool): PoolFacts[] => {
    const auth = credentialsOf(pool, config, notes);
    if (!(auth instanceof Failure)) return [factsOf(pool, auth)];
    broken.push({ pools: [pool.name], failure: auth });
    return [];
  });
  const others = config.pools.flatMap((pool): PoolFacts[] => {
    if (chosen.includes(pool)) return [];
    const auth = credentialsOf(pool, config, []);
    const unknown = pool.auth && { username: pool.auth.username, uuid: "" };
    return [factsOf(pool, auth instanceof Failure ? unknown : auth)];
  });
  const differing = contradictions(resolved, config.source);
  broken.push(...differing.filter(({ told }) => !told).map(({ group }) => group));
  const byUser = differing.filter(({ told }) => told).map(({ group }) => group);
  const out = new Set(broken.flatMap((one) => one.pools));
  const pools = resolved.filter(({ pool }) => !out.has(pool));
  return { pools, cephPools: mergePools(pools), resolved, broken, byUser, others, notes };
}

function factsOf({ name, cephPool, monitors }: Pool, auth: PoolFacts["auth"]): PoolFacts {
  return { pool: name, cephPool, monitors: monitors.flatMap(splitMonitor), auth };
}

/** The pools that were asked for, by name; fails (facts) if one is not there. */
export function choosePools({ pools, source }: HostConfig, only: readonly string[]): Pool[] {
  const names = pools.map(({ name }) => name);
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new Failure(
      "facts",
      `${source}: there is no rbd pool named ${unknown.map((name) => JSON.stringify(name)).join(" or ")}.`,
      names.length > 0
        ? `The rbd pools are: ${quoted(names)}.`
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

/** A pool's user and secret, null for a pool without cephx; or what is wrong with its secret. */
function credentialsOf(pool: Pool, config: HostConfig, notes: string[]): Credentials | null | Failure {
  if (!pool.auth) return null;
  const { username, secret } = pool.auth;
  const usage = "usage" in secret ? { usage: secret.usage } : {};
  const named = "uuid" in secret ? `uuid ${secret.uuid}` : `usage ${JSON.stringify(secret.usage)}`;
  if (!config.secrets) {
    notes.push(
      `The secret of pool ${JSON.stringify(pool.name)} (${named}) was not checked: the secrets of this host could not be read.`,
    );
    return { username, uuid: "uuid" in secret ? secret.uuid : "", ...usage };
  }
  const matches = (candidate: Secret) =>
    "uuid" in secret ? candidate.uuid === secret.uuid : candidate.usageName === secret.usage;
  const found = config.secrets.filter(matches);
  const ceph = found.find(({ usageType }) => usageType === "ceph");
  if (ceph) return { username, uuid: ceph.uuid, ...usage };
  if (found[0])
    return new Failure(
      "facts",
      `${config.source}: the secret with ${named} of pool ${JSON.stringify(pool.name)} has the usage type ${found[0].usageType ?? "none"}, not ceph.`,
      `Define a secret with <usage type='ceph'> for client.${username} (virsh secret-define) and name it in the pool.`,
    );
  return new Failure(
    "facts",
    `${config.source}: pool ${JSON.stringify(pool.name)} names a secret with ${named}, and no such secret is defined.`,
    "Define it (virsh secret-define, then virsh secret-set-value), or leave this pool out with --pool.",
  );
}

/**
 * The groups of pools that stand for one Ceph pool of one cluster, and differ in their credentials.
 *
 * @returns also whether each has a user, and each user one secret, so that a disk's user tells its pool
 */
function contradictions(pools: readonly PoolFacts[], source: string): { group: Broken; told: boolean }[] {
  return groupPools(pools, overlap).flatMap((group) => {
    const logins = groupPools(group, sameCredentials);
    if (logins.length === 1) return [];
    const [{ cephPool }] = group as [PoolFacts];
    const names = group.map(({ pool }) => pool);
    const told =
      new Set(group.map(({ auth }) => auth?.username)).size === logins.length &&
      group.every(({ auth }) => auth !== null);
    const choice = logins.map((own) => own.map(({ pool }) => `--pool ${pool}`).join(" ")).join(" or ");
    const why = told ? ", and no virtinst was found that writes a pool's user into its disks, as 1.5 and later do" : "";
    const failure = new Failure(
      "facts",
      `${source}: the pools ${quoted(names)} stand for the Ceph pool ${JSON.stringify(cephPool)} on the same monitors, with different credentials${why}.`,
      `Choose ${logins.length < names.length ? "those of one user" : "one"} with ${choice}${told ? ", or go to virt-manager 1.5 or later" : ""}.`,
    );
    return { group: { pools: names, failure }, told };
  });
}
