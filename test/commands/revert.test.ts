import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cli, eachLayout, PLAIN, target } from "../support/cli";

test("revert keeps what somebody edited outside the patch, and reports it", async () => {
  const { options, folder, edit, path, pristine } = target(PLAIN);
  await cli(["apply", ...options]);
  edit("import os\n", "import os\n# mine\n");
  const { code, stderr } = await cli(["revert", "--virtinst", folder]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/changed outside the patch\. These changes, and the modification time, are kept\./);
  expect(readFileSync(path, "utf8")).toBe(pristine.toString().replace("import os\n", "import os\n# mine\n"));
});

test("apply and revert refuse a patch with a lost marker, and report how to restore the file", async () => {
  const { options, folder, edit, path } = target(PLAIN);
  await cli(["apply", ...options]);
  edit("        # <<< virtinst-rbd-patch\n", "");
  const before = readFileSync(path);
  for (const words of [
    ["revert", "--virtinst", folder],
    ["apply", ...options],
  ])
    expect(await cli(words)).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(
        /installer\.py, line \d+: the patch's marker lines are not complete and in order\. Nothing was written\.\n.*reinstall/,
      ),
    });
  expect(readFileSync(path).equals(before)).toBe(true);
});

eachLayout(({ name }) => {
  test("the sed command in the patched file removes the patch without this tool", async () => {
    const { options, path, pristine } = target(name);
    expect((await cli(["apply", ...options])).code).toBe(0);
    const [, command = ""] = /^# Without it: (sed .*) FILE$/m.exec(readFileSync(path, "utf8")) ?? [];
    execFileSync("sh", ["-c", `${command} "$0"`, path]);
    expect(readFileSync(path).equals(pristine)).toBe(true);
  });
});
