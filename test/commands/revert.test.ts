import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cli, PLAIN, target } from "../support/cli";

test("revert keeps what somebody edited outside the patch, and reports it", async () => {
  const { options, folder, edit, path, pristine } = target(PLAIN);
  await cli(["apply", ...options]);
  edit("import os\n", "import os\n# mine\n");
  const { code, stderr } = await cli(["revert", "--virtinst", folder]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/changed outside the patch\. These changes, and the modification time, are kept\./);
  expect(readFileSync(path, "utf8")).toBe(pristine.toString().replace("import os\n", "import os\n# mine\n"));
});

test("revert runs no Python, and ignores --python", async () => {
  const { options, folder } = target(PLAIN);
  await cli(["apply", ...options]);
  expect((await cli(["revert", "--virtinst", folder, "--python", "/nowhere"])).code).toBe(0);
});
