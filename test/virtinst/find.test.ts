import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { findVirtinst, pythonMajor, TARGET_FILES } from "../../src/virtinst/find";
import { cli, HOST, temporaryFolder } from "../support/cli";

/** A root folder with files; a name that ends in "/" is a copy of a stand-in virtinst. */
function root(files: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    const full = join(folder, path);
    mkdirSync(dirname(full), { recursive: true });
    if (path.endsWith("/")) cpSync(resolve("test/fixtures/virtinst", content), full, { recursive: true });
    else writeFileSync(full, content);
  }
  return folder;
}

const FILE = "/usr/share/virt-manager/virtinst/guest.py";
test("an error of the file names the way to restore it from its package", async () => {
  const base = root({ "usr/share/virt-manager/": "guest-1.4" });
  const clean = `Restore the file from its package: reinstall the one that \`dpkg -S ${FILE}\` or \`rpm -qf ${FILE}\` prints`;
  writeFileSync(
    join(base, "usr/share/virt-manager/virtinst/guest.py"),
    "    def _build_xml(:\n# <<< virtinst-rbd-patch\n",
  );
  expect((await cli(["apply", ...HOST, "--root", base])).stderr).toContain(`${clean}, then apply again.\n`);
  writeFileSync(join(base, "usr/share/virt-manager/virtinst/guest.py"), "def _build_xml(:\n");
  expect((await cli(["apply", ...HOST, "--root", base])).stderr).toContain(
    `${clean}, or look for a newer version of this tool.\n`,
  );
});

