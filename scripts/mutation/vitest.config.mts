import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import { vitePlugin } from "../templates.mjs";
import { NearestFirst } from "./nearest-first.mjs";

export default defineConfig({
  plugins: [vitePlugin],
  test: {
    // For a sample of one folder its own tests are enough, and asking all of them what they meet takes minutes.
    include: [`test/${process.env.MUTATION_TESTS ?? "{patch,host,virtinst,system,commands}"}/**/*.test.ts`],
    // Those of the function in the templates say nothing of src: scripts/mutate-template.mjs asks them.
    exclude: ["test/patch/helper/**"],
    testTimeout: 60_000,
    globalSetup: [resolve("test/support/global-setup.ts")],
    setupFiles: [resolve("test/support/environment.ts"), resolve("scripts/mutation/setup.ts")],
    sequence: { sequencer: NearestFirst },
    env: { NODE_UNDER_TEST: resolve("scripts/mutation/node.sh"), NODE_TO_RUN: process.execPath },
  },
});
