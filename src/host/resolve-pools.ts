import { Failure, quoted } from "../failure";
import { groupPools, mergePools } from "../patch/merge";
import {
  type CephPool,
  type Credentials,
  overlap,
  type ResolvedPool,
  sameCredentials,
  splitMonitor,
} from "../patch/pools";
import { byName, type HostConfig, type Pool, type Secret } from "./config";

/** Pools that cannot be used, because something is wrong with them. */
export interface Broken {
  /** The libvirt pools, by name. */
  readonly pools: readonly string[];
  /** What is wrong, and how to fix it. */
  readonly failure: Failure;
}

/** The pools that a patch is rendered for, and notes about them. */
export interface PoolTable {
  /** The libvirt pools that can be used, sorted by name. */
  readonly pools: readonly ResolvedPool[];
  /** The Ceph pools that the patch is rendered from. */
  readonly cephPools: readonly CephPool[];
  /** The pools with a known secret, sorted by name, including those that contradict each other. */
  readonly resolved: readonly ResolvedPool[];
  readonly broken: readonly Broken[];
  /** Usable pools of one Ceph pool with different users; broken if disks do not have the user (`settleUsers`). */
  readonly byUser: readonly Broken[];
  /** The pools that were not selected; without the UUID of their secret if that is unknown. */
  readonly others: readonly ResolvedPool[];
  /** Notes, such as what could not be checked, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Selects the pools, looks up their secrets, splits lists of monitors, and checks that the pools do not contradict each
 * other. The host may have no pools.
 *
 * @param only names of the libvirt pools to select; empty selects all rbd pools
 * @returns also the pools that are broken: their secret is not defined or not for Ceph, or they contradict each other
 * @throws Failure (pools) if a selected pool does not exist, or there are too many pools or monitors
 */
export function resolvePools(config: HostConfig, only: readonly string[]): PoolTable {
  const chosen = choosePools(config, only);
  refuseTooMany(chosen, config.source);
  const notes = [...(config.notes ?? [])];
  const broken: Broken[] = [];
  const resolved = chosen.flatMap((pool): ResolvedPool[] => {
    const auth = credentialsOf(pool, config, notes);
    if (!(auth instanceof Failure)) return [toResolvedPool(pool, auth)];
    broken.push({ pools: [pool.name], failure: auth });
    return [];
  });
  const others = config.pools.flatMap((pool): ResolvedPool[] => {
    if (chosen.includes(pool)) return [];
    const auth = credentialsOf(pool, config, []);
    const unknown = pool.auth && { username: pool.auth.username, uuid: "" };
    return [toResolvedPool(pool, auth instanceof Failure ? unknown : auth)];
  });
  const differing = contradictions(resolved, config.source);
  broken.push(...differing.filter(({ told }) => !told).map(({ group }) => group));
  const byUser = differing.filter(({ told }) => told).map(({ group }) => group);
  const out = new Set(broken.flatMap((one) => one.pools));
  const pools = resolved.filter(({ pool }) => !out.has(pool));
  return { pools, cephPools: mergePools(pools), resolved, broken, byUser, others, notes };
}

function toResolvedPool({ name, cephPool, monitors }: Pool, auth: ResolvedPool["auth"]): ResolvedPool {
  return { pool: name, cephPool, monitors: monitors.flatMap(splitMonitor), auth };
}

/** The selected pools, sorted by name; fails (pools) if one does not exist. */
export function choosePools({ pools, source }: HostConfig, only: readonly string[]): Pool[] {
  const names = pools.map(({ name }) => name);
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new Failure(
      "pools",
      `${source}: there is no rbd pool named ${unknown.map((name) => JSON.stringify(name)).join(" or ")}.`,
      names.length > 0
        ? `The rbd pools are: ${quoted(names)}.`
        : "There are no rbd pools. Omit --pool, or check the source of the host configuration.",
    );
  return byName(pools.filter(({ name }) => only.length === 0 || only.includes(name)));
}

/** The failure of a command that needs a pool, on a host without one. */
export function noPool({ source }: HostConfig): Failure {
  return new Failure(
    "pools",
    `${source}: there is no pool of type rbd.`,
    "Check that the pool is defined (on a running libvirt: virsh pool-list --all), or name another source: --connect, --pool-xml, --host, --root.",
  );
}

/** The limits. Each pool is compared with each other pool, which takes seconds for so many. */
const MOST = { pools: 1000, monitors: 10_000 };

function refuseTooMany(pools: readonly Pool[], source: string): void {
  const monitors = pools.reduce((sum, pool) => sum + pool.monitors.length, 0);
  if (pools.length <= MOST.pools && monitors <= MOST.monitors) return;
  throw new Failure(
    "pools",
    `${source}: there are ${pools.length} rbd pools with ${monitors} monitors. The limits are ${MOST.pools} pools and ${MOST.monitors} monitors.`,
    "Choose the pools that virt-install uses with --pool.",
  );
}

/** The user and secret of a pool; null for a pool without cephx; a failure if its secret cannot be used. */
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
      "pools",
      `${config.source}: the secret with ${named} of pool ${JSON.stringify(pool.name)} has the usage type ${found[0].usageType ?? "none"}, not ceph.`,
      `Define a secret with <usage type='ceph'> for client.${username} (virsh secret-define) and name it in the pool.`,
    );
  return new Failure(
    "pools",
    `${config.source}: pool ${JSON.stringify(pool.name)} names a secret with ${named}, and no such secret is defined.`,
    "Define the secret (virsh secret-define, then virsh secret-set-value), or choose other pools with --pool.",
  );
}

/**
 * The groups of pools that name the same Ceph pool of the same cluster, but differ in their credentials.
 *
 * @returns `told`: whether each pool has a user, and each user one secret: then the user of a disk identifies its pool
 */
function contradictions(pools: readonly ResolvedPool[], source: string): { group: Broken; told: boolean }[] {
  return groupPools(pools, overlap).flatMap((group) => {
    const logins = groupPools(group, sameCredentials);
    if (logins.length === 1) return [];
    const [{ cephPool }] = group as [ResolvedPool];
    const names = group.map(({ pool }) => pool);
    const told =
      new Set(group.map(({ auth }) => auth?.username)).size === logins.length &&
      group.every(({ auth }) => auth !== null);
    const choice = logins.map((own) => own.map(({ pool }) => `--pool ${pool}`).join(" ")).join(" or ");
    const why = told ? ", and no virtinst was found that writes the user of a pool into disks (1.5 and later do)" : "";
    const failure = new Failure(
      "pools",
      `${source}: the pools ${quoted(names)} name the same Ceph pool ${JSON.stringify(cephPool)} on the same monitors, but have different credentials${why}.`,
      `Choose ${logins.length < names.length ? "the pools of one user" : "one pool"} with ${choice}${told ? ", or upgrade to virt-manager 1.5 or later" : ""}.`,
    );
    return { group: { pools: names, failure }, told };
  });
}
