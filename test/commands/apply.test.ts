import { spawn } from "node:child_process";
import {
  chmodSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { VERSION } from "../../src/version";
import {
  built,
  cli,
  eachLayout,
  HOST_BY_UUID,
  HOST_TWO,
  json,
  PLAIN,
  patchedBy100,
  TOOL,
  target,
  temporaryFile,
  temporaryFolder,
} from "../support/cli";
import { onTerminal } from "../support/terminal";

eachLayout(({ name: layout }) => {
  test("apply, verify, revert go through and leave not one byte behind", async () => {
    const { folder, path, options, pristine, standIn } = target(layout);
    const applied = await cli(["apply", "--json", ...options]);
    expect(applied.code, applied.stderr).toBe(0);
    expect(json(applied.stdout)).toMatchObject({
      changed: true,
      status: "patched",
      file: path,
      pools: ["libvirtpool"],
      release: expect.stringMatching(/^\d/),
    });
    expect(json(applied.stdout).compiled).toMatch(standIn.python === 2 ? /python2/ : /python3/);
    expect(statSync(path).mtimeMs).toBeGreaterThan(1600000000000);
    const after = readFileSync(path);
    const again = await cli(["apply", "--json", ...options]);
    expect(json(again.stdout)).toMatchObject({ changed: false, status: "current", compiled: null });
    expect(readFileSync(path).equals(after)).toBe(true);
    const verified = await cli(["verify", "--json", ...options]);
    expect(verified.code).toBe(0);
    expect(json(verified.stdout)).toMatchObject({ state: "current", behaviour: { status: "passed" } });
    const reverted = await cli(["revert", "--json", "--virtinst", folder]);
    expect(reverted.code).toBe(0);
    expect(json(reverted.stdout)).toMatchObject({
      changed: true,
      status: "reverted",
      restored: true,
      pools: ["libvirtpool"],
    });
    expect(readFileSync(path).equals(pristine)).toBe(true);
    expect(statSync(path).mtimeMs).toBe(1400000000000);
    expect(readdirSync(dirname(path)).filter((name) => name.includes("rbd-patch"))).toEqual([]);
    expect(json((await cli(["revert", "--json", "--virtinst", folder])).stdout)).toMatchObject({
      changed: false,
      status: "not-patched",
    });
  });
});

test("replaces blocks that were made from other facts", async () => {
  const { options, folder, pristine, path } = target(PLAIN);
  await cli(["apply", ...options]);
  expect(json((await cli(["verify", "--json", ...HOST_TWO, "--virtinst", folder])).stdout)).toMatchObject({
    state: "outdated",
  });
  const updated = await cli(["apply", "--json", ...HOST_TWO, "--virtinst", folder]);
  expect(json(updated.stdout)).toMatchObject({ changed: true, status: "updated", pools: ["archive", "libvirtpool"] });
  expect((await cli(["verify", ...HOST_TWO, "--virtinst", folder])).code).toBe(0);
  await cli(["revert", "--virtinst", folder]);
  expect(readFileSync(path).equals(pristine)).toBe(true);
  expect(statSync(path).mtimeMs).toBe(1400000000000);
});

test("--check says what would be done, exits 1, and changes nothing; --diff shows it", async () => {
  const { folder, options, path, pristine } = target(PLAIN);
  const checked = await cli(["apply", "--check", "--diff", ...options]);
  expect(checked.code).toBe(1);
  expect(checked.stdout).toContain("+++ b/virtinst/install/installer.py\n");
  expect(checked.stdout).toMatch(/would be patched/);
  expect(readFileSync(path).equals(pristine)).toBe(true);
  expect(statSync(path).mtimeMs).toBe(1400000000000);
  await cli(["apply", ...options]);
  expect((await cli(["apply", "--check", ...options])).code).toBe(0);
  const reverting = await cli(["revert", "--check", "--diff", "--virtinst", folder]);
  expect(reverting.code).toBe(1);
  expect(reverting.stdout).toMatch(/^-.*_virtinst_rbd_patch/m);
  expect((await cli(["verify", ...options])).code).toBe(0);
});

test("does nothing where virtinst copies auth and no pool names its secret by usage; --force does", async () => {
  const { folder, pristine, path } = target("installer-4.0");
  const options = [...HOST_BY_UUID, "--virtinst", folder];
  const applied = await cli(["apply", "--json", ...options]);
  expect(applied.code).toBe(0);
  expect(json(applied.stdout)).toMatchObject({
    changed: false,
    status: "not needed",
    notes: [expect.stringMatching(/^Not affected: .*copies auth.*--force/)],
  });
  expect(readFileSync(path).equals(pristine)).toBe(true);
  expect(json((await cli(["apply", "--force", "--json", ...options])).stdout)).toMatchObject({
    changed: true,
    status: "patched",
  });
});

test("refuses a virtinst that writes no network disks", async () => {
  const { folder, options, pristine, path } = target("guest-1.0");
  writeFileSync(join(folder, "virtinst/devicedisk.py"), "path = None\n");
  const { code, stderr } = await cli(["apply", ...options]);
  expect(code).toBe(4);
  expect(stderr).toMatch(/no network disks: upgrade to virt-manager 1\.2 or later/);
  expect(readFileSync(path).equals(pristine)).toBe(true);
});

test("text that does not compile never lands", async () => {
  const { options, path, edit } = target(PLAIN);
  edit("import os\n", "import os\nimport\n");
  const before = readFileSync(path);
  const { code, stderr } = await cli(["apply", ...options]);
  expect(code).toBe(4);
  expect(stderr).toMatch(/line \d+/);
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("compiles with the Python that was named, and refuses without one that works", async () => {
  const { options, path, pristine } = target("guest-1.4");
  const wrong = await cli(["apply", ...options, "--python", "python3"]);
  expect(wrong.code).toBe(4);
  expect(wrong.stderr).toMatch(/does not compile with .*python3, even without the patch: .*line \d+/);
  const none = await cli(["apply", ...options, "--python", "/nonexistent/python"]);
  expect(none.code).toBe(4);
  expect(none.stderr).toMatch(/could not be compiled: \/nonexistent\/python, given with --python, is not a program/);
  expect(readFileSync(path).equals(pristine)).toBe(true);
});

test("takes no module from the caller's folder or environment", async () => {
  const { options, folder } = target(PLAIN);
  // The host's own virt-install is run as its user runs it, and takes what that environment gives.
  rmSync(join(folder, "virt-install"));
  const trap = temporaryFolder();
  for (const name of ["json", "re", "logging", "sitecustomize"])
    writeFileSync(join(trap, `${name}.py`), `open(${JSON.stringify(join(trap, "sprung"))}, "w")\n`);
  expect((await cli(["apply", ...options], { cwd: trap, env: { PYTHONPATH: trap } })).code).toBe(0);
  expect((await cli(["verify", ...options], { cwd: trap, env: { PYTHONPATH: trap } })).code).toBe(0);
  expect(readdirSync(trap)).not.toContain("sprung");
});

test("follows a symbolic link to the file, and the link stays", async () => {
  const { options, path, folder } = target(PLAIN);
  const real = join(folder, "real.py");
  renameSync(path, real);
  symlinkSync("../../real.py", path);
  expect((await cli(["apply", ...options])).code).toBe(0);
  expect(readFileSync(real, "utf8")).toContain("_virtinst_rbd_patch");
  expect(readFileSync(path)).toEqual(readFileSync(real));
});

test("a file with another hard link: the other name keeps the old text, and that is said", async () => {
  const { options, path, pristine, folder } = target(PLAIN);
  linkSync(path, join(folder, "other"));
  expect((await cli(["apply", ...options])).stderr).toMatch(/has 2 names \(hard links\)/);
  expect(readFileSync(join(folder, "other")).equals(pristine)).toBe(true);
});

test("a program that is no Python is none", async () => {
  const { options, path, pristine } = target(PLAIN);
  const { code, stderr } = await cli(["apply", ...options, "--python", "/bin/true"]);
  expect(stderr).toMatch(/could not be compiled: \/bin\/true failed \(it is no Python\)/);
  expect(code).toBe(4);
  expect(readFileSync(path).equals(pristine)).toBe(true);
});

test("of runs at the same time one replaces the file, and the others say why they did not", async () => {
  const { options, read, path } = target(PLAIN);
  const ends = await Promise.all(
    [1, 2, 3, 4].map(
      () =>
        new Promise<string>((done) => {
          const run = spawn(process.execPath, [TOOL, "apply", "-q", ...options]);
          let said = "";
          run.stderr.setEncoding("utf8").on("data", (words: string) => {
            said += words;
          });
          run.on("close", (code) => done(`${code} ${said}`));
        }),
    ),
  );
  for (const end of ends)
    expect(end).toMatch(/^0 |^6 .*: another (?:run is in progress|program changed it)\. Nothing was written\.\n/);
  expect(ends.some((end) => end.startsWith("0 "))).toBe(true);
  expect(read().match(/^ *# >>> /gm)).toHaveLength(2);
  expect(readdirSync(dirname(path)).sort()).toEqual(["__init__.py", "installer.py"]);
});

describe("before it writes, apply runs the function on a sample domain, with and without a terminal", () => {
  /** A Python that compiles everything, and whose function returns this for each domain. */
  const python = (result: string) => {
    const lines = [
      "request=$(cat)",
      `echo '{"version": "3.11"}'`,
      `case $request in *'"compile"'*) echo '{"compile": [null, null]}';; *) echo '${result}';; esac`,
    ];
    const path = temporaryFile("python3", `#!/bin/sh\n${lines.join("\n")}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const wrong = Array(9).fill({ label: "disk of pool p", passed: false, difference: "no auth" });

  test.each([
    ["that raises", { error: "KeyError: 'x'", log: [] }, /the function fails: KeyError: 'x' \(/],
    ["that returns another domain", { results: [], checks: wrong, log: [] }, /disk of pool p: no auth/],
    ["whose Python crashes", null, /the function could not be run: .*python3 crashed/],
  ])("a function %s is not written", async (_, result, said) => {
    const { options, path, pristine } = target(PLAIN);
    for (const more of [[], ["--check"]]) {
      const words = [
        "apply",
        ...options,
        "--python",
        python(result ? JSON.stringify(result).replaceAll("'", "'\\''") : ""),
        ...more,
      ];
      const piped = await cli(words);
      const shown = onTerminal(words);
      expect([piped.code, shown.code]).toEqual([5, 5]);
      for (const text of [piped.stderr, shown.screen]) expect(text).toMatch(said);
      expect(readFileSync(path).equals(pristine)).toBe(true);
    }
  });

  test("a patch whose virt-install does not work exits with 0 on both: that is for verify", () => {
    const codes = [built, onTerminal].map((run) => {
      const { folder, options } = target(PLAIN);
      writeFileSync(join(folder, "virt-install"), "#!/bin/sh\nexit 1\n");
      return run(["apply", ...options]).code;
    });
    expect(codes).toEqual([0, 0]);
  });
});

test("updates the blocks of version 1.0.0 to what it puts into the pristine file", async () => {
  const fresh = target(PLAIN);
  await cli(["apply", ...fresh.options]);
  const { options, path, pristine, read } = target(PLAIN);
  writeFileSync(path, patchedBy100(pristine));
  const applied = await cli(["apply", "--json", ...options]);
  expect(applied.code, applied.stderr).toBe(0);
  expect(json(applied.stdout)).toMatchObject({ changed: true, status: "updated", pools: ["libvirtpool"] });
  // The time of the pristine file too, though the file has had another one since.
  expect(read()).toBe(fresh.read());
  expect(read()).toContain(`\n# >>> virtinst-rbd-patch ${VERSION}\n`);
  expect(json((await cli(["verify", "--json", ...options])).stdout)).toMatchObject({
    state: "current",
    behaviour: { status: "passed" },
  });
});
