import { readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { unifiedDiff } from "../../src/patch/diff";
import {
  built,
  callBlock,
  cli,
  HOST,
  json,
  PLAIN,
  patchedBy100,
  poolsOfOneCephPool,
  target,
  temporaryFile,
  temporaryFolder,
  withFittingDigest,
} from "../support/cli";

describe("apply FILE refuses", () => {
  async function reviewed(edit: (patch: string) => string) {
    const { folder, path, pristine, options } = target(PLAIN);
    const patch = join(temporaryFolder(), "p.patch");
    writeFileSync(patch, edit((await cli(["render", ...options])).stdout));
    const { code, stderr } = await cli(["apply", patch, ...HOST, "--virtinst", folder]);
    expect(readFileSync(path).equals(pristine)).toBe(true);
    return { code, stderr };
  }
  test.each([
    [
      "a patch for another original file",
      (p: string) => p.replace(/original: sha256=\w{64} mtime/, `original: sha256=${"0".repeat(64)} mtime`),
      /does something other|rendered for a file/,
    ],
    [
      "another path",
      (p: string) => p.replace(/virtinst\/install\/installer\.py/g, "virtinst/cli.py"),
      /touches virtinst\/cli\.py/,
    ],
    ["a path that leads out", (p: string) => p.replace(/^\+\+\+ .*/m, "+++ ../../../etc/passwd"), /touches/],
    ["a second file", (p: string) => `${p}--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+x\n`, /touches/],
    [
      "a line that it removes",
      (p: string) => p.replace(/\n (?= *log\.debug\()/, "\n-"),
      /removes lines|not a unified diff/,
    ],
    [
      "a line more",
      (p: string) =>
        p
          .replace("\n+# >>> virt", "\n+import subprocess\n+# >>> virt")
          .replace(/^@@ -(\d+),(\d+) \+(\d+),(\d+)/m, (_, a, b, c, d) => `@@ -${a},${b} +${c},${Number(d) + 1}`),
      /not what this tool renders|other than/,
    ],
    ["another secret", (p: string) => p.replace(/client\.libvirt/g, "client.other"), /other than/],
    ["no diff at all", () => "hello\n", /not a unified diff/],
  ])("%s", async (_, edit, message) => {
    const { code, stderr } = await reviewed(edit);
    expect(stderr).toMatch(message);
    expect(code).toBe(4);
  });

  test.each([
    ["foreign code in them", (text: string) => text.replace("    import re\n", "    import re, os; os.system('id')\n")],
    [
      "the calls in another place",
      (text: string) => {
        const call = callBlock(text);
        return text.replace(call, "").replace("        initial_xml = None", `${call}        initial_xml = None`);
      },
    ],
  ])("our blocks with %s, and digests that fit", async (_, edit) => {
    const { folder, path, pristine, options, read } = target(PLAIN);
    await cli(["apply", ...options]);
    const text = withFittingDigest(edit(read()));
    const patch = join(temporaryFolder(), "p.patch");
    writeFileSync(patch, unifiedDiff("virtinst/install/installer.py", pristine.toString(), text));
    await cli(["revert", "--virtinst", folder]);
    const { code, stderr } = await cli(["apply", patch, ...HOST, "--virtinst", folder]);
    expect(stderr).toMatch(/it is not the patch that this tool renders/);
    expect(code).toBe(4);
    expect(readFileSync(path, "utf8")).toBe(pristine.toString());
  });
});

test("a reviewed patch cannot be combined with --pool", async () => {
  const { options, folder } = target(PLAIN);
  const patch = join(folder, "p.patch");
  await cli(["render", ...options, "-o", patch]);
  expect(await cli(["apply", patch, ...HOST, "--virtinst", folder, "--pool", "x"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--pool cannot be combined with PATCH."),
  });
});

test.each(["-", "/dev/stdin"])("a reviewed patch comes from standard input too: %s", async (name) => {
  const { options, folder, read } = target(PLAIN);
  const input = (await cli(["render", ...options])).stdout;
  expect(built(["apply", name, ...HOST, "--virtinst", folder], { input: "hello\n" })).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/^virtinst-rbd-patch: standard input: /m),
  });
  expect(built(["apply", name, ...HOST, "--virtinst", folder], { input })).toMatchObject({ code: 0 });
  expect(await cli(["apply", ...options])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^current: /) });
  expect(read()).toContain("# >>> virtinst-rbd-patch");
});

