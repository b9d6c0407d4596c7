// What `npm run test:mutation` does to the sources; scripts/mutation says how it is run.
/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: ["src/patch/**/*.ts", "src/host/**/*.ts", "src/virtinst/**/*.ts", "src/system/**/*.ts"],
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  // `related` would leave out the tests that meet the sources in a child process only.
  vitest: { configFile: "scripts/mutation/vitest.config.mts", related: false },
  // The tests of the command line run the built file: it has to have the mutants in it.
  buildCommand: "node scripts/build.mjs",
  coverageAnalysis: "perTest",
  // It reads no TypeScript project: its preprocessor knows TypeScript up to 6 only, and there is none to change.
  tsconfigFile: "none.json",
  concurrency: 2,
  timeoutMS: 20_000,
  tempDirName: ".report/stryker",
  ignorePatterns: ["/.report", "/dist", "/bench"],
  reporters: ["clear-text", "json", "html"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, allowEmojis: false },
  jsonReporter: { fileName: ".report/mutation.json" },
  htmlReporter: { fileName: ".report/mutation.html" },
  thresholds: { high: 95, low: 90, break: 90 },
};
