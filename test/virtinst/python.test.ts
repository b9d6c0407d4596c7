import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it, onTestFinished, test, vi } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { findPythons, isSkipped } from "../../src/virtinst/python";
import { NODE, PLAIN, TOOL, target, temporaryFolder } from "../support/cli";

/** A folder of programs that does for all of PATH. */
function path(...names: string[]): string {
  const folder = temporaryFolder();
  for (const name of names) writeFileSync(join(folder, name), "#!/bin/sh\n", { mode: 0o755 });
  vi.stubEnv("PATH", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  return folder;
}

/** A file that needs each major version. */
const FILES = { 2: "virtinst/guest.py", 3: "virtinst/installer.py" };

/** The names of the Pythons in PATH that were found, best first. */
function names(folder: string, major: 2 | 3, interpreter: string | null = null): string[] {
  const pythons = findPythons(
    { interpreter, program: "/usr/bin/virt-install", file: FILES[major] },
    { files: new HostFiles() },
  );
  if (isSkipped(pythons)) return [pythons.skipped];
  return pythons
    .map((python) => python.path)
    .flatMap((one) => (one.startsWith(folder) ? one.slice(folder.length + 1) : []));
}

describe("of the Pythons in PATH,", () => {
  test("python3 is used, and not the other names of Python 3", () =>
    expect(names(path("python3", "python3.6", "python3.12"), 3)).toEqual(["python3"]));

  test("python2 and python2.7 are used for Python 2; the interpreter of virt-install decides, before the layout", () => {
    const folder = path("python2", "python2.7", "python3", "python3.9");
    expect(names(folder, 2)).toEqual(["python2", "python2.7"]);
    expect(names(folder, 2, "/usr/bin/python3")).toEqual(["python3"]);
  });

  const others = existsSync("/usr/libexec/platform-python");
  test.skipIf(others)("if there is none of this major version, the message names --python", () =>
    expect(names(path("python2.7"), 3)).toEqual(["no Python 3 was found on this machine; name one with --python"]),
  );
});

describe("the Python that is used", () => {
  const HERE = new HostFiles();
  const INSTALLED = { interpreter: "python3", program: "/usr/bin/virt-install", file: FILES[3] };

  it("is that of the shebang of virt-install, then the usual ones, each once", () => {
    const folder = path("python3", "python2");
    const own = { path: `${folder}/python3`, reason: "the first line of /usr/bin/virt-install" };
    expect(findPythons({ ...INSTALLED, file: FILES[2] }, { files: HERE })).toEqual([own]);
    expect(findPythons({ ...INSTALLED, interpreter: `${folder}/python2`, file: FILES[3] }, { files: HERE })).toEqual([
      { path: `${folder}/python2`, reason: own.reason },
    ]);
    const usual = { path: `${folder}/python3`, reason: "virtinst needs Python 3" };
    expect(findPythons({ ...INSTALLED, interpreter: "/nowhere/python3", file: FILES[2] }, { files: HERE })).toEqual([
      usual,
    ]);
    expect(findPythons({ interpreter: null, program: null, file: FILES[3] }, { files: HERE })).toEqual([usual]);
  });

  it("is never that of a mounted system", () => {
    const folder = path("python3");
    const own = temporaryFolder();
    writeFileSync(join(own, "python3"), "#!/bin/sh\n", { mode: 0o755 });
    const mounted = { files: new HostFiles(temporaryFolder()) };
    expect(findPythons({ ...INSTALLED, interpreter: join(own, "python3"), file: FILES[3] }, mounted)).toEqual([
      { path: `${folder}/python3`, reason: "virtinst needs Python 3" },
    ]);
  });

  it("is only that of --python, by its path or its name in PATH", () => {
    const folder = path("python3", "other");
    const named = (python: string) => findPythons(INSTALLED, { files: HERE, python });
    const taken = [{ path: `${folder}/other`, reason: "--python" }];
    expect(named(`${folder}/other`)).toEqual(taken);
    expect(named("other")).toEqual(taken);
    expect(named(relative(".", `${folder}/other`))).toEqual(taken);
  });

  it.each(["folder", "text", "none"])("is not replaced if --python is not a program: %s", (name) => {
    const folder = path("python3");
    mkdirSync(join(folder, "folder"));
    writeFileSync(join(folder, "text"), "#!/bin/sh\n");
    for (const python of [name, join(folder, name)])
      expect(findPythons(INSTALLED, { files: HERE, python })).toEqual({
        skipped: `${python}, given with --python, is not a program`,
        died: false,
      });
  });

  it("is not searched in relative directories of PATH, or without PATH", () => {
    const folder = path("other");
    for (const value of [relative(".", folder), undefined]) {
      vi.stubEnv("PATH", value);
      expect(findPythons(INSTALLED, { files: HERE, python: "other" })).toMatchObject({ died: false });
    }
  });
});

describe("on a machine whose only Python is /usr/libexec/platform-python,", () => {
  // A mount namespace of its own: this machine's /usr/libexec stays as it is.
  const inside = (script: string, ...words: string[]) =>
    spawnSync(
      "unshare",
      ["--user", "--map-root-user", "--mount", "sh", "-ec", `mount -t tmpfs tmpfs /usr/libexec; ${script}`, ...words],
      { encoding: "utf8" },
    );
  // The only folder in PATH.
  const programs = process.env.PATH;

  if (inside("true").status !== 0) test.skip("skipped: this machine allows no mount namespace", () => {});
  else
    test.each([
      ["platform-python3.6", 0, /compiled by \/usr\/libexec\/platform-python /],
      ["platform-python2.7", 4, /no Python 3 was found on this machine; name one with --python/],
    ])("with a link to %s, apply exits with %i", (real, code, message) => {
      const { options } = target(PLAIN);
      const tools = temporaryFolder();
      for (const tool of ["cp", "touch"]) symlinkSync(`${programs}/${tool}`, join(tools, tool));
      const script = `printf '#!/bin/sh\\nexec ${programs}/python3 "$@"\\n' > /usr/libexec/${real}; chmod 755 /usr/libexec/${real}
        ln -s ${real} /usr/libexec/platform-python; PATH=${tools} exec "$0" "$@"`;
      const { status, stdout, stderr } = inside(script, NODE, TOOL, "apply", "-v", ...options);
      expect(stdout + stderr).toMatch(message);
      expect(status).toBe(code);
    });
});
