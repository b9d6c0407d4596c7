import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { findPrograms, readProgram, siteFolders, usesFolder } from "../../src/virtinst/program";
import { cli, HOST, temporaryFolder } from "../support/cli";
import { host, PLACE, SCRIPT } from "../support/programs";

const read = (text: string, more: Readonly<Record<string, string>> = {}) =>
  readProgram("/usr/bin/virt-install", host({ "usr/bin/virt-install": text, ...more }).files);

test.each([
  ["#!/usr/bin/python2 -tt", "/usr/bin/python2"],
  ["#!/usr/libexec/platform-python3.6 -s", "/usr/libexec/platform-python3.6"],
  ["#! /usr/bin/python3", "/usr/bin/python3"],
  ["#!/usr/bin/env\tpython3", "python3"],
  ["#!/usr/bin/env -S  A=b  python3 -s", "python3"],
  ["#!/usr/bin/python3.11 -sP\r", "/usr/bin/python3.11"],
])("the shebang %j names its Python", (line, interpreter) => {
  const program = read(`${line}\n${SCRIPT}`);
  expect(program).toMatchObject({ interpreter, script: "/usr/bin/virt-install" });
  expect(program.folders.slice(0, 2)).toEqual([PLACE, "/usr/bin"]);
});

describe("a shell wrapper", () => {
  const more = { "opt/vm/virt-install": `#!/usr/bin/python3\n${SCRIPT}` };
  test.each([
    'exec /opt/vm/virt-install "$@"',
    '  exec /usr/libexec/platform-python -s /opt/vm/virt-install "$@"',
    `LANG=C\nexec env -i A='b c' python3 '/opt/vm/virt-install' "$@"`,
  ])("%j is followed to its script", (lines) => {
    const found = read(`#!/bin/sh\nset -e\n${lines}\n`, more);
    expect(found).toEqual({ interpreter: "/usr/bin/python3", script: "/opt/vm/virt-install", folders: [PLACE, PLACE] });
  });
});

describe("it is unknown which virtinst is used by", () => {
  test.each([
    ["a binary", "\x7fELF\x02\x01\x01\0\0\0\nexec /opt/vm/virt-install\n"],
    ["a script without a shebang", SCRIPT],
    ["a Perl script", "#!/usr/bin/perl -w\nrun();\n"],
    ["a wrapper of a variable", '#!/bin/sh\nexec "$PYTHON" "$SCRIPT" "$@"\n'],
    ["a wrapper without exec", '#!/bin/sh\n/opt/vm/virt-install "$@"\n'],
    ["a wrapper of another name", '#!/bin/sh\nexec /opt/vm/.virt-install-wrapped "$@"\n'],
    ["a wrapper of itself", '#!/bin/sh\nexec /usr/bin/virt-install "$@"\n'],
    ["a wrapper with its exec behind 64 KB", `#!/bin/sh\n${"#".repeat(65536)}\nexec /opt/vm/virt-install\n`],
    ["a variable in sys.path", "#!/usr/bin/python3\nimport sys\nsys.path.insert(0, folder)\n"],
  ])("%s", (_, text) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({
        kind: "target",
        message: expect.stringMatching(
          /^It is unknown which virtinst \/\S+\/virt-install uses(?:\.|: line 3 changes )/,
        ),
        hint: "Pass the directory that contains the virtinst package with --virtinst.",
      }),
    );
  });

  test("a program, unless --virtinst names it", async () => {
    const { base } = host({ "usr/bin/virt-install": "#!/bin/sh\nrun_it\n" });
    const ran = await cli(["apply", "--check", ...HOST, "--root", base]);
    expect(ran.stderr).toContain(`It is unknown which virtinst ${base}/usr/bin/virt-install uses.`);
    expect(ran.stderr).toContain("with --virtinst");
    expect(ran.code).toBe(4);
    const named = await cli(["apply", "--check", ...HOST, "--root", base, "--virtinst", PLACE]);
    expect(named.stdout).toContain(`would be patched: ${base}${PLACE}/`);
  });
});