test("a patch of version 1.0.0 is refused", async () => {
  const { folder, path, pristine, read } = target(PLAIN);
  const patch = join(temporaryFolder(), "p.patch");
  writeFileSync(patch, unifiedDiff("virtinst/install/installer.py", pristine.toString(), patchedBy100(pristine)));
  const { code, stderr } = await cli(["apply", patch, ...HOST, "--virtinst", folder]);
  expect(stderr).toMatch(/other than add the two blocks of this tool\. Nothing was written\.\nRender the patch again/);
  expect(code).toBe(4);
  expect(read()).toBe(pristine.toString());
  expect(readFileSync(path).equals(pristine)).toBe(true);
});

test("takes the place of the blocks of version 1.0.0", async () => {
  const { folder, options, path, pristine, read } = target(PLAIN);
  const patch = join(temporaryFolder(), "p.patch");
  await cli(["render", ...options, "-o", patch]);
  writeFileSync(path, patchedBy100(pristine));
  const applied = await cli(["apply", patch, ...HOST, "--json", "--virtinst", folder]);
  expect(json(applied.stdout)).toMatchObject({ changed: true, status: "updated", pools: ["libvirtpool"] });
  expect(read()).not.toContain("1.0.0");
  expect(json((await cli(["verify", "--json", ...options])).stdout)).toMatchObject({ state: "current" });
});

test("a patch for two libvirt pools of one Ceph pool goes in as it is", async () => {
  const { folder, path } = target(PLAIN);
  const options = [...poolsOfOneCephPool({ adead: [9, 1], libvirtpool: [1, 2, 3] }), "--virtinst", folder];
  const patch = join(temporaryFolder(), "p.patch");
  expect((await cli(["render", ...options, "-o", patch])).code).toBe(0);
  const applied = await cli(["apply", patch, "--json", ...options]);
  expect(applied.code, applied.stderr).toBe(0);
  expect(json(applied.stdout)).toMatchObject({ changed: true, status: "patched", pools: ["adead", "libvirtpool"] });
  const after = readFileSync(path);
  expect(json((await cli(["apply", "--json", ...options])).stdout)).toMatchObject({
    changed: false,
    status: "current",
  });
  expect(readFileSync(path).equals(after)).toBe(true);
  expect(json((await cli(["verify", "--json", ...options])).stdout)).toMatchObject({ behaviour: { status: "passed" } });
});

test("a patch that was rendered on another machine's file: what comes back is this file's own time", async () => {
  const there = target(PLAIN);
  const patch = join(there.folder, "host.patch");
  expect((await cli(["render", ...there.options, "-o", patch])).code).toBe(0);
  const here = target(PLAIN);
  utimesSync(here.path, 1500000000, 1500000000);
  const applied = await cli(["apply", patch, ...HOST, "--virtinst", here.folder]);
  expect(applied.stderr).toMatch(/the time of this file is used instead/);
  expect((await cli(["apply", patch, ...HOST, "--virtinst", here.folder])).stdout).toMatch(/^current/);
  expect((await cli(["verify", "--static", ...here.options])).code).toBe(0);
  expect((await cli(["revert", "--virtinst", here.folder])).stdout).toMatch(
    /^Restored the original file \(content and modification time\)\.$/m,
  );
  expect(statSync(here.path).mtimeMs).toBe(1500000000_000);
  expect(readFileSync(here.path)).toEqual(here.pristine);
  // Where it is the same time, there is nothing to say.
  const same = await cli(["apply", patch, ...HOST, "--virtinst", there.folder]);
  expect(same).toMatchObject({ code: 0, stdout: expect.stringMatching(/^patched/) });
  expect(same.stderr).not.toMatch(/time of this file/);
});

