import { type CephPool, type Monitor, overlap, type PoolFacts, sameCredentials, sameMonitor } from "./facts";

/**
 * One entry for one cluster: libvirt pools of the same Ceph pool that share a monitor and have the same credentials.
 *
 * With one entry for each, a disk of `libvirtpool` (.1, .2, .3) would get the monitors of a pool `adead` (.9, .1) instead
 * of its own, because of the alphabet: measured on a real cluster with virt-manager 1.2 to 1.4.
 *
 * @param pools in the order of their names
 * @returns the entries, in the order of their first pools' names; each monitor of theirs once, in the pools' order
 */
export function mergePools(pools: readonly PoolFacts[]): CephPool[] {
  const clusters: PoolFacts[][] = [];
  for (const pool of pools) {
    // A pool may tie together what stood apart so far.
    const tied = clusters.filter((cluster) => cluster.some((one) => overlap(one, pool) && sameCredentials(one, pool)));
    const [first, ...others] = tied;
    if (!first) clusters.push([pool]);
    else first.push(...others.flatMap((cluster) => clusters.splice(clusters.indexOf(cluster), 1).flat()), pool);
  }
  return clusters.map((cluster) => {
    const own = pools.filter((pool) => cluster.includes(pool));
    const [{ cephPool, auth }] = own as [PoolFacts];
    const monitors: Monitor[] = [];
    // One without a port equals any, and takes the place of none.
    for (const monitor of own.flatMap((pool) => pool.monitors))
      if (!monitors.some((kept) => sameMonitor(kept, monitor) && kept.port === monitor.port)) monitors.push(monitor);
    return { libvirtPools: own.map(({ pool }) => pool), name: cephPool, monitors, auth };
  });
}
