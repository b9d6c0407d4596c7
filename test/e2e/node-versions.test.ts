import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { TOOL, target } from "../support/cli";

/** A Node from the npm registry. Not a devDependency: npm would put its `node` first in every script's PATH. */
function install(version: string): string {
  const folder = resolve(`node_modules/.cache/node-${version}`);
  const node = `${folder}/node_modules/node/bin/node`;
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    // npm 11.19 refuses --allow-scripts in the folder of a project.
    writeFileSync(`${folder}/package.json`, JSON.stringify({ private: true, allowScripts: { node: true } }));
    const options = ["--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error"];
    spawnSync("npm", ["install", ...options, `node@${version}`], { stdio: "inherit" });
  }
  const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
  expect(stdout?.trim(), `Node ${version} could not be installed from the npm registry`).toBe(`v${version}`);
  return node;
}

test("Node 18, the oldest supported one, inspects, patches, verifies and reverts", () => {
  const node = install("18.20.8");
  const { options, pristine, read } = target("installer-4.0");
  const run = (...args: string[]) => spawnSync(node, [TOOL, ...args], { encoding: "utf8" });
  for (const command of ["inspect", "apply", "verify", "apply"]) {
    const { status, stderr } = run(command, ...options);
    expect({ command, status }, stderr).toEqual({ command, status: 0 });
  }
  expect(read()).toContain("_virtinst_rbd_patch");
  expect(run("revert", ...options.slice(-2)).status).toBe(0);
  expect(read()).toBe(pristine.toString());
});

// That of Ubuntu 18.04, of Debian 11, and the last one that is too old.
test.each(["8.10.0", "12.22.12", "16.20.2"])("Node %s is refused with one sentence and exit code 2", (version) => {
  const node = install(version);
  for (const args of [["--version"], ["apply", "--check", "--json"], []]) {
    const { status, stdout, stderr } = spawnSync(node, [TOOL, ...args], { encoding: "utf8" });
    const message = `virtinst-rbd-patch: Node 18 or later is needed, this is Node ${version}.\n`;
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: "", stderr: message });
  }
});
