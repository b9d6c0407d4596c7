// The tests that Stryker runs, without those of the injected function: scripts/mutate-template.mjs runs them. The
// environment variable MUTATION_TESTS names other tests, for example test/patch.
import { defineConfig } from "vitest/config";
import { vitePlugin } from "./templates.mjs";

const tests = process.env.MUTATION_TESTS;

export default defineConfig({
  plugins: [vitePlugin],
  test: {
    include: tests
      ? [`${tests}/**/*.test.ts`, tests]
      : ["test/{patch,host,virtinst,system}/**/*.test.ts", "test/commands/over-ssh.test.ts"],
    exclude: ["test/patch/helper/**"],
    globalSetup: ["test/support/global-setup.ts"],
    setupFiles: ["test/support/environment.ts"],
    testTimeout: 60_000,
  },
});
