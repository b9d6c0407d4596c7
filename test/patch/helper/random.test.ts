import fc from "fast-check";
import { expect, it } from "vitest";
import { once, onEachPython } from "../../support/helper-cases";
import { expectRight, oracle, outline } from "../../support/helper-oracle";
import { RANDOM_DOMAIN, RANDOM_POOLS } from "../../support/helper-random";

// Other ones in each run, the same on each Python; the message of a failure holds the very domain. Several domains for
// the same pools: a block takes longer to compile than to run.
const samples = once(() =>
  fc
    .sample(fc.tuple(RANDOM_POOLS, fc.array(RANDOM_DOMAIN, { minLength: 4, maxLength: 4 })), 60)
    .map(([pools, texts]) => ({ pools, texts })),
);

it("the random domains of this test include changed, logged and unchanged ones", () => {
  const all = samples().flatMap(({ pools, texts }) =>
    texts.map((text) => {
      const before = outline(text);
      const { want, lines } = oracle(before, pools);
      return { isChanged: JSON.stringify(want) !== JSON.stringify(before), isLogged: lines > 0 };
    }),
  );
  expect(all.filter(({ isChanged }) => isChanged).length).toBeGreaterThan(20);
  expect(all.filter(({ isLogged }) => isLogged).length).toBeGreaterThan(20);
  expect(all.filter(({ isChanged, isLogged }) => !isChanged && !isLogged).length).toBeGreaterThan(20);
});

onEachPython((interpreter) => {
  it("random domains are changed as an independent implementation changes them", () =>
    void expectRight(interpreter, samples()));
});
