import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cli, eachLayout, json, PLAIN, patchedBy100, poolsOfOneCephPool, target } from "../support/cli";

test("keeps what somebody edited elsewhere, and says so", async () => {
  const { options, folder, edit, path, pristine } = target(PLAIN);
  await cli(["apply", ...options]);
  edit("import os\n", "import os\n# mine\n");
  const { code, stdout, stderr } = await cli(["revert", "--virtinst", folder]);
  expect(code).toBe(0);
  expect(stderr + stdout).toMatch(/changed outside the patch\. These changes, and the modification time, are kept\./);
  expect(readFileSync(path, "utf8")).toBe(pristine.toString().replace("import os\n", "import os\n# mine\n"));
});

test("writes nothing where a marker is damaged, and says how to get a clean file", async () => {
  const { options, folder, edit, path } = target(PLAIN);
  await cli(["apply", ...options]);
  edit("        # <<< virtinst-rbd-patch\n", "");
  const before = readFileSync(path);
  for (const words of [
    ["revert", "--virtinst", folder],
    ["apply", ...options],
  ]) {
    const { code, stderr } = await cli(words);
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /installer\.py, line \d+: the patch's marker lines are not complete and in order\. Nothing was written\.\n.*reinstall/,
    );
  }
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("needs no facts of the host", async () => {
  const { options, folder } = target(PLAIN);
  await cli(["apply", ...options]);
  expect((await cli(["revert", "--virtinst", folder])).code).toBe(0);
});

test("removes the patch of version 1.0.0, and restores the modification time", async () => {
  const { folder, path, pristine } = target(PLAIN);
  writeFileSync(path, patchedBy100(pristine));
  const { code, stdout, stderr } = await cli(["revert", "--json", "--virtinst", folder]);
  expect(code, stderr).toBe(0);
  expect(json(stdout)).toMatchObject({
    ...{ changed: true, status: "reverted", restored: true },
    pools: [],
  });
  expect(readFileSync(path).equals(pristine)).toBe(true);
  expect(statSync(path).mtimeMs).toBe(1400000000000);
});

test("lists both libvirt pools of one Ceph pool", async () => {
  const { folder, path, pristine } = target(PLAIN);
  const options = [...poolsOfOneCephPool({ adead: [9, 1], libvirtpool: [1, 2, 3] }), "--virtinst", folder];
  await cli(["apply", ...options]);
  expect((await cli(["revert", "--check", "--virtinst", folder])).stdout).toMatch(/\(pools adead, libvirtpool\)\n/);
  const { stdout } = await cli(["revert", "--json", "--virtinst", folder]);
  expect(json(stdout)).toMatchObject({ changed: true, pools: ["adead", "libvirtpool"], restored: true });
  expect(readFileSync(path).equals(pristine)).toBe(true);
});

// 2286-11-20: from then on a time in seconds has 11 digits.
test.for(["10000000000.000000000", "10000000000.123456789"])("puts back the time %s", async (modified, { skip }) => {
  const { folder, options, path, pristine } = target(PLAIN);
  const time = () => statSync(path, { bigint: true }).mtimeNs;
  execFileSync("touch", ["-d", `@${modified}`, path]);
  const before = BigInt(modified.replace(".", ""));
  if (time() !== before) skip("not run: this file system keeps no such time");
  expect(json((await cli(["apply", "--json", ...options])).stdout)).toMatchObject({ changed: true, status: "patched" });
  expect(time()).toBe(10_000_000_001_000_000_000n);
  expect(readFileSync(path, "utf8")).toMatch(new RegExp(`\n# original: sha256=[0-9a-f]{64} mtime=${modified}\n`));
  const verified = await cli(["verify", "--json", ...options]);
  expect(json(verified.stdout)).toMatchObject({ state: "current", behaviour: { status: "passed" } });
  expect(verified.code).toBe(0);
  expect(json((await cli(["apply", "--json", ...options])).stdout)).toMatchObject({
    changed: false,
    status: "current",
  });
  expect(json((await cli(["revert", "--json", "--virtinst", folder])).stdout)).toMatchObject({ restored: true });
  expect(time()).toBe(before);
  expect(readFileSync(path).equals(pristine)).toBe(true);
});

eachLayout(({ name }) => {
  test.each(["\n", "\r\n"])(
    "the command in the block's header does it without this tool (line end %j)",
    async (end) => {
      const { options, path } = target(name);
      writeFileSync(path, readFileSync(path, "utf8").replace(/\n/g, end));
      const pristine = readFileSync(path);
      expect((await cli(["apply", ...options])).code).toBe(0);
      const [, command = ""] = /^# Without it: (sed .*) FILE\r?$/m.exec(readFileSync(path, "utf8")) ?? [];
      execFileSync("sh", ["-c", `${command} "$0"`, path]);
      expect(readFileSync(path).equals(pristine)).toBe(true);
    },
  );
});

test("does not call the patch current, since it is compared with nothing", async () => {
  const { options, folder } = target(PLAIN);
  await cli(["apply", ...options]);
  expect(json((await cli(["revert", "--check", "--json", "--virtinst", folder])).stdout)).toMatchObject({
    state: null,
    stateReason: "the patch is whole; it was not compared with the pools of this host",
  });
});

test.each(["--host", "--connect", "--pool-xml", "--secret-xml", "--pool"])(
  "%s is refused: the blocks are taken out whatever the pools are",
  async (option) => {
    const { options, folder, read } = target(PLAIN);
    await cli(["apply", ...options]);
    const applied = read();
    expect(await cli(["revert", option, "x", "--virtinst", folder])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`unknown option '${option}'\n`),
    });
    expect(read()).toBe(applied);
  },
);

test("a second time there is nothing to take out", async () => {
  const { options, folder } = target(PLAIN);
  await cli(["apply", ...options]);
  expect((await cli(["revert", "--virtinst", folder])).code).toBe(0);
  const again = json((await cli(["revert", "--json", "--virtinst", folder])).stdout);
  expect(again).toMatchObject({ status: "not-patched", restored: null, timeRestored: null });
});