describe("the directories of a Python script:", () => {
  const folders = (...lines: readonly string[]) =>
    read("-> /opt/own/virt-install", {
      "opt/own/virt-install": ["#!/usr/bin/python3", ...lines, ""].join("\n"),
    }).folders;

  test.each([
    ['sys.path.insert(0, "/a")', "/a"],
    ['if True: sys.path.insert(0,\n    "/a",\n)', "/a"],
    ['sys.path.insert(0, "lib"); go()', "/opt/own/lib"],
    ["sys.path.insert(0, os.path.abspath(os.path.dirname(__file__)))", "/opt/own"],
  ])("%j adds one before its own", (line, folder) => {
    expect(folders(line)).toEqual([folder, "/opt/own"]);
  });

  test("comments and uses of sys.path add none", () =>
    expect(folders('# sys.path.insert(0, "/a")', "print(sys.path)", "sysxpath.insert(0, a)")).toEqual(["/opt/own"]));

  test.each([
    'sys.path.insert(0, "/a" + folder)',
    String.raw`sys.path.insert(0, "/a\n")`,
    "sys.path.insert(0, os.path.join(os.path.dirname(__file__), folder))",
    'sys.path.insert(1, "/a")',
    'sys.path.append("/a")',
    "sys.path.insert(0, os.path.dirname(os.path.dirname(__file__)))",
  ])("%j is refused with its line", (line) => {
    expect(() => folders("import sys", line)).toThrow("uses: line 3 changes sys.path.");
  });

  test("the last one that was added is searched first", () =>
    expect(folders('sys.path.insert(0, "/a")', 'sys.path.insert(0, "/b")')).toEqual(["/b", "/a", "/opt/own"]));

  test("the site directories of its Python are searched last, the newest version first", () => {
    const names = ["python3", "python3.9", "python3.12", "python2.7", "python4", "python3.x", "xpython3"];
    const libraries = Object.fromEntries(names.map((name) => [`srv/ve/lib/${name}/x`, ""]));
    const own = ["python3.12", "python3.9", "python3", "python2.7"].flatMap((name) => [
      `/srv/ve/lib/${name}/site-packages`,
      `/srv/ve/lib/${name}/dist-packages`,
    ]);
    expect(read("#!/srv/ve/bin/python3\n", libraries).folders).toEqual(["/usr/bin", ...own]);
    expect(read("#!/usr/bin/python3\n", { "usr/lib/python3/x": "" }).folders).toEqual([
      "/usr/bin",
      "/usr/lib/python3/site-packages",
      "/usr/lib/python3/dist-packages",
    ]);
    expect(siteFolders(["/gone"], host({}).files)).toEqual([]);
  });

  test("the first one with a virtinst is used", () => {
    const text = `#!/usr/bin/python3\n${SCRIPT}sys.path.insert(0, "/opt/empty")\n`;
    const { files } = host({ "usr/bin/virt-install": text, "opt/empty/x": "" });
    const program = readProgram("/usr/bin/virt-install", files);
    expect(usesFolder(program, PLACE, files)).toBe(true);
    expect(usesFolder(program, "/usr/share/virt-manager", files)).toBe(false);
    expect(usesFolder({ folders: [] }, PLACE, files)).toBe(false);
  });
});

describe("the virt-install programs of this machine", () => {
  /** Two directories with a virt-install, and a link to the first. */
  function folders() {
    const base = temporaryFolder();
    for (const name of ["a", "b", "c"]) mkdirSync(join(base, name));
    for (const name of ["a", "b"]) writeFileSync(join(base, name, "virt-install"), `#!/usr/bin/python3\n${SCRIPT}`);
    symlinkSync("../a/virt-install", join(base, "c/virt-install"));
    onTestFinished(() => void vi.unstubAllEnvs());
    return base;
  }

  test("are those in the absolute directories of PATH, in its order, each once, by the name that a shell runs", () => {
    const base = folders();
    vi.stubEnv("PATH", `${base.slice(1)}/a:${base}/b:${base}/gone:${base}/c:${base}/a:${base}/b`);
    const found = findPrograms(new HostFiles()).filter((path) => path.startsWith(base));
    expect(found).toEqual([`${base}/b/virt-install`, `${base}/c/virt-install`]);
  });

  test("are not used with --root", () => {
    const base = folders();
    vi.stubEnv("PATH", `${base}/a`);
    expect(findPrograms(host({ [`${base}/a/virt-install`]: `#!/usr/bin/python3\n${SCRIPT}` }).files)).toEqual([]);
  });
});
