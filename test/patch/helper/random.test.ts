import fc from "fast-check";
import { expect, it } from "vitest";
import { type Call, type Job, type Ran, runBlocks } from "../../support/helper";
import { expectSound, formsOf, once, onEachPython } from "../../support/helper-cases";
import { isWithin, oracle, outline } from "../../support/helper-oracle";
import { RANDOM_DOMAIN, RANDOM_POOLS } from "../../support/helper-random";

// Other ones in each run, the same on each Python; the message of a failure holds the very domain. Several domains for
// the same pools: a block takes longer to compile than to run.
const samples = once(() =>
  fc
    .sample(fc.tuple(RANDOM_POOLS, fc.array(RANDOM_DOMAIN, { minLength: 4, maxLength: 4 })), 60)
    .map(([pools, texts]) => ({
      pools,
      domains: texts.map((before) => ({ before, ...oracle(outline(before), pools) })),
    })),
);

it("many random domains change, many are logged, and many stay", () => {
  const all = samples().flatMap(({ domains }) => domains);
  const changed = all.filter(({ before, want }) => JSON.stringify(want) !== JSON.stringify(outline(before)));
  const logged = all.filter(({ lines }) => lines > 0);
  expect(changed.length).toBeGreaterThan(20);
  expect(logged.length).toBeGreaterThan(20);
  expect(all.filter((sample) => !changed.includes(sample) && !logged.includes(sample)).length).toBeGreaterThan(20);
});

onEachPython((interpreter) => {
  it("random domains become what the oracle expects", () => {
    const jobs = samples().map(
      ({ pools, domains }): Job => ({ pools, values: domains.map(({ before }) => ["text", before]) }),
    );
    const answers = runBlocks(interpreter, jobs);
    for (const [index, { pools, domains }] of samples().entries()) {
      const { calls, names } = answers[index] as Ran;
      expect(names).toEqual(["_virtinst_rbd_patch"]);
      for (const [at, { before, want, lines, replaces }] of domains.entries()) {
        expect(calls[at]).toHaveLength(formsOf(interpreter));
        for (const call of calls[at] as Call[]) {
          expectSound(call);
          const after = call.text as string;
          const message = JSON.stringify({ pools, before, after, log: call.log });
          expect(outline(after), message).toEqual(want);
          // A source that opens up loses the white space before its slash.
          expect(replaces || isWithin(before.replace(/\s+(?=\/>)/g, ""), after), message).toBe(true);
          expect(call.log, message).toHaveLength(lines);
        }
      }
    }
  });
});
