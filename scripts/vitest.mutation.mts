// The tests that Stryker runs, without those of the injected function: scripts/mutate-template.mjs runs them. The
// environment variable MUTATION_TESTS names other tests: patterns of files, separated by spaces.
import { defineConfig } from "vitest/config";
import { vitePlugin } from "./templates.mjs";

const TESTS = "test/{patch,host,virtinst,system}/**/*.test.ts test/commands/over-ssh.test.ts";

export default defineConfig({
  plugins: [vitePlugin],
  test: {
    include: (process.env.MUTATION_TESTS ?? TESTS).split(" "),
    exclude: ["test/patch/helper/**"],
    globalSetup: ["test/support/global-setup.ts"],
    setupFiles: ["test/support/environment.ts"],
    testTimeout: 60_000,
  },
});
