import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { pythonMajor, TARGET_FILES } from "../../src/virtinst/layouts";

test("the newest layout is looked for first, and virt-manager 2.0 is the first that runs on Python 3", () => {
  expect(TARGET_FILES).toEqual(["virtinst/install/installer.py", "virtinst/installer.py", "virtinst/guest.py"]);
  expect(TARGET_FILES.map(pythonMajor)).toEqual([3, 3, 2]);
  expect(pythonMajor("virtinst/other.py")).toBe(3);
});

test("the golden patches, the schemas and the architecture diagram are up to date (npm run generate)", () => {
  const { status, stderr } = spawnSync("node", ["scripts/generate.mjs", "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
