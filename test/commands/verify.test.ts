import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VERSION } from "../../src/version";
import {
  callBlock,
  cli,
  copyVirtinst,
  HOST_BY_UUID,
  image,
  json,
  PLAIN,
  patchedBy100,
  poolsOfOneCephPool,
  target,
  withFittingDigest,
} from "../support/cli";

test("absent: exit 1, and nothing was run", () => {
  const { options } = target(PLAIN);
  const { code, stdout } = cli(["verify", "--json", ...options]);
  expect(code).toBe(1);
  expect(json(stdout)).toMatchObject({ state: "absent", behaviour: { status: "not run" } });
});

test.each([
  ["edited", "a changed uuid", /2a5b08e4/g, "00000000", 1],
  ["edited", "a line outside the blocks", "import os\n", "import os\n# mine\n", 1],
  ["damaged", "a lost marker", "# <<< virtinst-rbd-patch\n", "", 4],
  ["absent", "everything of ours gone", /^ *# >>> [\s\S]*?^ *# <<< .*\n/gm, "", 1],
])("%s: %s", (state, _, from, to, exit) => {
  const { options, edit } = target(PLAIN);
  cli(["apply", ...options]);
  edit(from, to);
  const { code, stdout } = cli(["verify", "--json", ...options]);
  expect(json(stdout).state).toBe(state);
  expect(json(stdout).stateReason).toMatch(/.{10}/);
  expect(code).toBe(exit);
});

test("edited: the calls moved to where they are never reached", () => {
  const { options, read, path } = target(PLAIN);
  cli(["apply", ...options]);
  const applied = read();
  const call = callBlock(applied);
  writeFileSync(path, applied.replace(call, "") + call);
  const { code, stdout } = cli(["verify", "--json", ...options]);
  expect(json(stdout)).toMatchObject({
    state: "edited",
    stateReason: expect.stringMatching(/no longer where they were put/),
  });
  expect(code).toBe(1);
  expect(json(cli(["apply", "--json", ...options]).stdout)).toMatchObject({ status: "updated" });
  expect(read()).toBe(applied);
});

test("shows what an edited block does wrong", () => {
  const { options, edit } = target(PLAIN);
  cli(["apply", ...options]);
  edit(/uuid="2a5b08e4/g, 'uuid="00000000');
  const { stdout } = cli(["verify", ...options]);
  expect(stdout).toMatch(/behaviour failed/);
  expect(stdout).toMatch(/wrong {2}disk of pool libvirtpool/);
  expect(stdout).toMatch(/00000000-3f6f/);
});

test("--static runs nothing, and never says passed", () => {
  const { options } = target(PLAIN);
  cli(["apply", ...options]);
  const { code, stdout } = cli(["verify", "--static", "--python", "/nonexistent", ...options]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/behaviour not run: --static/);
  expect(stdout).not.toMatch(/passed/);
});

test("without a fitting Python it says not run", () => {
  const { options } = target(PLAIN);
  cli(["apply", ...options]);
  const { stdout } = cli(["verify", ...options, "--python", "/nonexistent"]);
  expect(stdout).toMatch(/behaviour not run: \/nonexistent, given with --python/);
  expect(stdout).not.toMatch(/passed/);
});

test("runs the block that is on disk: a faulty one fails with exit 5 even if its digests fit", () => {
  const { options, read, path } = target(PLAIN);
  cli(["apply", ...options]);
  writeFileSync(path, withFittingDigest(read().replace('name="192.0.2.13"', 'name="192.0.2.99"')));
  const { code, stdout } = cli(["verify", "--json", ...options]);
  expect(json(stdout)).toMatchObject({ state: "current", behaviour: { status: "failed" } });
  expect(code).toBe(5);
});

test("verify is content where nothing is needed, and says so", () => {
  const options = [...HOST_BY_UUID, "--virtinst", copyVirtinst(PLAIN)];
  const { code, stdout } = cli(["verify", "--json", ...options]);
  expect(json(stdout)).toMatchObject({
    state: "absent",
    need: "not needed",
    needReason: expect.stringMatching(/copies auth/),
  });
  expect(code).toBe(0);
});

test("runs no foreign code of an image, whatever its digests say", () => {
  const base = image();
  cli(["apply", "--root", base]);
  const path = join(base, "usr/share/virt-manager/virtinst/install/installer.py");
  const sprung = join(base, "sprung");
  writeFileSync(
    path,
    withFittingDigest(
      readFileSync(path, "utf8").replace("    import re\n", `    import re; open(${JSON.stringify(sprung)}, "w")\n`),
    ),
  );
  const { stdout } = cli(["verify", "--json", "--root", base]);
  expect(json(stdout).behaviour).toMatchObject({ status: "not run", reason: expect.stringMatching(/foreign text/) });
  expect(readdirSync(base)).not.toContain("sprung");
});

test.each([
  ["stale", (text: string) => patchedBy100(Buffer.from(text))],
  ["edited", (text: string) => text, "# more\n"],
])("below --root %s blocks are called that, and not foreign text", (state, blocks, more = "") => {
  const base = image();
  const path = join(base, "usr/share/virt-manager/virtinst/install/installer.py");
  const pristine = readFileSync(path, "utf8");
  if (more) cli(["apply", "--root", base]);
  writeFileSync(path, blocks(more ? readFileSync(path, "utf8") : pristine) + more);
  const { stdout } = cli(["verify", "--json", "--root", base]);
  expect(json(stdout)).toMatchObject({
    state,
    behaviour: {
      status: "not run",
      reason: `the patch is ${state}, and below --root only what this tool would write there now is run`,
    },
  });
});

test("stale: the blocks of version 1.0.0, which are run as they are", () => {
  const { options, path, pristine } = target(PLAIN);
  writeFileSync(path, patchedBy100(pristine));
  const { code, stdout } = cli(["verify", "--json", ...options]);
  expect(json(stdout)).toMatchObject({
    state: "stale",
    stateReason: `the blocks were rendered by version 1.0.0, this is ${VERSION}`,
    behaviour: { status: "failed", checks: expect.arrayContaining([expect.objectContaining({ passed: false })]) },
  });
  expect(code).toBe(1);
});

test.each([
  ["1.0.0", (pristine: Buffer) => patchedBy100(pristine, 3)],
  [
    VERSION,
    (_: Buffer, applied: string) =>
      applied.replace("# format: 2\n", "# format: 3\n").replace(/^# pristine: .*$/gm, "# whatever comes then"),
  ],
])("damaged: blocks of a later format, in the words of %s", (version, edit) => {
  const { options, folder, path, pristine, read } = target(PLAIN);
  cli(["apply", ...options]);
  const later = edit(pristine, read());
  writeFileSync(path, later);
  const { code, stdout } = cli(["verify", "--json", ...options]);
  expect(json(stdout)).toMatchObject({
    state: "damaged",
    stateReason: `line 9: the blocks were written by virtinst-rbd-patch ${version}, in a layout that this version does not know`,
    behaviour: { status: "not run" },
  });
  expect(code).toBe(4);
  for (const words of [
    ["apply", ...options],
    ["revert", "--virtinst", folder],
  ])
    expect(cli(words)).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/line 9: .*a layout that this version does not know\. Nothing was written\./),
    });
  expect(read()).toBe(later);
});

test("passes for two libvirt pools of one Ceph pool: a disk of either gets the monitors of both", () => {
  const { folder } = target(PLAIN);
  const options = [...poolsOfOneCephPool({ adead: [9, 1], libvirtpool: [1, 2, 3] }), "--virtinst", folder];
  expect(cli(["apply", ...options]).code).toBe(0);
  const { code, stdout } = cli(["verify", "--json", ...options]);
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
