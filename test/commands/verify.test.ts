import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VERSION } from "../../src/version";
import {
  callBlock,
  cli,
  copyVirtinst,
  HOST_BY_UUID,
  HOST_TWO,
  image,
  json,
  PLAIN,
  patchedBy100,
  poolsOfOneCephPool,
  target,
  withFittingDigest,
} from "../support/cli";

test("not patched: exit 1, and nothing was run", async () => {
  const { options } = target(PLAIN);
  const { code, stdout } = await cli(["verify", "--json", ...options]);
  expect(code).toBe(1);
  expect(json(stdout)).toMatchObject({ state: "not-patched", behaviour: { status: "skipped" } });
});

test.each([
  ["modified", "a changed secret", /client\.libvirt/g, "client.other", 1],
  ["modified", "a line outside the blocks", "import os\n", "import os\n# mine\n", 1],
  ["damaged", "a lost marker", "# <<< virtinst-rbd-patch\n", "", 4],
  ["not-patched", "everything of ours gone", /^ *# >>> [\s\S]*?^ *# <<< .*\n/gm, "", 1],
])("%s: %s", async (state, _, from, to, exit) => {
  const { options, edit } = target(PLAIN);
  await cli(["apply", ...options]);
  edit(from, to);
  const { code, stdout } = await cli(["verify", "--json", ...options]);
  expect(json(stdout).state).toBe(state);
  expect(json(stdout).stateReason).toMatch(/.{10}/);
  expect(code).toBe(exit);
});

test("modified: the calls moved to another line of the method", async () => {
  const { options, read, path } = target(PLAIN);
  await cli(["apply", ...options]);
  const applied = read();
  const call = callBlock(applied);
  writeFileSync(
    path,
    applied.replace(call, "").replace("        initial_xml = None", `${call}        initial_xml = None`),
  );
  const { code, stdout } = await cli(["verify", "--json", ...options]);
  expect(json(stdout)).toMatchObject({
    state: "modified",
    stateReason: expect.stringMatching(/^the patch \(line \d+\) was moved$/),
  });
  expect(code).toBe(1);
  expect(json((await cli(["apply", "--json", ...options])).stdout)).toMatchObject({ status: "updated" });
  expect(read()).toBe(applied);
});

test("shows what an edited block does wrong", async () => {
  const { options, edit } = target(PLAIN);
  await cli(["apply", ...options]);
  edit(/usage="client/g, 'usage="other');
  const { stdout } = await cli(["verify", ...options]);
  expect(stdout).toMatch(/^behaviour failed \(\d of \d+ checks failed\): /m);
  expect(stdout).toMatch(/^ {2}failed: disk of pool libvirtpool/m);
  expect(stdout).toMatch(/usage="other/);
});

test("--static runs nothing, and never says passed", async () => {
  const { options } = target(PLAIN);
  await cli(["apply", ...options]);
  const { code, stdout } = await cli(["verify", "--static", "--python", "/nonexistent", ...options]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/behaviour skipped: --static/);
  expect(stdout).not.toMatch(/passed/);
});

test("without a fitting Python the check is skipped", async () => {
  const { options } = target(PLAIN);
  await cli(["apply", ...options]);
  const { stdout } = await cli(["verify", ...options, "--python", "/nonexistent"]);
  expect(stdout).toMatch(/behaviour skipped: \/nonexistent, given with --python/);
  expect(stdout).not.toMatch(/passed/);
});

test("runs the block that is on disk, and a block with forged digests is not current", async () => {
  const { options, read, path } = target(PLAIN);
  await cli(["apply", ...options]);
  writeFileSync(path, withFittingDigest(read().replace('name="192.0.2.13"', 'name="192.0.2.99"')));
  const { code, stdout } = await cli(["verify", "--json", ...options]);
  expect(json(stdout)).toMatchObject({ state: "outdated", behaviour: { status: "failed" } });
  expect(code).toBe(1);
});

test("verify is content where nothing is needed, and says so", async () => {
  const options = [...HOST_BY_UUID, "--virtinst", copyVirtinst(PLAIN)];
  const { code, stdout } = await cli(["verify", "--json", ...options]);
  expect(json(stdout)).toMatchObject({
    state: "not-patched",
    affected: "no",
    affectedReason: expect.stringMatching(/copies auth/),
  });
  expect(code).toBe(0);
});

test("runs no foreign code of an image, whatever its digests say", async () => {
  const base = image();
  await cli(["apply", "--root", base]);
  const path = join(base, "usr/share/virt-manager/virtinst/install/installer.py");
  const sprung = join(base, "sprung");
  writeFileSync(
    path,
    withFittingDigest(
      readFileSync(path, "utf8").replace("    import re\n", `    import re; open(${JSON.stringify(sprung)}, "w")\n`),
    ),
  );
  const { stdout } = await cli(["verify", "--json", "--root", base]);
  expect(json(stdout).behaviour).toMatchObject({
    status: "skipped",
    reason: expect.stringMatching(/only a current patch is run/),
  });
  expect(readdirSync(base)).not.toContain("sprung");
});

test.each([
  ["outdated", (text: string) => patchedBy100(Buffer.from(text))],
  ["modified", (text: string) => text, "# more\n"],
])("below --root %s blocks are called that, and not foreign text", async (state, blocks, more = "") => {
  const base = image();
  const path = join(base, "usr/share/virt-manager/virtinst/install/installer.py");
  const pristine = readFileSync(path, "utf8");
  if (more) await cli(["apply", "--root", base]);
  writeFileSync(path, blocks(more ? readFileSync(path, "utf8") : pristine) + more);
  const { stdout } = await cli(["verify", "--json", "--root", base]);
  expect(json(stdout)).toMatchObject({
    state,
    behaviour: {
      status: "skipped",
      reason: `the file is ${state}, and below --root only a current patch is run`,
    },
  });
});

test("outdated: the patch of version 1.0.0, whose function is run as it is", async () => {
  const { options, path, pristine } = target(PLAIN);
  writeFileSync(path, patchedBy100(pristine));
  const { code, stdout } = await cli(["verify", "--json", ...options]);
  expect(json(stdout)).toMatchObject({
    state: "outdated",
    stateReason: `the patch was written by version 1.0.0, this is ${VERSION}`,
    behaviour: { status: "failed", checks: expect.arrayContaining([expect.objectContaining({ passed: false })]) },
  });
  expect(code).toBe(1);
});

test("outdated: a patch for one of two pools, which apply without --pool extends", async () => {
  const { folder } = target(PLAIN);
  const options = [...HOST_TWO, "--virtinst", folder];
  expect((await cli(["apply", ...options, "--pool", "libvirtpool"])).code).toBe(0);
  const { code, stdout } = await cli(["verify", "--json", ...options]);
  expect(code).toBe(1);
  expect(json(stdout)).toMatchObject({
    state: "outdated",
    stateReason: 'the patch is for "libvirtpool", and this host also has "archive"',
  });
  expect((await cli(["apply", ...options])).stdout).toMatch(/^updated: .*archive, libvirtpool/);
  expect((await cli(["verify", ...options])).code).toBe(0);
});

test("damaged: a patch of a later version with another header is refused, and its version is named", async () => {
  const { options, folder, path, read } = target(PLAIN);
  await cli(["apply", ...options]);
  const later = read().replace(
    `# >>> virtinst-rbd-patch ${VERSION}\n`,
    "# >>> virtinst-rbd-patch 9.0.0\n# one more line\n",
  );
  writeFileSync(path, later);
  const { code, stdout } = await cli(["verify", "--json", ...options]);
  expect(json(stdout)).toMatchObject({
    state: "damaged",
    stateReason: expect.stringMatching(/^line \d+: the header of the function block is not known \(version 9\.0\.0\)$/),
    behaviour: { status: "skipped" },
  });
  expect(code).toBe(4);
  for (const words of [
    ["apply", ...options],
    ["revert", "--virtinst", folder],
  ])
    expect(await cli(words)).toMatchObject({ code: 4, stderr: expect.stringMatching(/Nothing was written\./) });
  expect(read()).toBe(later);
});

test("passes for two libvirt pools of one Ceph pool: a disk of either gets the monitors of both", async () => {
  const { folder } = target(PLAIN);
  const options = [...poolsOfOneCephPool({ adead: [9, 1], libvirtpool: [1, 2, 3] }), "--virtinst", folder];
  expect((await cli(["apply", ...options])).code).toBe(0);
  const { code, stdout } = await cli(["verify", "--json", ...options]);
  expect(json(stdout)).toMatchObject({
    state: "current",
    pools: ["adead", "libvirtpool"],
    behaviour: {
      status: "passed",
      checks: expect.arrayContaining(
        ["adead", "libvirtpool"].map((name) => ({ label: `disk of pool ${name}`, passed: true, difference: "" })),
      ),
    },
  });
  expect(code).toBe(0);
});
