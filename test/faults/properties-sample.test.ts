import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { overlap, type PoolFacts, sameCredentials } from "../../src/patch/facts";
import { mergePools } from "../../src/patch/merge";
import { sampleDomain } from "../../src/patch/sample";
import { ANY_POOL } from "../support/any-text";
import { type Call, type Ran, runBlocks } from "../support/helper";
import { expectSound, onPythons, PYTHONS } from "../support/helper-cases";
import { RANDOM_POOLS } from "../support/helper-random";
import { RUNS, TIMEOUT } from "../support/runs";

vi.setConfig({ testTimeout: TIMEOUT });

// What `verify` holds a block against: were the sample wrong, it would call a block that works broken.

// Beginnings of the name that the sample has for a pool of nobody's.
const FOREIGN = "virtinst-rbd-patch-foreign";
const LIKE_FOREIGN = fc.constantFrom(
  "v",
  "virt",
  "x",
  "x-",
  "x-x",
  FOREIGN,
  `${FOREIGN}-1`,
  `x-${FOREIGN}`,
  `${FOREIGN}/virt-1`,
);
const POOLS = fc
  .array(
    fc.oneof(
      ANY_POOL,
      fc.tuple(ANY_POOL, LIKE_FOREIGN).map(([pool, cephPool]): PoolFacts => ({ ...pool, cephPool })),
      RANDOM_POOLS.map(([pool]) => pool as PoolFacts),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((pools) => pools.map((one, index): PoolFacts => ({ ...one, pool: `${index}${one.pool}` })))
  // No host's facts may say so (`resolveFacts`): of those of one Ceph pool, each has a user, and each user one secret.
  .filter((all) => all.every((one) => all.every((other) => fits(one, other) || !overlap(one, other))));

function fits(one: PoolFacts, other: PoolFacts): boolean {
  return sameCredentials(one, other) || Boolean(one.auth && other.auth && one.auth.username !== other.auth.username);
}

it("a sample is made of any pools, and one disk in it is in none of them", () => {
  fc.assert(
    fc.property(POOLS, (pools) => {
      const { before, after, disks } = sampleDomain(pools);
      const foreign = disks.at(-1);
      expect(foreign?.before).toBe(foreign?.after);
      expect(before).toContain(foreign?.before);
      expect(after).toContain(foreign?.after);
      const [, image] = / protocol="rbd" name="([^"]*)"/.exec(foreign?.before ?? "") ?? [];
      expect(mergePools(pools).some(({ name }) => image?.startsWith(`${name}/`))).toBe(false);
    }),
    { numRuns: RUNS(200, 20_000) },
  );
});

onPythons(PYTHONS, (python) => {
  it("a block makes of the sample what the sample says, and leaves it so", () => {
    fc.assert(
      fc.property(fc.array(POOLS, { minLength: 1, maxLength: 40, size: "max" }), (hosts) => {
        const samples = hosts.map((pools) => sampleDomain(pools));
        const jobs = hosts.map((pools, index) => ({
          pools,
          values: [["text", samples[index]?.before ?? ""] as const, ["text", samples[index]?.after ?? ""] as const],
        }));
        for (const [index, { calls }] of (runBlocks(python, jobs) as Ran[]).entries())
          for (const call of calls.flat() as Call[]) {
            expectSound(call);
            expect(call.text).toBe(samples[index]?.after);
          }
      }),
      { numRuns: RUNS(3, 20) },
    );
  });
});
