// Installs the build tools where they are missing or older than the lock file.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";

/** @param {string} path */
const time = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (time("node_modules/.package-lock.json") < time("package-lock.json")) {
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { stdio: "inherit" });
  process.exit(status ?? 1);
}
