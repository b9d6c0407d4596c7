import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findVirtinst, pythonMajor, TARGET_FILES } from "../../src/virtinst/find";
import { cli, HOST } from "../support/cli";
import { system } from "../support/programs";

describe("without --virtinst,", () => {
  test("the virtinst is that of virt-install: the shell wrapper of virt-manager 1.x is followed", () => {
    const { base, files } = system({
      "opt/vm/": "guest-1.0",
      "usr/bin/virt-install": '#!/bin/sh\n\nexec "/opt/vm/virt-install" "$@"',
      "usr/share/virt-manager/": "guest-1.4",
    });
    expect(findVirtinst(files)).toMatchObject({
      directory: { outside: `${base}/opt/vm` },
      path: `${base}/opt/vm/virtinst/guest.py`,
      release: "1.2.1",
      program: "/usr/bin/virt-install",
      interpreter: "/usr/bin/python2",
    });
  });

  test("without a virt-install, the usual directories are searched in this order", () => {
    const places = [
      "/usr/share/virt-manager",
      "/usr/local/lib/python3/dist-packages",
      "/usr/local/lib64/python2.7/site-packages",
      "/usr/lib/python3.12/site-packages",
      "/usr/lib/python3.9/site-packages",
      "/usr/lib/python3.9/dist-packages",
      "/usr/lib64/python3/site-packages",
    ];
    const { base, files } = system(Object.fromEntries(places.map((place) => [`${place}/`, "guest-1.4"])));
    for (const place of places) {
      expect(findVirtinst(files).directory.outside).toBe(base + place);
      rmSync(join(base, place), { recursive: true });
    }
  });

  test("a directory with another guest.py is skipped", () => {
    const { files } = system({
      "usr/share/virt-manager/virtinst/guest.py": "class Guest: pass\n",
      "usr/lib/python3/dist-packages/": "installer-4.0",
    });
    expect(findVirtinst(files).directory.inside).toBe("/usr/lib/python3/dist-packages");
  });

  test("a symbolic link in an image never leads out of it", () => {
    const outside = system({ "vm/": "guest-1.0" }).base;
    const { base, files } = system({ "usr/share/virt-manager": `-> ${outside}/vm` });
    expect(() => findVirtinst(files)).toThrow(/No virtinst was found/);
    mkdirSync(join(base, outside), { recursive: true });
    cpSync(`${outside}/vm`, join(base, outside, "vm"), { recursive: true });
    expect(findVirtinst(files).path).toBe(`${base}${outside}/vm/virtinst/guest.py`);
  });

  test("if there is none, the error lists each directory once, and names --virtinst", () => {
    const { base, files } = system({
      "usr/lib/python3/dist-packages/x": "",
      "usr/bin/virt-install": '#!/usr/bin/python3\nimport sys\nsys.path.insert(0, "/usr/share/virt-manager")\n',
    });
    const places = ["share/virt-manager", "bin", "lib/python3/site-packages", "lib/python3/dist-packages"];
    expect(() => findVirtinst(files)).toThrow(
      expect.objectContaining({
        kind: "target",
        message: `No virtinst was found (looked in ${places.map((place) => `${base}/usr/${place}`).join(", ")}).`,
        hint: "Pass the directory that contains the virtinst package with --virtinst. Versions 1.2 to 5.1 are supported.",
      }),
    );
  });
});

describe("with --virtinst,", () => {
  test("a directory below --root is named from inside or from outside", () => {
    const { base, files } = system({ "opt/vm/": "guest-1.0" });
    for (const virtinst of ["/opt/vm", `${base}/opt/vm`])
      expect(findVirtinst(files, virtinst).directory.outside).toBe(`${base}/opt/vm`);
  });

  test("a directory without virtinst is refused", () => {
    expect(() => findVirtinst(system({ "usr/x": "" }).files, "/usr")).toThrow(
      "/usr has no virtinst package with a _build_xml (looked for virtinst/install/installer.py, virtinst/installer.py, virtinst/guest.py).",
    );
  });

  test("the program is the first virt-install that uses this directory", () => {
    const { files } = system({
      "opt/vm/": "installer-4.0",
      "usr/bin/virt-install": '#!/bin/sh\nexec /opt/vm/virt-install "$@"\n',
      "usr/local/bin/virt-install": "#!/usr/bin/python3\n",
    });
    expect(findVirtinst(files, "/opt/vm")).toMatchObject({
      program: "/usr/bin/virt-install",
      interpreter: "python3",
      script: "/opt/vm/virt-install",
    });
  });

  test("the program is the virt-install in this directory, unless it uses another directory or cannot be read", () => {
    const { base, files } = system({ "opt/vm/": "installer-4.0", "usr/share/virt-manager/": "installer-4.0" });
    const program = () => findVirtinst(files, "/opt/vm").program;
    expect(program()).toBe("/opt/vm/virt-install");
    for (const script of [
      '#!/usr/bin/python3\nimport sys\nsys.path.insert(0, "/usr/share/virt-manager")\n',
      "#!/bin/sh\nrun_it\n",
    ]) {
      writeFileSync(join(base, "opt/vm/virt-install"), script);
      expect(program()).toBeNull();
    }
    rmSync(join(base, "opt/vm/virt-install"));
    expect(program()).toBeNull();
  });
});

test.each([
  ["virtcli/cliconfig.py", "import os\n__version__='1.5.0~rc1+dfsg-2'\n", "1.5.0~rc1+dfsg-2"],
  ["virtcli/cliconfig.py", '# __version__ = "1.2"', null],
  ["virtinst/buildconfig.py", '__version__ = "2.2.1"\n', "2.2.1"],
  ["virtinst/buildconfig.py", "__version__ = version\n", null],
  ["virtinst/build.cfg", "[config]\nversion = 5.1~1+2-x  # stable\n", "5.1~1+2-x"],
  ["virtinst/build.cfg", "my version = 5.1", null],
])("the release that %s states with %j: %s", (file, text, release) => {
  const { files } = system({ "vm/virtinst/guest.py": "def _build_xml(self): pass\n", [`vm/${file}`]: text });
  expect(findVirtinst(files, "/vm").release).toBe(release);
});

test("an error of the file names the way to restore it from its package", async () => {
  const path = "/usr/share/virt-manager/virtinst/guest.py";
  const { base } = system({ [path]: "def _build_xml(:\n" });
  expect((await cli(["apply", ...HOST, "--root", base])).stderr).toContain(
    `Restore the file from its package: reinstall the package that \`dpkg -S ${path}\` or \`rpm -qf ${path}\` prints, or`,
  );
});

test("the newest layout is searched first, and virt-manager 2.0 is the first that runs on Python 3", () => {
  expect(TARGET_FILES).toEqual(["virtinst/install/installer.py", "virtinst/installer.py", "virtinst/guest.py"]);
  expect(TARGET_FILES.map(pythonMajor)).toEqual([3, 3, 2]);
});
