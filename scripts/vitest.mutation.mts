// The tests that Stryker runs for the sources of one layer: see ../stryker.config.mjs. Those of the injected function are
// left out: scripts/mutate-template.mjs runs them.
import { defineConfig } from "vitest/config";
import { LAYER } from "../stryker.config.mjs";
import { ALONE } from "../vitest.config.mts";
import { vitePlugin } from "./templates.mjs";

const OWN = `test/${LAYER}/*.test.ts`;
/** Commands that are tested in process, and call sources of a layer that OWN does not. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  patch: ["test/commands/hook.test.ts"],
  ssh: ["test/commands/over-ssh.test.ts"],
};
const include = [OWN, ...(COMMANDS[LAYER] ?? [])];
const alone = ALONE.filter((file) => file.startsWith(`test/${LAYER}/`));

export default defineConfig({
  plugins: [vitePlugin],
  test: {
    projects: [
      // Without isolation, a mutant takes a third of the time.
      { extends: true, test: { name: "unit", include, exclude: alone, isolate: false } },
      { extends: true, test: { name: "unit-alone", include: alone } },
    ],
    globalSetup: ["test/support/global-setup.ts"],
    setupFiles: ["test/support/environment.ts"],
    testTimeout: 60_000,
  },
});
