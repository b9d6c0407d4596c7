import { quoted } from "../failure";
import { mergePools } from "../patch/merge";
import { type CephPool, overlap, poolNames, type ResolvedPool, sameCredentials } from "../patch/pools";
import type { PoolTable } from "./resolve-pools";

/**
 * Decides whether pools that differ only in their users can be used, and adds notes about disks with an uncertain user.
 *
 * virt-manager 1.5 and later write the user of a pool into its disks (not always the secret). Earlier versions do not.
 *
 * @param poolTable the result of `resolvePools`
 * @param copiesUser whether the virtinst to patch writes the user; called only if the result depends on it
 * @returns the poolTable with these notes; if virtinst does not write the user, pools that differ only in it are broken
 */
export function settleUsers(poolTable: PoolTable, copiesUser: () => boolean): PoolTable {
  const { byUser, others } = poolTable;
  const names = new Set(poolTable.cephPools.map(({ name }) => name));
  if (names.size === poolTable.cephPools.length && others.every(({ cephPool }) => !names.has(cephPool)))
    return poolTable;
  const told = copiesUser();
  const out = new Set(told ? [] : byUser.flatMap(({ pools }) => pools));
  const pools = out.size > 0 ? poolTable.pools.filter(({ pool }) => !out.has(pool)) : poolTable.pools;
  const cephPools = out.size > 0 ? mergePools(pools) : poolTable.cephPools;
  return {
    ...poolTable,
    pools,
    cephPools,
    broken: told ? poolTable.broken : [...poolTable.broken, ...byUser],
    notes: [
      ...poolTable.notes,
      ...cephPools.flatMap((one) => ambiguity(one, cephPools, told)),
      ...cephPools.flatMap((one) => widening(one, pools, others, told)),
    ],
  };
}

/** Whether disks of one pool have a user that disks of the other pool do not have. */
function tells(one: Pick<ResolvedPool, "auth">, other: Pick<ResolvedPool, "auth">): boolean {
  return one.auth !== null && one.auth.username !== other.auth?.username;
}

/** The note about a pool without monitors, if its disks can be those of another cluster. */
function ambiguity(one: CephPool, all: readonly CephPool[], told: boolean): string[] {
  const others = all.filter((other) => other !== one && other.name === one.name);
  // Pools with the same credentials are of one cluster. Without credentials, only monitors identify a cluster.
  const unlike = others.filter((other) => !one.auth || !sameCredentials(one, other));
  const mixed = unlike.filter((other) => !(told && tells(one, other)));
  if (one.monitors.length > 0 || mixed.length === 0) return [];
  return [
    `Disks of pool ${quoted(poolNames([one]))} list no monitor, and cannot be distinguished from disks of pool ${quoted(poolNames(mixed))}: they are left unchanged. Choose one of these pools with --pool.`,
  ];
}

/** The note about pools that --pool omits, if their volumes get the credentials of a selected pool. */
function widening(
  { libvirtPools, name, auth }: CephPool,
  pools: readonly ResolvedPool[],
  others: readonly ResolvedPool[],
  told: boolean,
): string[] {
  const own = pools.filter(({ pool }) => libvirtPools.includes(pool));
  const alike = others.filter((other) => {
    const near = pools.filter((one) => overlap(one, other));
    // If several pools match, the disk is left unchanged.
    const single = near.every((one) => sameCredentials(one, near[0] as ResolvedPool));
    return single && own.some((one) => near.includes(one)) && !sameCredentials(own[0] as ResolvedPool, other);
  });
  const mixed = alike.filter((other) => !(told && tells(other, { auth })));
  if (mixed.length === 0) return [];
  const same = auth && mixed.every((other) => other.auth?.username === auth.username);
  const gets = auth
    ? `${same ? "the secret" : `the user ${JSON.stringify(auth.username)}`} of`
    : "no user, like those of";
  return [
    `Volumes of pool ${quoted(mixed.map(({ pool }) => pool))} get ${gets} pool ${quoted(libvirtPools)}${auth ? " too" : ""}: the pools are in the same Ceph pool ${JSON.stringify(name)}, and their disks cannot be distinguished.`,
  ];
}
