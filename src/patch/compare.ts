import { type CephPool, monitorText, secretText } from "./pools";

/** The differences between the pools of a patch and those of a host, as parts of a sentence. */
export function comparePools(patch: readonly CephPool[], host: readonly CephPool[]): string[] {
  const shape = (pools: readonly CephPool[]) =>
    JSON.stringify(pools.map((pool) => [pool.libvirtPools, describe(pool)]));
  if (shape(patch) === shape(host)) return [];
  const [byPatch, byHost] = [byName(patch), byName(host)];
  const differences = [...byPatch.keys()].flatMap((name) => {
    const [theirs, ours] = [byPatch.get(name), byHost.get(name)];
    if (!theirs || !ours) return [`pool ${JSON.stringify(name)} is not on this host`];
    return Object.keys(theirs)
      .filter((fact) => theirs[fact] !== ours[fact])
      .map(
        (fact) => `${fact} of pool ${JSON.stringify(name)}: ${theirs[fact]} in the patch, ${ours[fact]} on this host`,
      );
  });
  // For example, two pools are one entry in the patch, but two entries on this host.
  return differences.length > 0 ? differences : ["the pools are grouped differently"];
}

/** The properties of each libvirt pool. A map, because there may be thousands of pools. */
function byName(pools: readonly CephPool[]): Map<string, Record<string, string>> {
  return new Map(pools.flatMap((pool) => pool.libvirtPools.map((name) => [name, describe(pool)] as const)));
}

function describe({ name, monitors, auth }: CephPool): Record<string, string> {
  return {
    "Ceph pool": name,
    user: auth?.username ?? "none",
    secret: auth ? secretText(auth) : "none",
    monitors: monitors.map(monitorText).join(", ") || "none",
  };
}