describe("a patch is compared with what this host says", () => {
  /** A host document, with its one pool's facts changed. */
  const host = (change: object, more: readonly object[] = []) => {
    const pool = {
      name: "libvirtpool",
      cephPool: "vms",
      monitors: [{ name: "192.0.2.1", port: 6789 }],
      auth: { username: "libvirt", secret: { uuid: "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1" } },
    };
    const pools = [{ ...pool, ...change }, ...more.map((one) => ({ ...pool, ...one }))];
    return ["--host", temporaryFile("host.json", JSON.stringify({ version: 1, pools }))];
  };
  /** A patch for the host as it is, and a place for it. */
  async function rendered() {
    const { folder, path, pristine } = target(PLAIN);
    const patch = join(temporaryFolder(), "p.patch");
    expect((await cli(["render", ...host({}), "--virtinst", folder, "-o", patch])).code).toBe(0);
    const run = (...words: string[]) => cli(["apply", patch, "--virtinst", folder, ...words]);
    return { run, unchanged: () => readFileSync(path).equals(pristine) };
  }

  test("and goes in where that is the same", async () => {
    const { run } = await rendered();
    expect(await run(...host({}))).toMatchObject({ code: 0, stdout: expect.stringMatching(/^patched/) });
  });

  test.each([
    [
      { monitors: [{ name: "192.0.2.9", port: 6789 }] },
      'monitors of pool "libvirtpool": 192.0.2.1:6789 in the patch, 192.0.2.9:6789 on this host',
    ],
    [{ name: "other" }, 'pool "libvirtpool" is not on this host'],
    [
      { auth: { username: "libvirt", secret: { usage: "x" } } },
      'secret of pool "libvirtpool": 2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1 in the patch, usage "x" on this host',
    ],
  ])("%j is refused with the difference, and --force has it so", async (change, difference) => {
    const { run, unchanged } = await rendered();
    for (const words of [[], ["--check"]]) {
      const { code, stderr } = await run(...host(change), ...words);
      expect(stderr).toContain(difference);
      expect(stderr).toMatch(
        /for other pools than those of this host .*Nothing was written\.\nRender it again .*--force/,
      );
      expect(code).toBe(3);
    }
    expect(unchanged()).toBe(true);
    const forced = await run(...host(change), "--force");
    expect(forced.stderr).toMatch(/^note: The patch is for other pools than those of this host, as --force allows: /m);
    expect(forced.stderr).toContain(difference);
    expect(forced).toMatchObject({ code: 0, stdout: expect.stringMatching(/^patched/) });
    // What is in place already is no better.
    expect((await run(...host(change))).code).toBe(3);
  });

  test("other pools of the host are named", async () => {
    const { run } = await rendered();
    const { code, stderr } = await run(...host({}, [{ name: "images", cephPool: "images" }]));
    expect(stderr).toMatch(/^note: The patch does nothing for the other rbd pools of this host: "images"\.$/m);
    expect(code).toBe(0);
  });

  test("a patch for other facts, or for some pools only, is never called current", async () => {
    const { run } = await rendered();
    const image = { name: "images", cephPool: "images" };
    const of = async (...words: string[]) => json((await run("--json", ...words)).stdout);
    const stale = {
      state: "outdated",
      stateReason: expect.stringMatching(
        /^the pools or secrets of this host have changed|^the patch is (?:also )?for "/,
      ),
    };
    for (const status of ["patched", "current"]) {
      expect(await of(...host({ name: "other" }), "--force")).toMatchObject({ status, ...stale, affected: "no" });
      expect((await of(...host({ name: "other" }), "--force")).affectedReason).not.toMatch(/no rbd pool/);
    }
    expect(await of(...host({}, [image]))).toMatchObject(stale);
    expect(await of(...host({}))).toMatchObject({ state: "current" });
    expect((await of(...host({}))).notes).toContainEqual(
      expect.stringMatching(/^The secret of pool .* was not checked/),
    );
  });

  test("where live libvirt says nothing, that is said, and it goes in", async () => {
    const { run } = await rendered();
    const { code, stderr } = await run("--connect", "test:///nowhere.xml");
    expect(code).toBe(3);
    expect(stderr).toMatch(/nowhere\.xml/);
    const none = temporaryFolder();
    writeFileSync(join(none, "virsh"), "#!/bin/sh\necho 'error: Cannot connect' >&2\nexit 1\n", { mode: 0o755 });
    const ran = await withPath(none, () => run());
    expect(ran.stderr).toMatch(
      /^note: The patch was not compared with the pools of this host: qemu:\/\/\/system: Cannot connect\.$/m,
    );
    expect(ran.code).toBe(0);
    expect(json((await withPath(none, () => run("--json"))).stdout)).toMatchObject({
      status: "current",
      state: null,
      affected: null,
    });
  });
});

/** With a folder before all others in PATH. */
async function withPath<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const { PATH } = process.env;
  process.env.PATH = `${folder}:${PATH}`;
  try {
    return await work();
  } finally {
    process.env.PATH = PATH;
  }
}
