import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { RECIPES } from "../../src/virtinst/recipes";
import { cli, copyVirtinst, HAS_PYTHON2, HOST, TOOL, temporaryFolder } from "../support/cli";

const FIXTURES = resolve("test/fixtures/host");
const HOST_TWO = ["pool-usage", "pool-uuid"]
  .map((name) => `--pool-xml=${FIXTURES}/${name}.xml`)
  .concat(["usage", "uuid"].map((name) => `--secret-xml=${FIXTURES}/secret-${name}.xml`));

function target(layout: string) {
  const folder = copyVirtinst(layout);
  const recipe = RECIPES.find(({ name }) => name === layout);
  if (!recipe) throw new Error(layout);
  const path = join(folder, recipe.file);
  utimesSync(path, 1400000000, 1400000000);
  const options = [...HOST, "--virtinst", folder];
  return {
    folder,
    path,
    recipe,
    options,
    pristine: readFileSync(path),
    read: () => readFileSync(path, "utf8"),
    edit: (from: string | RegExp, to: string) => writeFileSync(path, readFileSync(path, "utf8").replace(from, to)),
  };
}

/** What somebody would do who wants changed blocks to pass for whole ones. */
async function withFittingDigest(text: string): Promise<string> {
  const { findBlocks, blocksDigest } = await import("../../src/patch/blocks");
  const found = findBlocks(text);
  if (found.state !== "present") throw new Error(found.state);
  const fitting = text.replace(found.header.blocks, blocksDigest(found.blocks));
  expect(findBlocks(fitting)).toMatchObject({ state: "present", intact: true });
  return fitting;
}

/** The layout for what does not depend on one: it needs no Python 2. */
const PLAIN = "installer-4.0";

const json = (stdout: string) => JSON.parse(stdout);

describe.each(RECIPES)("$name", ({ name: layout, python }) => {
  if (python === 2 && !HAS_PYTHON2)
    return test.skip("not run: there is no python2 or python2.7 on this machine", () => {});

  test("apply, verify, revert go through and leave not one byte behind", () => {
    const { folder, path, options, pristine, recipe } = target(layout);
    const applied = cli(["apply", "--json", ...options]);
    expect(applied.code, applied.stderr).toBe(0);
    expect(json(applied.stdout)).toMatchObject({
      changed: true,
      status: "patched",
      file: path,
      pools: ["libvirtpool"],
      release: expect.stringMatching(/^\d/),
    });
    expect(json(applied.stdout).compiled).toMatch(recipe.python === 2 ? /python2/ : /python3/);
    expect(statSync(path).mtimeMs).toBeGreaterThan(1600000000000);
    const after = readFileSync(path);
    const again = cli(["apply", "--json", ...options]);
    expect(json(again.stdout)).toMatchObject({ changed: false, status: "current", compiled: null });
    expect(readFileSync(path).equals(after)).toBe(true);
    const verified = cli(["verify", "--json", ...options]);
    expect(verified.code).toBe(0);
    expect(json(verified.stdout)).toMatchObject({ state: "current", behaviour: { status: "passed" } });
    const reverted = cli(["revert", "--json", "--virtinst", folder]);
    expect(reverted.code).toBe(0);
    expect(json(reverted.stdout)).toMatchObject({
      changed: true,
      status: "reverted",
      pristine: true,
      pools: ["libvirtpool"],
    });
    expect(readFileSync(path).equals(pristine)).toBe(true);
    expect(statSync(path).mtimeMs).toBe(1400000000000);
    expect(readdirSync(dirname(path)).filter((name) => name.includes("rbd-patch"))).toEqual([]);
    expect(json(cli(["revert", "--json", "--virtinst", folder]).stdout)).toMatchObject({
      changed: false,
      status: "absent",
    });
  });

  test.each(["\n", "\r\n"])("patch -p1, git apply and apply FILE end with the bytes of apply (line end %j)", (end) => {
    const { folder, path, options, recipe } = target(layout);
    writeFileSync(path, readFileSync(path, "utf8").replace(/\n/g, end));
    utimesSync(path, 1400000000, 1400000000);
    const copies = ["patch", "git", "file"].map((name) => join(temporaryFolder(), name));
    for (const copy of copies) cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
    const patch = join(temporaryFolder(), "p.patch");
    expect(cli(["render", ...options, "-o", patch]).code).toBe(0);
    expect(cli(["render", ...options]).stdout).toBe(readFileSync(patch, "utf8"));
    execFileSync("patch", ["-p1", "-s", "-i", patch], { cwd: copies[0] });
    execFileSync("git", ["apply", patch], { cwd: copies[1] });
    const viaFile = cli(["apply", patch, "--json", "--virtinst", copies[2] as string]);
    expect(viaFile.stderr + viaFile.code).toMatch(/0$/);
    expect(cli(["apply", ...options]).code).toBe(0);
    for (const copy of copies) expect(readFileSync(join(copy, recipe.file))).toEqual(readFileSync(path));
    expect(json(cli(["apply", patch, "--json", "--virtinst", copies[2] as string]).stdout)).toMatchObject({
      changed: false,
      status: "current",
    });
    const reverse = cli(["render", "--reverse", ...options]).stdout;
    expect(spawnSync("patch", ["-p1", "-s"], { cwd: copies[0], input: reverse }).status).toBe(0);
    cli(["revert", "--virtinst", folder]);
    expect(readFileSync(join(copies[0] as string, recipe.file))).toEqual(readFileSync(path));
  });
});

