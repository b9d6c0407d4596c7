// Checks the version of Node, and installs the build tools if they are missing or older than the lock file.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Building and testing need Node 20.19 or later, this is Node ${process.versions.node}.`);
  process.exit(2);
}

/** @param {string} path */
const time = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (time("node_modules/.package-lock.json") < time("package-lock.json")) {
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { stdio: "inherit" });
  process.exit(status ?? 1);
}
