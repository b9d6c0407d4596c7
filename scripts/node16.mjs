// Runs the command-line tests with the tool under Node 16, builds it there, and meets Nodes that are too old, all from the npm registry;
// vitest itself needs a newer Node.
import { spawnSync } from "node:child_process";
import { install, NODES } from "./nodes.mjs";

const [OLDEST = ""] = NODES;
// The oldest that the registry has for today's Linux, that of Debian 9, and one whose modules and syntax are nearly new.
const TOO_OLD = ["0.12.18", "4.9.1", "12.22.12"];

const node = install(OLDEST);
if (!node) {
  console.error(`Node ${OLDEST} could not be installed from the npm registry.`);
  process.exit(1);
}
const tooOld = TOO_OLD.map((version) => [version, install(version)]);
const tests = [
  "test/cli.test.ts",
  "test/build.test.ts",
  "test/old-node.test.ts",
  "test/commands",
  "test/host",
  "test/virtinst",
];
const { status } = spawnSync("npx", ["vitest", "run", "--project", "unit", ...tests], {
  stdio: "inherit",
  env: { ...process.env, NODE_UNDER_TEST: node, OLD_NODES: JSON.stringify(Object.fromEntries(tooOld)) },
});
process.exit(status ?? 1);