describe("apply", () => {
  test("replaces blocks that were made from other facts", () => {
    const { options, folder, pristine, path } = target(PLAIN);
    cli(["apply", ...options]);
    expect(json(cli(["verify", "--json", ...HOST_TWO, "--virtinst", folder]).stdout)).toMatchObject({ state: "stale" });
    const updated = cli(["apply", "--json", ...HOST_TWO, "--virtinst", folder]);
    expect(json(updated.stdout)).toMatchObject({ changed: true, status: "updated", pools: ["archive", "libvirtpool"] });
    expect(cli(["verify", ...HOST_TWO, "--virtinst", folder]).code).toBe(0);
    cli(["revert", "--virtinst", folder]);
    expect(readFileSync(path).equals(pristine)).toBe(true);
    expect(statSync(path).mtimeMs).toBe(1400000000000);
  });

  test("--check says what would be done, exits 1, and changes nothing; --diff shows it", () => {
    const { options, path, pristine } = target(PLAIN);
    const checked = cli(["apply", "--check", "--diff", ...options]);
    expect(checked.code).toBe(1);
    expect(checked.stdout).toContain("+++ b/virtinst/install/installer.py\n");
    expect(checked.stdout).toMatch(/would be patched/);
    expect(readFileSync(path).equals(pristine)).toBe(true);
    expect(statSync(path).mtimeMs).toBe(1400000000000);
    cli(["apply", ...options]);
    expect(cli(["apply", "--check", ...options]).code).toBe(0);
    const reverting = cli(["revert", "--check", "--diff", ...options]);
    expect(reverting.code).toBe(1);
    expect(reverting.stdout).toMatch(/^-.*_virtinst_rbd_patch/m);
    expect(cli(["verify", ...options]).code).toBe(0);
  });

  test("does nothing where virtinst copies auth and no pool names its secret by usage; --force does", () => {
    const { folder, pristine, path } = target("installer-4.0");
    const options = [
      `--pool-xml=${FIXTURES}/pool-uuid.xml`,
      `--secret-xml=${FIXTURES}/secret-uuid.xml`,
      "--virtinst",
      folder,
    ];
    const applied = cli(["apply", "--json", ...options]);
    expect(applied.code).toBe(0);
    expect(json(applied.stdout)).toMatchObject({
      changed: false,
      status: "not needed",
      notes: [expect.stringMatching(/copies auth.*--force/)],
    });
    expect(readFileSync(path).equals(pristine)).toBe(true);
    expect(json(cli(["apply", "--force", "--json", ...options]).stdout)).toMatchObject({
      changed: true,
      status: "patched",
    });
  });

  test("refuses a virtinst that writes no network disks", () => {
    const { folder, options, pristine, path } = target("guest-1.0");
    writeFileSync(join(folder, "virtinst/devicedisk.py"), "path = None\n");
    const { code, stderr } = cli(["apply", ...options]);
    expect(code).toBe(4);
    expect(stderr).toMatch(/no network disks at all.*1\.2 or later/);
    expect(readFileSync(path).equals(pristine)).toBe(true);
  });

  test("text that does not compile never lands", () => {
    const { options, path, edit } = target(PLAIN);
    edit("import os\n", "import os\nimport\n");
    const before = readFileSync(path);
    const { code, stderr } = cli(["apply", ...options]);
    expect(code).toBe(4);
    expect(stderr).toMatch(/line \d+/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("compiles with the Python that was named, and refuses without one that works", () => {
    const { options, path, pristine } = target("guest-1.4");
    const wrong = cli(["apply", ...options, "--python", "python3"]);
    expect(wrong.code).toBe(4);
    expect(wrong.stderr).toMatch(/does not compile under .*python3, even without the patch: .*line \d+/);
    const none = cli(["apply", ...options, "--python", "/nonexistent/python"]);
    expect(none.code).toBe(4);
    expect(none.stderr).toMatch(/could not be compiled: \/nonexistent\/python, given with --python, is not a program/);
    expect(readFileSync(path).equals(pristine)).toBe(true);
  });

  test("takes no module from the caller's folder or environment", () => {
    const { options } = target(PLAIN);
    const trap = temporaryFolder();
    for (const name of ["json", "re", "logging", "sitecustomize"])
      writeFileSync(join(trap, `${name}.py`), `open(${JSON.stringify(join(trap, "sprung"))}, "w")\n`);
    expect(cli(["apply", ...options], { cwd: trap, env: { PYTHONPATH: trap } }).code).toBe(0);
    expect(cli(["verify", ...options], { cwd: trap, env: { PYTHONPATH: trap } }).code).toBe(0);
    expect(readdirSync(trap)).not.toContain("sprung");
  });

  test("follows a symbolic link to the file, and the link stays", () => {
    const { options, path, folder } = target(PLAIN);
    const real = join(folder, "real.py");
    renameSync(path, real);
    symlinkSync("../../real.py", path);
    expect(cli(["apply", ...options]).code).toBe(0);
    expect(readFileSync(real, "utf8")).toContain("_virtinst_rbd_patch");
    expect(readFileSync(path)).toEqual(readFileSync(real));
  });
});

test("a file with another hard link: the other name keeps the old text, and that is said", () => {
  const { options, path, pristine, folder } = target(PLAIN);
  linkSync(path, join(folder, "other"));
  expect(cli(["apply", ...options]).stderr).toMatch(/has 2 names \(hard links\)/);
  expect(readFileSync(join(folder, "other")).equals(pristine)).toBe(true);
});

describe("apply FILE refuses", () => {
  function reviewed(edit: (patch: string) => string) {
    const { folder, path, pristine, options } = target(PLAIN);
    const patch = join(temporaryFolder(), "p.patch");
    writeFileSync(patch, edit(cli(["render", ...options]).stdout));
    const { code, stderr } = cli(["apply", patch, "--virtinst", folder]);
    expect(readFileSync(path).equals(pristine)).toBe(true);
    return { code, stderr };
  }
  test.each([
    [
      "a patch made for another pristine file",
      (p: string) => p.replace(/pristine: sha256=\w{64}/, `pristine: sha256=${"0".repeat(64)}`),
      /does something other|made for a file/,
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
      (p: string) => p.replace("\n from ..logger import log\n", "\n-from ..logger import log\n"),
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
    ["another uuid", (p: string) => p.replace(/2a5b08e4/g, "00000000"), /other than/],
    ["no diff at all", () => "hello\n", /not a unified diff/],
  ])("%s", (_, edit, message) => {
    const { code, stderr } = reviewed(edit);
    expect(stderr).toMatch(message);
    expect(code).toBe(4);
  });

  test.each([
    ["foreign code in them", (text: string) => text.replace("    import re\n", "    import re, os; os.system('id')\n")],
    [
      "the calls in another place",
      (text: string) => {
        const [call] = / {8}# >>>[\s\S]*?# <<<.*\n/.exec(text) as unknown as [string];
        return text.replace(call, "").replace("        initial_xml = None", `${call}        initial_xml = None`);
      },
    ],
    [
      "the helper in another place",
      (text: string) => text.replace(/(from \.\.logger import log\n)(# >>>[\s\S]*?\n# <<<.*\n)/, "$2$1"),
    ],
  ])("our blocks with %s, and digests that fit", async (_, edit) => {
    const { folder, path, pristine, options, read } = target(PLAIN);
    cli(["apply", ...options]);
    const text = await withFittingDigest(edit(read()));
    const patch = join(temporaryFolder(), "p.patch");
    const { unifiedDiff } = await import("../../src/patch/diff");
    writeFileSync(patch, unifiedDiff("virtinst/install/installer.py", pristine.toString(), text));
    cli(["revert", "--virtinst", folder]);
    const { code, stderr } = cli(["apply", patch, "--virtinst", folder]);
    expect(stderr).toMatch(/not what this tool renders/);
    expect(code).toBe(4);
    expect(readFileSync(path, "utf8")).toBe(pristine.toString());
  });
});

describe("verify", () => {
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
    ["absent", "everything of ours gone", /^ *# >>> [\s\S]*?# <<< .*\n/gm, "", 1],
  ])("%s: %s", (state, _, from, to, exit) => {
    const { options, edit } = target(PLAIN);
    cli(["apply", ...options]);
    edit(from, to);
    const { code, stdout } = cli(["verify", "--json", ...options]);
    expect(json(stdout).state).toBe(state);
    expect(json(stdout).reason).toMatch(/.{10}/);
    expect(code).toBe(exit);
  });

  test("edited: the calls moved to where they are never reached", () => {
    const { options, read, path } = target(PLAIN);
    cli(["apply", ...options]);
    const applied = read();
    const [call] = / {8}# >>>[\s\S]*?# <<<.*\n/.exec(applied) as unknown as [string];
    writeFileSync(path, applied.replace(call, "") + call);
    const { code, stdout } = cli(["verify", "--json", ...options]);
    expect(json(stdout)).toMatchObject({
      state: "edited",
      reason: expect.stringMatching(/no longer where they were put/),
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

  test("runs the block that is on disk: a faulty one fails with exit 5 even if its digests fit", async () => {
    const { options, read, path } = target(PLAIN);
    cli(["apply", ...options]);
    writeFileSync(
      path,
      await withFittingDigest(
        read().replace("192.0.2.13", "192.0.2.99").replace('name="192.0.2.13"', 'name="192.0.2.99"'),
      ),
    );
    const { code, stdout } = cli(["verify", "--json", ...options]);
    expect(json(stdout)).toMatchObject({ state: "current", behaviour: { status: "failed" } });
    expect(code).toBe(5);
  });
});

describe("revert", () => {
  test("keeps what somebody edited elsewhere, and says so", () => {
    const { options, folder, edit, path, pristine } = target(PLAIN);
    cli(["apply", ...options]);
    edit("import os\n", "import os\n# mine\n");
    const { code, stdout, stderr } = cli(["revert", "--virtinst", folder]);
    expect(code).toBe(0);
    expect(stderr + stdout).toMatch(/changed outside the blocks; these changes stay/);
    expect(readFileSync(path, "utf8")).toBe(pristine.toString().replace("import os\n", "import os\n# mine\n"));
  });

  test("writes nothing where a marker is damaged, and says how to get a clean file", () => {
    const { options, folder, edit, path } = target(PLAIN);
    cli(["apply", ...options]);
    edit("        # <<< virtinst-rbd-patch\n", "");
    const before = readFileSync(path);
    for (const words of [
      ["revert", "--virtinst", folder],
      ["apply", ...options],
    ]) {
      const { code, stderr } = cli(words);
      expect(code).toBe(4);
      expect(stderr).toMatch(
        /installer\.py, line \d+: a block begins and has no end\. Nothing was written\.\n.*reinstall/,
      );
    }
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("needs no facts of the host", () => {
    const { options, folder } = target(PLAIN);
    cli(["apply", ...options]);
    expect(
      cli(["revert", "--virtinst", folder], { env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` } }).code,
    ).toBe(0);
  });
});

describe("--root", () => {
  function image() {
    const base = temporaryFolder();
    cpSync("test/fixtures/virtinst/installer-4.0", join(base, "usr/share/virt-manager"), { recursive: true });
    for (const folder of ["storage", "secrets"]) mkdirSync(join(base, "etc/libvirt", folder), { recursive: true });
    cpSync(`${FIXTURES}/pool-usage.xml`, join(base, "etc/libvirt/storage/libvirtpool.xml"));
    cpSync(`${FIXTURES}/secret-usage.xml`, join(base, "etc/libvirt/secrets/2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1.xml"));
    writeFileSync(join(base, "etc/libvirt/secrets/2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1.base64"), "VkFMVUU=");
    writeFileSync(join(base, "etc/hostname"), "golden\n");
    return base;
  }

  test("takes virtinst and the facts from below it, and never a secret's value", () => {
    const base = image();
    const inspected = cli(["inspect", "--json", "--root", base]);
    expect(json(inspected.stdout)).toMatchObject({
      host: "golden",
      pools: [{ name: "libvirtpool" }],
      virtinst: { release: "4.1.0" },
    });
    expect(inspected.stdout).not.toContain("VkFMVUU");
    expect(cli(["apply", "--root", base]).code).toBe(0);
    const verified = cli(["verify", "--json", "--root", base]);
    expect(json(verified.stdout)).toMatchObject({ state: "current", behaviour: { status: "passed" } });
    expect(readFileSync(join(base, "usr/share/virt-manager/virtinst/install/installer.py"), "utf8")).not.toContain(
      "VkFMVUU",
    );
    expect(cli(["revert", "--root", base]).code).toBe(0);
  });

  test("runs no foreign code of an image, whatever its digests say", async () => {
    const base = image();
    cli(["apply", "--root", base]);
    const path = join(base, "usr/share/virt-manager/virtinst/install/installer.py");
    const sprung = join(base, "sprung");
    writeFileSync(
      path,
      await withFittingDigest(
        readFileSync(path, "utf8").replace("    import re\n", `    import re; open(${JSON.stringify(sprung)}, "w")\n`),
      ),
    );
    const { stdout } = cli(["verify", "--json", "--root", base]);
    expect(json(stdout).behaviour).toMatchObject({ status: "not run", reason: expect.stringMatching(/foreign text/) });
    expect(readdirSync(base)).not.toContain("sprung");
  });
});

describe("the command line", () => {
  test.each([
    [["--no-such-option", "inspect"], 2, /unknown option/],
    [["inspect", "--host", "a", "--pool-xml", "b"], 2, /cannot be used with/],
    [["inspect", "--connect", "a", "--host", "b"], 2, /cannot be used with/],
    [["inspect", "--root", "/", "--secret-xml", "b"], 2, /does not go with --root alone/],
    [["apply", "a", "b"], 2, /too many arguments/],
    [["inspect", "--host", "/nonexistent"], 3, /nonexistent cannot be read: no such file/],
    [["inspect", ...HOST, "--pool", "other"], 3, /no rbd pool named "other".*\n.*"libvirtpool"/],
    [["inspect", `--pool-xml=${FIXTURES}/pool-usage.xml`], 3, /names its secret by usage.*\nAdd --secret-xml/],
    [["render", ...HOST, "--virtinst", "/nonexistent"], 4, /nonexistent holds no virtinst/],
    [
      ["render", ...HOST, "--virtinst", "test/fixtures/virtinst/guest-1.0", "-o", "/nonexistent/x"],
      6,
      /cannot be written: no such file/,
    ],
  ])("%j exits %i", (words, exit, message) => {
    const { code, stderr, stdout } = cli([...words, "--json"]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(code).toBe(exit);
    expect(json(stdout).error).toMatchObject({ code: exit, message: expect.any(String), hint: expect.any(String) });
  });

  test("every command has help, and --version is the package's", () => {
    for (const command of ["inspect", "render", "apply", "verify", "revert"])
      expect(cli([command, "--help"])).toMatchObject({ code: 0, stdout: expect.stringContaining("--pool-xml") });
    expect(cli(["--version"]).stdout.trim()).toBe(json(readFileSync("package.json", "utf8")).version);
  });

  test("-q says nothing but errors, -v says more", () => {
    const { options } = target(PLAIN);
    const quiet = cli(["apply", "-q", ...options]);
    expect(quiet.stdout + quiet.stderr).toBe("");
    expect(cli(["verify", "-v", ...options]).stdout).toMatch(/ok {2}file CD-ROM/);
  });

  test("a hostile name reaches neither the terminal nor the patch's header", () => {
    const folder = temporaryFolder();
    const pool = join(folder, "p.xml");
    writeFileSync(
      pool,
      "<pool type='rbd'><name>a&#10;--- a/etc/passwd&#9;\u009b31m</name><source><name>c</name></source></pool>",
    );
    const { folder: virtinst } = target(PLAIN);
    const options = [`--pool-xml=${pool}`, "--virtinst", virtinst];
    expect(cli(["render", ...options]).stdout).not.toMatch(/^--- a\/etc/m);
    for (const words of [
      ["inspect", ...options],
      ["apply", ...options],
      ["verify", ...options],
    ]) {
      const { stdout, stderr } = cli(words);
      expect(stdout + stderr).not.toContain("\u009b");
    }
  });

  test("colours only on a terminal, or where they are asked for", () => {
    const { options } = target(PLAIN);
    const run = (env: NodeJS.ProcessEnv) =>
      cli(["apply", "--check", "--diff", ...options], { env: { NO_COLOR: undefined, CI: "1", ...env } }).stdout;
    expect(run({})).not.toContain("\u001b");
    expect(run({ FORCE_COLOR: "0" })).not.toContain("\u001b");
    expect(run({ FORCE_COLOR: "1" })).toContain("\u001b[32m+# >>> ");
    const terminal = spawnSync(
      "script",
      ["-qec", `${process.execPath} ${TOOL} inspect ${options.join(" ")}`, "/dev/null"],
      { encoding: "utf8", env: { ...process.env, NO_COLOR: undefined, TERM: "xterm" } },
    );
    expect(terminal.stdout).toContain("\u001b[1mPool");
  });

  test("a full device is named", () => {
    const { options } = target(PLAIN);
    const { status, stderr } = spawnSync(
      "sh",
      ["-c", '"$0" "$@" > /dev/full', process.execPath, TOOL, "inspect", ...options],
      { encoding: "utf8" },
    );
    expect(stderr).toMatch(/Standard output cannot be written: no space left/);
    expect(status).toBe(6);
  });

  test("a reader that has seen enough is no failure", () => {
    const { options } = target(PLAIN);
    const { status, stderr } = spawnSync(
      "sh",
      ["-c", `"$0" dist/virtinst-rbd-patch.js render "$@" | head -1`, process.execPath, ...options],
      { encoding: "utf8" },
    );
    expect(status).toBe(0);
    expect(stderr).toBe("");
  });
});

describe("the built file", () => {
  test("alone in an empty folder does every command", () => {
    const { folder, path, pristine } = target(PLAIN);
    const tool = join(temporaryFolder(), "virtinst-rbd-patch");
    cpSync(TOOL, tool);
    const run = (...words: string[]) => cli(words, { tool });
    const options = [...HOST, "--virtinst", folder];
    const document = join(dirname(tool), "host.json");
    const patch = join(dirname(tool), "host.patch");
    writeFileSync(document, run("inspect", "--json", ...options).stdout);
    const fromDocument = ["--host", document, "--virtinst", folder];
    expect(run("render", "-o", patch, ...fromDocument).code).toBe(0);
    expect(run("apply", patch, "--virtinst", folder).code).toBe(0);
    expect(run("apply", ...fromDocument).stdout).toMatch(/^current/);
    expect(run("verify", ...fromDocument).code).toBe(0);
    expect(run("preview", ...fromDocument).stdout).toMatch(/^\+ +<auth/m);
    expect(run("revert", "--virtinst", folder).code).toBe(0);
    expect(readFileSync(path).equals(pristine)).toBe(true);
  });

  test("is within its budget of 400 KB", () => expect(statSync(TOOL).size).toBeLessThan(400 * 1024));
});

describe("preview", () => {
  const options = [...HOST, "--virtinst", resolve("test/fixtures/virtinst", PLAIN)];

  test("shows a domain with a disk of each pool as the patch would leave it", () => {
    const { code, stdout } = cli(["preview", ...HOST_TWO, "--virtinst", resolve("test/fixtures/virtinst", PLAIN)]);
    expect(code).toBe(0);
    const added = stdout.split("\n").filter((line) => /^\+ /.test(line));
    expect(added.filter((line) => line.includes("<auth "))).toHaveLength(2);
    expect(added.filter((line) => line.includes("<host "))).toHaveLength(3);
    expect(stdout).not.toMatch(/^-(?!--)/m);
  });

  test("takes a domain from a file, says what the patch logs, and writes the XML with -o", () => {
    const file = join(temporaryFolder(), "domain.xml");
    const disk = (host: string) =>
      `<domain>\n <disk type='network'>\n  <source protocol='rbd' name='vms/x'>\n   <host name='${host}'/>\n  </source>\n </disk>\n</domain>\n`;
    writeFileSync(file, disk("192.0.2.11"));
    const { stdout } = cli(["preview", file, "-o", "-", ...options]);
    expect(stdout).toContain('  <auth username="libvirt">\n   <secret type="ceph"');
    expect(stdout).toContain('   <host name=\'192.0.2.11\'/>\n   <host name="192.0.2.12" port="6789"/>\n');
    writeFileSync(file, disk("198.51.100.1"));
    const left = cli(["preview", file, ...options]);
    expect(left.stdout).toMatch(/changes nothing/);
    expect(left.stderr).toMatch(/disk vms\/x is left as it is/);
  });

  test("says so where there is no Python to run it", () => {
    expect(cli(["preview", ...options, "--python", "/nonexistent"])).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/could not be run: \/nonexistent/),
    });
  });
});

describe("what an administrator may run into", () => {
  const write = (name: string, content: string | Buffer) => {
    const path = join(temporaryFolder(), name);
    writeFileSync(path, content);
    return path;
  };
  const virtinst = resolve("test/fixtures/virtinst", PLAIN);

  test("a name in another encoding is refused, not changed", () => {
    const pool = write(
      "p.xml",
      Buffer.from(
        "<?xml version='1.0' encoding='ISO-8859-1'?><pool type='rbd'><name>j\u00f6rg</name><source><name>c</name></source></pool>",
        "latin1",
      ),
    );
    const { code, stderr } = cli(["inspect", "--pool-xml", pool, "--virtinst", virtinst]);
    expect(stderr).toMatch(/p\.xml: this is not UTF-8\.\n.*iconv/);
    expect(code).toBe(3);
  });

  test("preview keeps every byte of a domain in another encoding", () => {
    const domain = Buffer.from(
      "<domain><title>caf\u00e9</title><devices><disk><source protocol='rbd' name='vms/x'/></disk></devices></domain>",
      "latin1",
    );
    const out = join(temporaryFolder(), "out.xml");
    expect(cli(["preview", write("d.xml", domain), "-o", out, ...HOST, "--virtinst", virtinst]).code).toBe(0);
    const result = readFileSync(out);
    expect(result.includes(Buffer.from("caf\u00e9", "latin1"))).toBe(true);
    expect(result.includes("<auth username=")).toBe(true);
  });

  test("preview refuses what is no domain", () => {
    for (const text of ["", "<domain>", "<pool/>", "\u0000\u0001"])
      expect(cli(["preview", write("d.xml", text), ...HOST, "--virtinst", virtinst])).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/d\.xml: /),
      });
  });

  test("two pools of one name are refused, wherever they come from", () => {
    const pool = { name: "p", cephPool: "c", monitors: [] };
    const document = write("h.json", JSON.stringify({ version: 1, pools: [pool, { ...pool, cephPool: "d" }] }));
    const file = `${FIXTURES}/pool-usage.xml`;
    for (const words of [
      ["--host", document],
      [`--pool-xml=${file}`, `--pool-xml=${file}`],
    ])
      expect(cli(["inspect", ...words, "--virtinst", virtinst])).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/two pools named/),
      });
  });

  test("folders and files in each other's place are no surprise", () => {
    const { folder, options, path } = target(PLAIN);
    renameSync(path, `${path}.old`);
    mkdirSync(path);
    expect(cli(["inspect", ...options])).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/holds no virtinst package/),
    });
    const bin = temporaryFolder();
    mkdirSync(join(bin, "virt-install"));
    const other = target(PLAIN);
    expect(cli(["inspect", ...other.options], { env: { PATH: `${bin}:${process.env.PATH}` } }).code).toBe(0);
    const image = temporaryFolder();
    mkdirSync(join(image, "usr"));
    writeFileSync(join(image, "usr/lib"), "");
    expect(cli(["inspect", "--root", image])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/not a system's root folder/),
    });
    expect(folder).not.toBe("");
  });

  test("a program that is no Python is none", () => {
    const { options, path, pristine } = target(PLAIN);
    const { code, stderr } = cli(["apply", ...options, "--python", "/bin/true"]);
    expect(stderr).toMatch(/could not be compiled: \/bin\/true failed \(it is no Python\)/);
    expect(code).toBe(4);
    expect(readFileSync(path).equals(pristine)).toBe(true);
  });

  test("a reviewed patch goes with no option that would choose other facts", () => {
    const { options, folder } = target(PLAIN);
    const patch = join(folder, "p.patch");
    cli(["render", ...options, "-o", patch]);
    for (const words of [HOST, ["--pool", "x"], ["--replace-hand-edit"]])
      expect(cli(["apply", patch, "--virtinst", folder, ...words])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/applied as it is/),
      });
  });

  test("verify is content where nothing is needed, and says so", () => {
    const options = [
      `--pool-xml=${FIXTURES}/pool-uuid.xml`,
      `--secret-xml=${FIXTURES}/secret-uuid.xml`,
      "--virtinst",
      copyVirtinst(PLAIN),
    ];
    const { code, stdout } = cli(["verify", "--json", ...options]);
    expect(json(stdout)).toMatchObject({
      state: "absent",
      need: "not needed",
      reason: expect.stringMatching(/none is needed: .*copies auth/),
    });
    expect(code).toBe(0);
  });

  test("a name cannot look like another line of a report", () => {
    const pool = write(
      "p.xml",
      "<pool type='rbd'><name>a&#10;Patch  current\u202e</name><source><name>c</name></source></pool>",
    );
    const { stdout } = cli(["inspect", "--pool-xml", pool, "--virtinst", virtinst]);
    expect(stdout).not.toMatch(/^Patch {2}current/m);
    expect(stdout).toContain("a\\x0aPatch  current\\u202e");
  });

  test("runs at the same time do not fail each other", async () => {
    const { options, read } = target(PLAIN);
    const { spawn } = await import("node:child_process");
    const codes = await Promise.all(
      [1, 2, 3, 4].map(
        () => new Promise((done) => spawn(process.execPath, [TOOL, "apply", "-q", ...options]).on("close", done)),
      ),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(read().match(/# >>> /g)).toHaveLength(2);
  });

  test("a wrong option shows where help is", () => {
    expect(cli(["apply", "--bogus"]).stderr).toMatch(/unknown option '--bogus'[\s\S]*--help/);
    expect(cli(["inspect", "--virtinst="])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--virtinst has no value/),
    });
  });
});
