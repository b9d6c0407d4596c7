// Mutation tests of the sources: npm run test:mutation -- --mutate src/patch/merge.ts. All of them take hours.
// Only what tests call in their own process counts: a mutant in a process that they start is never active.
/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: ["src/patch/**/*.ts", "src/host/**/*.ts", "src/virtinst/**/*.ts", "src/system/**/*.ts"],
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "scripts/vitest.mutation.mts" },
  // Test files call the sources when they are loaded too: that alone would run all tests for each mutant.
  ignoreStatic: true,
  // Stryker cannot read the settings of TypeScript 7.
  tsconfigFile: "none.json",
  timeoutMS: 20_000,
  tempDirName: ".report/stryker",
  ignorePatterns: ["/.report", "/bench"],
  reporters: ["clear-text", "json"],
  clearTextReporter: { allowColor: false, reportTests: false, allowEmojis: false },
  jsonReporter: { fileName: ".report/mutation.json" },
  thresholds: { high: 95, low: 90, break: 90 },
};
