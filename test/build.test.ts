import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { licencesOf } from "../scripts/licences.mjs";
import { NODE, TOOL, temporaryFolder } from "./support/cli";

test("a second build in another folder writes the same bytes", () => {
  const file = join(temporaryFolder(), "below/tool");
  const { status, stderr } = spawnSync(NODE, ["scripts/build.mjs", file], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  expect(readFileSync(file).equals(readFileSync(TOOL))).toBe(true);
  const licences = (path: string) => readFileSync(join(path, "../LICENSES"), "utf8");
  expect(licences(file)).toBe(licences(TOOL));
});

test("the golden patches, the schemas and the architecture diagram are up to date (npm run generate)", () => {
  const { status, stderr } = spawnSync(NODE, ["scripts/generate.mjs", "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

test("the demo passes on a machine without libvirt", () => {
  const demo = spawnSync(NODE, ["scripts/demo.mjs"], { encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });
  expect(demo.status).toBe(0);
  expect(demo.stdout).toMatch(/^\+ +<secret type="ceph" usage=[\s\S]*The demo passed/m);
});

test("a package without a licence file is not bundled", () => {
  const folder = join(temporaryFolder(), "loose");
  const loose = { folder, name: "loose", version: "1.0.0", license: "MIT" };
  mkdirSync(folder);
  writeFileSync(join(folder, "README.md"), "MIT\n");
  expect(() => licencesOf([loose])).toThrow(`${folder} has no licence file`);
  writeFileSync(join(folder, "LICENCE.txt"), "Do as you like.\n");
  expect(licencesOf([loose])).toMatch(/\nloose 1\.0\.0 \(MIT\)\n\nDo as you like\.\n$/);
});
