import { type CephPool, monitorText, secretText } from "./facts";

/** The differences between the pools of a patch and those of a host, as parts of a sentence. */
export function compareFacts(patch: readonly CephPool[], host: readonly CephPool[]): string[] {
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
  // Such as two pools that are one entry here and two there.
  return differences.length > 0 ? differences : ["the pools belong together in another way"];
}

/** What is said of each libvirt pool: there may be thousands. */
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
