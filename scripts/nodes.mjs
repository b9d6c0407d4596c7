import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";

/** The Nodes that the tool is measured with: the oldest that it runs on, and the two after it. */
export const NODES = ["16.20.2", "20.20.2", "22.22.0"];

/**
 * Installs a Node from the npm registry, unless it is there. Not among the devDependencies: its `node` would come before
 * the machine's own in every npm script.
 *
 * @param {string} version
 * @returns {string | null} its path; null where it could not be installed
 */
export function install(version) {
  const folder = resolve(`node_modules/.cache/node-${version}`);
  const node = `${folder}/node_modules/node/bin/node`;
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    const words = ["--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error", `node@${version}`];
    spawnSync("npm", ["install", ...words], { stdio: "inherit" });
  }
  return spawnSync(node, ["--version"], { encoding: "utf8" }).stdout?.trim() === `v${version}` ? node : null;
}
