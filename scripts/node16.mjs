// Runs the command-line tests with the tool under Node 16, from the npm registry; vitest itself needs a newer Node.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";

const VERSION = "16.20.2";
const folder = resolve("node_modules/.cache/node16");
const node = `${folder}/node_modules/node/bin/node`;
if (!existsSync(node)) {
  mkdirSync(folder, { recursive: true });
  // Not among the devDependencies: its `node` would come before the machine's own in every npm script.
  spawnSync("npm", ["install", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error", `node@${VERSION}`], {
    stdio: "inherit",
  });
}
const found = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout?.trim();
if (found !== `v${VERSION}`) {
  console.error(`Node ${VERSION} could not be installed from the npm registry (found: ${found ?? "none"}).`);
  process.exit(1);
}
const tests = ["test/cli.test.ts", "test/commands", "test/host", "test/virtinst"];
const { status } = spawnSync("npx", ["vitest", "run", "--project", "unit", ...tests], {
  stdio: "inherit",
  env: { ...process.env, NODE_UNDER_TEST: node },
});
process.exit(status ?? 1);
