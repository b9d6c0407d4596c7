import {
  type CephPool,
  type Credentials,
  type Monitor,
  overlap,
  type ResolvedPool,
  sameCredentials,
  sameMonitor,
} from "./pools";

/**
 * Merges libvirt pools into one entry for each Ceph pool of a cluster and each of its credentials. Pools of the same
 * Ceph pool are in one cluster if they share a monitor, directly or through other pools with any credentials.
 *
 * If each pool had its own entry, a disk of `libvirtpool` (.1, .2, .3) would get the monitors of `adead` (.9, .1), the
 * first in the alphabet: measured on a real cluster with virt-manager 1.2 to 1.4.
 *
 * @param pools sorted by name
 * @returns the entries, sorted by the name of their first pools; monitors in the order of the pools, without duplicates
 */
export function mergePools(pools: readonly ResolvedPool[]): CephPool[] {
  const entries = groupPools(pools, overlap).flatMap((cluster) => groupPools(cluster, sameCredentials));
  const first = ([pool]: readonly ResolvedPool[]) => pools.indexOf(pool as ResolvedPool);
  return entries
    .sort((one, other) => first(one) - first(other))
    .map((own) => {
      const [{ cephPool, auth }] = own as [ResolvedPool];
      const usage = auth && usageOf(auth, pools);
      const monitors: Monitor[] = [];
      // A monitor without a port equals any port, but does not replace a monitor with a port.
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

/** The usage of a secret, if any of the pools names the secret by usage. */
function usageOf(own: Credentials, pools: readonly ResolvedPool[]): string | undefined {
  const same = pools.flatMap(({ auth }) => (auth && auth.uuid === own.uuid && auth.uuid !== "" ? auth : []));
  return own.usage ?? same.find(({ usage }) => usage !== undefined)?.usage;
}

/**
 * Puts pools that are tied, directly or through other pools, into one group.
 *
 * @returns the groups in the order of their first pools; the pools of a group in their original order
 */
export function groupPools<T extends ResolvedPool>(pools: readonly T[], tied: (one: T, other: T) => boolean): T[][] {
  const groups: T[][] = [];
  for (const pool of pools) {
    // A pool may tie together groups that were separate so far.
    const [first, ...others] = groups.filter((group) => group.some((one) => tied(one, pool)));
    if (!first) groups.push([pool]);
    else first.push(...others.flatMap((group) => groups.splice(groups.indexOf(group), 1).flat()), pool);
  }
  return groups.map((group) => pools.filter((pool) => group.includes(pool)));
}
