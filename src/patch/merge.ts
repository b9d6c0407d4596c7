import {
  type CephPool,
  type Credentials,
  type Monitor,
  overlap,
  type PoolFacts,
  sameCredentials,
  sameMonitor,
} from "./facts";

/**
 * One entry for one cluster and its credentials: libvirt pools of the same Ceph pool that share a monitor, directly or
 * through others, whatever the credentials of those are.
 *
 * With one entry for each, a disk of `libvirtpool` (.1, .2, .3) would get the monitors of a pool `adead` (.9, .1) instead
 * of its own, because of the alphabet: measured on a real cluster with virt-manager 1.2 to 1.4.
 *
 * @param pools in the order of their names
 * @returns the entries, in the order of their first pools' names; each monitor of theirs once, in the pools' order
 */
export function mergePools(pools: readonly PoolFacts[]): CephPool[] {
  const entries = groupPools(pools, overlap).flatMap((cluster) => groupPools(cluster, sameCredentials));
  const first = ([pool]: readonly PoolFacts[]) => pools.indexOf(pool as PoolFacts);
  return entries
    .sort((one, other) => first(one) - first(other))
    .map((own) => {
      const [{ cephPool, auth }] = own as [PoolFacts];
      const usage = auth && usageOf(auth, pools);
      const monitors: Monitor[] = [];
      // One without a port equals any, and takes the place of none.
      for (const monitor of own.flatMap((pool) => pool.monitors))
        if (!monitors.some((kept) => sameMonitor(kept, monitor) && kept.port === monitor.port)) monitors.push(monitor);
      return {
        libvirtPools: own.map(({ pool }) => pool),
        name: cephPool,
        monitors,
        auth: auth && usage ? { ...auth, usage } : auth,
      };
    });
}

/** The usage by which any of the pools names a secret. */
function usageOf(own: Credentials, pools: readonly PoolFacts[]): string | undefined {
  const same = pools.flatMap(({ auth }) => (auth && auth.uuid === own.uuid && auth.uuid !== "" ? auth : []));
  return own.usage ?? same.find(({ usage }) => usage !== undefined)?.usage;
}

/**
 * Puts pools that are tied, directly or through others, into one group.
 *
 * @returns the groups in the order of their first pools, each in the pools' order
 */
export function groupPools<T extends PoolFacts>(pools: readonly T[], tied: (one: T, other: T) => boolean): T[][] {
  const groups: T[][] = [];
  for (const pool of pools) {
    // A pool may tie together what stood apart so far.
    const [first, ...others] = groups.filter((group) => group.some((one) => tied(one, pool)));
    if (!first) groups.push([pool]);
    else first.push(...others.flatMap((group) => groups.splice(groups.indexOf(group), 1).flat()), pool);
  }
  return groups.map((group) => pools.filter((pool) => group.includes(pool)));
}
