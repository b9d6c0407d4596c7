import { quoted } from "../failure";
import { type CephPool, overlap, type PoolFacts, poolNames, sameCredentials } from "../patch/facts";
import { mergePools } from "../patch/merge";
import type { ResolvedFacts } from "./resolve-facts";

/**
 * Decides what becomes of pools that only their users tell apart, and says of which volumes a user is not certain.
 *
 * virt-manager 1.5 and later write a pool's user into its disks (not always its secret), earlier ones do not.
 *
 * @param facts what `resolveFacts` gave
 * @param copiesUser whether the virtinst that is to be patched does; asked only where it matters
 * @returns the same facts, with pools that nothing tells apart among the broken ones
 */
export function settleUsers(facts: ResolvedFacts, copiesUser: () => boolean): ResolvedFacts {
  const { byUser, others } = facts;
  const names = new Set(facts.cephPools.map(({ name }) => name));
  if (names.size === facts.cephPools.length && others.every(({ cephPool }) => !names.has(cephPool))) return facts;
  const told = copiesUser();
  const out = new Set(told ? [] : byUser.flatMap(({ pools }) => pools));
  const pools = out.size > 0 ? facts.pools.filter(({ pool }) => !out.has(pool)) : facts.pools;
  const cephPools = out.size > 0 ? mergePools(pools) : facts.cephPools;
  return {
    ...facts,
    pools,
    cephPools,
    broken: told ? facts.broken : [...facts.broken, ...byUser],
    notes: [
      ...facts.notes,
      ...cephPools.flatMap((one) => ambiguity(one, cephPools, told)),
      ...cephPools.flatMap((one) => widening(one, pools, others, told)),
    ],
  };
}

/** Whether disks of one pool state a user that those of the other do not. */
function tells(one: Pick<PoolFacts, "auth">, other: Pick<PoolFacts, "auth">): boolean {
  return one.auth !== null && one.auth.username !== other.auth?.username;
}

/** What is to be said of a pool without monitors, whose disks say nothing of their cluster. */
function ambiguity(one: CephPool, all: readonly CephPool[], told: boolean): string[] {
  const others = all.filter((other) => other !== one && other.name === one.name);
  // With the same credentials there is one cluster; without any, only monitors tell two apart.
  const unlike = others.filter((other) => !one.auth || !sameCredentials(one, other));
  const mixed = unlike.filter((other) => !(told && tells(one, other)));
  if (one.monitors.length > 0 || mixed.length === 0) return [];
  return [
    `A disk of pool ${quoted(poolNames([one]))} lists no monitor, and cannot be told from one of pool ${quoted(poolNames(mixed))}: it is left as it is. Choose one with --pool.`,
  ];
}

/** What is to be said of pools that --pool leaves out, whose volumes get the same as those of one that it takes. */
function widening(
  { libvirtPools, name, auth }: CephPool,
  pools: readonly PoolFacts[],
  others: readonly PoolFacts[],
  told: boolean,
): string[] {
  const own = pools.filter(({ pool }) => libvirtPools.includes(pool));
  const alike = others.filter((other) => {
    const near = pools.filter((one) => overlap(one, other));
    // Where several fit, a disk is left as it is.
    const single = near.every((one) => sameCredentials(one, near[0] as PoolFacts));
    return single && own.some((one) => near.includes(one)) && !sameCredentials(own[0] as PoolFacts, other);
  });
  const mixed = alike.filter((other) => !(told && tells(other, { auth })));
  if (mixed.length === 0) return [];
  const same = auth && mixed.every((other) => other.auth?.username === auth.username);
  const gets = auth
    ? `${same ? "the secret" : `the user ${JSON.stringify(auth.username)}`} of`
    : "no user, as those of";
  return [
    `Volumes of pool ${quoted(mixed.map(({ pool }) => pool))} get ${gets} pool ${quoted(libvirtPools)}${auth ? " too" : ""}: they are in the same Ceph pool ${JSON.stringify(name)}, and nothing tells them apart.`,
  ];
}
