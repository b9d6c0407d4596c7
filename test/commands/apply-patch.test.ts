import { readFileSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { unifiedDiff } from "../../src/patch/diff";
import { built, cli, json, PLAIN, target, temporaryFile, withFittingDigest } from "../support/cli";
import { standIns } from "../support/stand-ins";

const FILE = "virtinst/install/installer.py";

test.each([
  ["with other code", (text: string) => text.replace("    import re\n", "    import re, os; os.system('id')\n")],
  [
    "with the calls in another place",
    (text: string) => {
      const [call = ""] = / {8}# >>>[\s\S]*?# <<<.*\n/.exec(text) ?? [];
      return text.replace(call, "").replace("        initial_xml = None", `${call}        initial_xml = None`);
    },
  ],
])("a patch file %s is refused, although its digests are correct, and nothing is written", async (_, edit) => {
  const { folder, path, pristine, options, read } = target(PLAIN);
  await cli(["apply", ...options]);
  const text = withFittingDigest(edit(read()));
  const patch = temporaryFile("p.patch", unifiedDiff(FILE, pristine.toString(), text));
  await cli(["revert", "--virtinst", folder]);
  expect(await cli(["apply", patch, ...options])).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/the patch was edited, or rendered by another version of this tool/),
  });
  expect(readFileSync(path).equals(pristine)).toBe(true);
});

test("apply - reads the patch from standard input", async () => {
  const { options, read } = target(PLAIN);
  const input = (await cli(["render", ...options])).stdout;
  expect(built(["apply", "-", ...options], { input: "hello\n" })).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/^virtinst-rbd-patch: standard input: /m),
  });
  expect(built(["apply", "-", ...options], { input })).toMatchObject({ code: 0 });
  expect(read()).toContain("# >>> virtinst-rbd-patch");
});

test("after a patch that was rendered elsewhere, revert restores the modification time of this file", async () => {
  const there = target(PLAIN);
  const patch = join(there.folder, "host.patch");
  expect((await cli(["render", ...there.options, "-o", patch])).code).toBe(0);
  const here = target(PLAIN);
  utimesSync(here.path, 1500000000, 1500000000);
  expect((await cli(["apply", patch, ...here.options])).stderr).toMatch(/the time of this file is used instead/);
  expect((await cli(["apply", patch, ...here.options])).stdout).toMatch(/^current/);
  expect((await cli(["revert", "--virtinst", here.folder])).stdout).toMatch(
    /^Restored the original file \(content and modification time\)\.$/m,
  );
  expect(statSync(here.path).mtimeMs).toBe(1500000000_000);
  expect(readFileSync(here.path)).toEqual(here.pristine);
  expect((await cli(["apply", patch, ...there.options])).stderr).not.toMatch(/time of this file/);
});

describe("a patch file is compared with the pools of this host", () => {
  const POOL = {
    name: "libvirtpool",
    cephPool: "vms",
    monitors: [{ name: "192.0.2.1", port: 6789 }],
    auth: { username: "libvirt", secret: { uuid: "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1" } },
  };
  /** A host file with these pools. */
  const host = (...pools: object[]) => ["--host", temporaryFile("host.json", JSON.stringify({ version: 1, pools }))];
  /** Renders a patch for POOL, and runs `apply` with it, on a machine whose libvirt does not answer. */
  async function rendered() {
    const { folder, path, pristine } = target(PLAIN);
    const { stdout } = await cli(["render", ...host(POOL), "--virtinst", folder]);
    const patch = temporaryFile("p.patch", stdout);
    const env = { PATH: standIns({ virsh: "echo 'error: Cannot connect' >&2; exit 1" }) };
    const run = (...words: string[]) => cli(["apply", patch, "--virtinst", folder, ...words], { env });
    return { run, unchanged: () => readFileSync(path).equals(pristine) };
  }

  test("and refused with the difference if it is for other pools, unless --force is given", async () => {
    const { run, unchanged } = await rendered();
    const other = host({ ...POOL, monitors: [{ name: "192.0.2.9", port: 6789 }] });
    const difference = 'monitors of pool "libvirtpool": 192.0.2.1:6789 in the patch, 192.0.2.9:6789 on this host';
    for (const words of [[], ["--check"]]) {
      const { code, stderr } = await run(...other, ...words);
      expect(stderr).toContain(difference);
      expect(stderr).toMatch(
        /pools of the patch are not those of this host .*Nothing was written\.\nRender the patch again .*--force/,
      );
      expect(code).toBe(3);
    }
    expect(unchanged()).toBe(true);
    const forced = await run(...other, "--force");
    expect(forced.stderr).toContain(difference);
    expect(forced).toMatchObject({ code: 0, stdout: expect.stringMatching(/^patched/) });
    expect(json((await run(...other, "--force", "--json")).stdout)).toMatchObject({ state: "outdated" });
  });

  test("and applied if it is for some of them; the other pools are reported", async () => {
    const { run } = await rendered();
    const images = { ...POOL, name: "images", cephPool: "images" };
    const { code, stdout, stderr } = await run(...host(POOL, images), "--json");
    expect(code).toBe(0);
    expect(stderr).toMatch(/^note: The patch does nothing for the other rbd pools of this host: "images"\.$/m);
    expect(json(stdout)).toMatchObject({ state: "outdated" });
    expect(json((await run(...host(POOL), "--json")).stdout)).toMatchObject({ state: "current" });
  });

  test("but applied without this comparison, with a note, if live libvirt does not answer", async () => {
    const { run } = await rendered();
    const named = await run("--connect", "qemu:///system");
    expect(named).toMatchObject({ code: 3, stderr: expect.stringMatching(/Cannot connect/) });
    const { code, stdout, stderr } = await run("--json");
    expect(stderr).toMatch(
      /^note: The patch was not compared with the pools of this host: qemu:\/\/\/system: Cannot connect\.$/m,
    );
    expect(code).toBe(0);
    expect(json(stdout)).toMatchObject({ status: "patched", state: null, affected: null });
  });
});