describe("findVirtinst", () => {
  test("follows the shell wrapper of virt-manager 1.x", () => {
    const base = root({
      "opt/vm/": "guest-1.0",
      "usr/bin/virt-install": '#!/bin/sh\n\nexec "/opt/vm/virt-install" "$@"',
      "usr/share/virt-manager/": "guest-1.4",
    });
    expect(findVirtinst(new HostFiles(base))).toMatchObject({
      directory: { outside: `${base}/opt/vm` },
      path: `${base}/opt/vm/virtinst/guest.py`,
      release: "1.2.1",
      program: "/usr/bin/virt-install",
      interpreter: "/usr/bin/python2",
    });
  });

  test("takes the folder of a sys.path.insert line, and the interpreter behind env", () => {
    const script =
      '#!/usr/bin/env python3\n\nimport sys\nsys.path.insert(0, "/opt/five")\nfrom virtinst import virtinstall\n';
    const base = root({
      "opt/five/": "installer-4.0",
      "usr/bin/virt-install": script,
      "usr/share/virt-manager/": "installer-2.0",
    });
    expect(findVirtinst(new HostFiles(base))).toMatchObject({
      directory: { outside: `${base}/opt/five` },
      file: "virtinst/install/installer.py",
      release: "4.1.0",
      interpreter: "python3",
    });
  });

  test("a checkout's own script names its own folder", () => {
    const base = root({ "src/vm/": "installer-4.0" });
    mkdirSync(join(base, "usr/local/bin"), { recursive: true });
    symlinkSync("/src/vm/virt-install", join(base, "usr/local/bin/virt-install"));
    expect(findVirtinst(new HostFiles(base)).directory.outside).toBe(`${base}/src/vm`);
  });

  test("a copy's own script that names another folder is not the copy's", () => {
    const script = '#!/usr/bin/python3\nimport sys\nsys.path.insert(0, "/usr/share/virt-manager")\n';
    const base = root({
      "copy/": "installer-4.0",
      "usr/bin/virt-install": script,
      "usr/share/virt-manager/": "installer-4.0",
    });
    writeFileSync(join(base, "copy/virt-install"), script);
    const files = new HostFiles(base);
    expect(findVirtinst(files, join(base, "copy"))).toMatchObject({ program: null, interpreter: null, script: null });
    expect(findVirtinst(files).program).toBe("/usr/bin/virt-install");
  });

  test("a virtinst that was named is that of a later virt-install in PATH", () => {
    const base = root({
      "opt/vm/": "installer-4.0",
      "usr/bin/virt-install": '#!/bin/sh\nexec /opt/vm/virt-install "$@"\n',
      "usr/local/bin/virt-install": "#!/usr/bin/python3\n",
    });
    expect(findVirtinst(new HostFiles(base), join(base, "opt/vm"))).toMatchObject({
      program: "/usr/bin/virt-install",
      interpreter: "python3",
      script: "/opt/vm/virt-install",
    });
  });

  test("without a virt-install, /usr/share/virt-manager", () => {
    const base = root({ "usr/share/virt-manager/": "guest-1.4", "usr/lib/python3.9/site-packages/": "installer-4.0" });
    expect(findVirtinst(new HostFiles(base))).toMatchObject({
      directory: { outside: `${base}/usr/share/virt-manager` },
      release: "1.4.3",
    });
  });

  test("then the site directories, the newest Python first", () => {
    const base = root({
      "usr/lib/python3.9/site-packages/": "installer-2.2",
      "usr/lib/python3.12/site-packages/": "installer-4.0",
      "usr/bin/virt-install": "#!/usr/bin/python3\nimport virtinst\n",
    });
    expect(findVirtinst(new HostFiles(base)).directory.outside).toBe(`${base}/usr/lib/python3.12/site-packages`);
  });

  test("a virtual environment's Python has site directories of its own", () => {
    const base = root({
      "srv/ve/lib/python3.11/site-packages/": "installer-4.0",
      "usr/bin/virt-install": "#!/srv/ve/bin/python3\nfrom virtinst import virtinstall\n",
      "usr/share/virt-manager/": "guest-1.4",
    });
    expect(findVirtinst(new HostFiles(base)).directory.outside).toBe(`${base}/srv/ve/lib/python3.11/site-packages`);
  });

  test("a symbolic link in an image never leads out of it", () => {
    const outside = root({ "vm/": "guest-1.0" });
    const base = root({ "usr/share/placeholder": "" });
    symlinkSync(`${outside}/vm`, join(base, "usr/share/virt-manager"));
    expect(() => findVirtinst(new HostFiles(base))).toThrow(/No virtinst was found/);
    mkdirSync(join(base, outside), { recursive: true });
    cpSync(`${outside}/vm`, join(base, outside, "vm"), { recursive: true });
    expect(findVirtinst(new HostFiles(base)).path).toBe(`${base}${outside}/vm/virtinst/guest.py`);
  });

  test("--virtinst with --root is understood from inside and from outside", () => {
    const base = root({ "opt/vm/": "guest-1.0" });
    for (const virtinst of ["/opt/vm", `${base}/opt/vm`])
      expect(findVirtinst(new HostFiles(base), virtinst).directory.outside).toBe(`${base}/opt/vm`);
  });

  test("a pipe in a file's place does not hold it for ever", () => {
    const base = root({ "usr/share/virt-manager/": "guest-1.4" });
    rmSync(join(base, "usr/share/virt-manager/virtinst/guest.py"));
    execFileSync("mkfifo", [join(base, "usr/share/virt-manager/virtinst/guest.py")]);
    expect(() => findVirtinst(new HostFiles(base))).toThrow(/No virtinst was found/);
  });

  test("a folder with another guest.py is not taken", () => {
    const base = root({
      "usr/share/virt-manager/virtinst/guest.py": "class Guest: pass\n",
      "usr/lib/python3/dist-packages/": "installer-4.0",
    });
    expect(findVirtinst(new HostFiles(base)).directory.inside).toBe("/usr/lib/python3/dist-packages");
  });

  test("the usual places, in the order in which they are looked at", () => {
    const places = [
      "/usr/share/virt-manager",
      "/usr/local/lib/python3/dist-packages",
      "/usr/local/lib64/python2.7/site-packages",
      "/usr/lib/python3.9/site-packages",
      "/usr/lib/python3.9/dist-packages",
      "/usr/lib64/python3/site-packages",
    ];
    const base = root(Object.fromEntries(places.map((place) => [`${place.slice(1)}/`, "guest-1.4"])));
    for (const place of places) {
      expect(findVirtinst(new HostFiles(base)).directory.outside).toBe(base + place);
      rmSync(join(base, place), { recursive: true });
    }
  });

  test("the program beside it is its own, unless it is not understood", () => {
    const base = root({ "opt/vm/": "installer-4.0" });
    const find = () => findVirtinst(new HostFiles(base), "/opt/vm");
    expect(find()).toMatchObject({ program: "/opt/vm/virt-install", interpreter: expect.any(String) });
    writeFileSync(join(base, "opt/vm/virt-install"), "#!/bin/sh\nrun_it\n");
    expect(find()).toMatchObject({ program: null, interpreter: null, script: null });
    rmSync(join(base, "opt/vm/virt-install"));
    expect(find()).toMatchObject({ program: null, interpreter: null, script: null });
  });

  test("says what it looked for, each place once, and what to do", () => {
    const base = root({
      "usr/lib/python3/dist-packages/x": "",
      "usr/bin/virt-install": '#!/usr/bin/python3\nimport sys\nsys.path.insert(0, "/usr/share/virt-manager")\n',
    });
    expect(() => findVirtinst(new HostFiles(base))).toThrow(
      expect.objectContaining({
        kind: "target",
        message: `No virtinst was found (looked in ${["/usr/share/virt-manager", "/usr/bin", "/usr/lib/python3/site-packages", "/usr/lib/python3/dist-packages"].map((place) => base + place).join(", ")}).`,
        hint: "Pass the directory that contains the virtinst package with --virtinst. Versions 1.0 to 5.1 are supported.",
      }),
    );
    expect(() => findVirtinst(new HostFiles(base), "/usr")).toThrow(
      "/usr has no virtinst package with a _build_xml (looked for virtinst/install/installer.py, virtinst/installer.py, virtinst/guest.py).",
    );
  });

  test.each([
    ["virtcli/cliconfig.py", '__version__ = "1.0.1"\n', "1.0.1"],
    ["virtcli/cliconfig.py", "import os\n__version__='1.5.0~rc1+dfsg-2'\n", "1.5.0~rc1+dfsg-2"],
    ["virtcli/cliconfig.py", '__version__   =   "1.2"', "1.2"],
    ["virtcli/cliconfig.py", '# __version__ = "1.2"', null],
    ["virtcli/cliconfig.py", "__version__ = 12", null],
    ["virtinst/buildconfig.py", '__version__ = "2.2.1"\n', "2.2.1"],
    ["virtinst/buildconfig.py", "a = 1\n__version__='3.0~1+2-x'\n", "3.0~1+2-x"],
    ["virtinst/buildconfig.py", "  __version__ = '3'\n", null],
    ["virtinst/buildconfig.py", "__version__ = version\n", null],
    ["virtinst/build.cfg", "[config]\nversion=5.0.0\n", "5.0.0"],
    ["virtinst/build.cfg", "version  =  5.1~1+2-x  # so", "5.1~1+2-x"],
    ["virtinst/build.cfg", "my version = 5.1", null],
    ["virtinst/build.cfg", "version = ", null],
    ["virtinst/other.py", '__version__ = "1.0.1"\n', null],
  ])("the release that %s states with %j: %s", (file, text, release) => {
    const base = root({ "vm/virtinst/guest.py": "def _build_xml(self): pass\n", [`vm/${file}`]: text });
    expect(findVirtinst(new HostFiles(base), "/vm").release).toBe(release);
  });

  test("says where it looked", () => {
    const base = root({ "etc/x": "" });
    expect(() => findVirtinst(new HostFiles(base))).toThrow(/usr\/share\/virt-manager/);
    expect(() => findVirtinst(new HostFiles(), base)).toThrow(/has no virtinst package/);
  });

  test("the release of 5.x is in build.cfg", () => {
    const base = root({
      "vm/": "installer-4.0",
      "vm/virtinst/buildconfig.py": "class C: pass\n",
      "vm/virtinst/build.cfg": "[config]\nversion = 5.1.0\n",
    });
    expect(findVirtinst(new HostFiles(), join(base, "vm")).release).toBe("5.1.0");
  });
});

test("the newest layout is looked for first, and virt-manager 2.0 is the first that runs on Python 3", () => {
  expect(TARGET_FILES).toEqual(["virtinst/install/installer.py", "virtinst/installer.py", "virtinst/guest.py"]);
  expect(TARGET_FILES.map(pythonMajor)).toEqual([3, 3, 2]);
  expect(pythonMajor("virtinst/other.py")).toBe(3);
});

test("the golden patches, the schemas and the architecture diagram are up to date (npm run generate)", () => {
  const { status, stderr } = spawnSync("node", ["scripts/generate.mjs", "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
