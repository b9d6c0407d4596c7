import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { vitePlugin } from "./scripts/templates.mjs";

/** In each project: beside the projects it would run once more. */
const globalSetup = ["test/support/global-setup.ts"];

/** Unit tests that replace modules, send signals or count their handlers. */
export const ALONE = [
  "test/host/virsh-answers.test.ts",
  ...["read", "replace", "run", "signals", "ssh", "write"].map((name) => `test/system/${name}.test.ts`),
];

/** Tests that run the standalone script: it is compared with the tool, or runs over ssh. */
const SCRIPT = ["test/both/*.test.ts", "test/commands/over-ssh.test.ts"];

const UNIT = {
  // The files of a worker share the modules, which takes a third of the time.
  isolate: false,
  globalSetup,
  setupFiles: ["test/support/environment.ts"],
  testTimeout: 60_000,
};

/** End-to-end tests that neither change nor use the virtinst and libvirt of this machine: others can run beside them. */
const APART = ["attributes", "completion", "conformance", "man", "node-versions", "patch-file"].map(
  (name) => `test/e2e/${name}.test.ts`,
);

const END_TO_END = { globalSetup, fileParallelism: false, testTimeout: 300_000, hookTimeout: 600_000 };

export default defineConfig({
  plugins: [vitePlugin],
  test: {
    // A forgotten test.only fails: it leaves out the tests beside it.
    allowOnly: false,
    // More than processors: many tests wait for something else than a program that they run.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    projects: [
      {
        extends: true,
        test: {
          ...UNIT,
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/faults/**", ...ALONE, ...SCRIPT],
        },
      },
      {
        extends: true,
        test: { ...UNIT, isolate: true, name: "unit-alone", include: ALONE },
      },
      {
        extends: true,
        test: { ...UNIT, name: "script", include: SCRIPT },
      },
      {
        extends: true,
        test: { ...END_TO_END, name: "e2e", include: ["test/e2e/*.test.ts"], exclude: APART },
      },
      {
        extends: true,
        test: { ...END_TO_END, name: "e2e-apart", include: APART },
      },
      {
        extends: true,
        // Each test takes both processors by itself; with everything (FAULTS=all npm run test:faults) they take an hour.
        test: {
          name: "faults",
          globalSetup,
          include: ["test/faults/*.test.ts"],
          fileParallelism: false,
          testTimeout: process.env.FAULTS === "all" ? 7_200_000 : 300_000,
        },
      },
    ],
    reporters: ["default", ["json", { outputFile: process.env.REPORT ?? ".report/tests.json" }]],
  },
});
