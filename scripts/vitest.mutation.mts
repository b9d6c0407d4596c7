// The tests that Stryker runs for the sources of one layer: see ../stryker.config.mjs. Those of the injected function are
// left out: scripts/mutate-template.mjs runs them.
import { defineConfig } from "vitest/config";
import { LAYER } from "../stryker.config.mjs";
import { ALONE } from "../vitest.config.mts";
import { vitePlugin } from "./templates.mjs";

const include = [`test/${LAYER}/*.test.ts`, ...(LAYER === "patch" ? ["test/commands/hook.test.ts"] : [])];
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
