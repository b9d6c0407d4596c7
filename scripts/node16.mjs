// Runs the command-line tests with the tool under Node 16, and meets Nodes that are too old, all from the npm registry;
// vitest itself needs a newer Node.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";

const VERSION = "16.20.2";
// The oldest that the registry has for today's Linux, that of Debian 9, and one whose modules and syntax are nearly new.
const TOO_OLD = ["0.12.18", "4.9.1", "12.22.12"];

/**
 * Installs a Node, unless it is there.
 *
 * @param {string} version
 * @param {string} folder
 * @returns {{ readonly node: string | null, readonly found: string }} null where it could not be installed
 */
function install(version, folder) {
  const node = `${folder}/node_modules/node/bin/node`;
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    // Not among the devDependencies: its `node` would come before the machine's own in every npm script.
    spawnSync(
      "npm",
      ["install", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error", `node@${version}`],
      {
        stdio: "inherit",
      },
    );
  }
  const found = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout?.trim() || "none";
  return { node: found === `v${version}` ? node : null, found };
}

const { node, found } = install(VERSION, resolve("node_modules/.cache/node16"));
if (!node) {
  console.error(`Node ${VERSION} could not be installed from the npm registry (found: ${found}).`);
  process.exit(1);
}
const tooOld = TOO_OLD.map((version) => [
  version,
  install(version, resolve(`node_modules/.cache/node-${version}`)).node,
]);
const tests = ["test/cli.test.ts", "test/old-node.test.ts", "test/commands", "test/host", "test/virtinst"];
const { status } = spawnSync("npx", ["vitest", "run", "--project", "unit", ...tests], {
  stdio: "inherit",
  env: { ...process.env, NODE_UNDER_TEST: node, OLD_NODES: JSON.stringify(Object.fromEntries(tooOld)) },
});
process.exit(status ?? 1);
