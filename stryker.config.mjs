// Mutation tests of the sources of a layer, with the tests of that layer: LAYER=host npm run test:mutation
// Only what tests call in their own process counts: a mutant in a process that they start is never active.

/** A folder in src/. */
export const LAYER = process.env.LAYER ?? "patch";

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: [`src/${LAYER}/*.ts`],
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "scripts/vitest.mutation.mts" },
  // Test files call the sources when they are loaded too: that alone would run all tests for each mutant.
  ignoreStatic: true,
  // Stryker cannot read the settings of TypeScript 7.
  tsconfigFile: "none.json",
  timeoutMS: 10_000,
  tempDirName: ".report/stryker",
  ignorePatterns: ["/.report", "/bench"],
  reporters: ["progress-append-only", "clear-text", "json"],
  clearTextReporter: { allowColor: false, reportTests: false, allowEmojis: false },
  jsonReporter: { fileName: `.report/mutation-${LAYER}.json` },
  thresholds: { high: 95, low: 90, break: 90 },
};
