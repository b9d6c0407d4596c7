import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { built, HOST, HOST_BY_UUID, HOST_TWO, json } from "../support/cli";
import { atEnd, borrowVirtinst, expectDone, makeFolder, SHARE, undoAll } from "./support/machine";

const UUID = "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1";
const INSTALLER = `${SHARE}/virtinst/install/installer.py`;
/** In `_build_xml`, where both XMLs are there. */
const LAST = "        final_xml = self._pre_reinstall_xml or final_xml\n";
const AUTH = `<auth username=\\"libvirt\\"><secret type=\\"ceph\\" uuid=\\"${UUID}\\"/></auth>`;

let folder: string;
let pristine: Buffer;

beforeAll(() => {
  borrowVirtinst();
  folder = makeFolder();
  pristine = readFileSync(INSTALLER);
  const { atime, mtime } = statSync(INSTALLER);
  atEnd("put installer.py back", () => {
    writeFileSync(INSTALLER, pristine);
    utimesSync(INSTALLER, atime, mtime);
  });
});

beforeEach(() => writeFileSync(INSTALLER, pristine));

afterAll(undoAll);

/** What `verify --json` reports. */
function verify(host: readonly string[], env: NodeJS.ProcessEnv = {}, more: readonly string[] = []) {
  const { code, stdout, stderr } = built(["verify", "--json", ...host, ...more], { env });
  if (code !== 0 && !stdout.trim()) throw new Error(stderr);
  const { state, affected, behaviour, install } = json(stdout);
  type OneCheck = { label: string; passed: boolean; difference: string };
  const checks: readonly OneCheck[] = install.checks;
  return {
    code,
    state,
    affected,
    behaviour: behaviour.status,
    install: install.status,
    reason: install.reason as string,
    passed: checks.filter(({ passed }) => passed).map(({ label }) => label),
    differences: checks.map(({ difference }) => difference).join("\n"),
  };
}

const apply = (host: readonly string[]) => expectDone(built(["apply", ...host]), "apply");

/** Patches a file that has a manual edit, which `apply` alone refuses. */
function applyToEdit(line: number) {
  const edited = readFileSync(INSTALLER);
  const { code, stderr } = built(["apply", ...HOST]);
  expect(code).toBe(4);
  expect(stderr).toContain(`_build_xml has a manual edit in line ${line}, which rewrites the domain XML.`);
  expect(stderr).toContain("dpkg -S");
  expect(readFileSync(INSTALLER)).toEqual(edited);
  expectDone(built(["apply", "--force", ...HOST]), "apply --force");
}

/** Adds a manual edit to `_build_xml`, and returns the number of its first line. */
function edit(lines: readonly string[], imports = ""): number {
  const text = pristine.toString();
  const into = text.replace(LAST, LAST + lines.map((line) => `        ${line}\n`).join(""));
  expect(into).not.toBe(text);
  const edited = into.replace("import os\n", `import os\n${imports}`);
  writeFileSync(INSTALLER, edited);
  return edited.slice(0, edited.indexOf(LAST) + LAST.length).split("\n").length;
}

/** A host with one pool and its secret, under any names. */
function hostWith(name: string, cephPool: string, user: string, monitors = ['name="192.0.2.1" port="6789"']) {
  const xml = (text: string) => text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
  const hosts = monitors.map((monitor) => `<host ${monitor}/>`).join("");
  const auth = `<auth type="ceph" username="${xml(user)}"><secret usage="client.libvirt secret"/></auth>`;
  const file = join(folder, "pool.xml");
  writeFileSync(
    file,
    `<pool type="rbd"><name>${xml(name)}</name><source>${hosts}<name>${xml(cephPool)}</name>${auth}</source></pool>`,
  );
  return [`--pool-xml=${file}`, HOST[1] as string];
}

/** What is in a folder, by name, and when it was last changed. */
function listing(path: string, ours: RegExp): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => ours.test(name))
    .map((name) => `${name} ${statSync(join(path, name)).mtimeMs}`);
}

describe("verify has Debian's own virt-install print a domain", () => {
  test("before apply: skipped", () => {
    expect(verify(HOST)).toMatchObject({
      code: 1,
      state: "not-patched",
      affected: "yes",
      install: "skipped",
      reason: "the file is not-patched",
    });
  });

  test("after apply: passed, and nothing is left", () => {
    apply(HOST_TWO);
    const traces = () => [
      listing(tmpdir(), /^virtinst-rbd-patch-(?!test-|faults-)/),
      listing(join(homedir(), ".cache/virt-manager"), /./),
      listing(`${SHARE}/virtinst/install/__pycache__`, /^installer\./),
    ];
    const before = traces();
    expect(verify(HOST_TWO)).toMatchObject({
      code: 0,
      state: "current",
      behaviour: "passed",
      install: "passed",
      reason: "/usr/bin/virt-install on libvirt's test driver",
      passed: ["disk of pool archive", "disk of pool libvirtpool", "no auth on a CD-ROM"],
    });
    expect(traces()).toEqual(before);
  });

  test("a host that is not affected: virt-install writes the disks itself", () => {
    expect(verify(HOST_BY_UUID)).toMatchObject({
      code: 0,
      state: "not-patched",
      affected: "no",
      behaviour: "skipped",
      install: "passed",
    });
  });

  test.each<[string, Parameters<typeof hostWith>]>([
    ["spaces", ["my pool", "my ceph", "my user"]],
    ["commas, slashes and equals signs", ["a,b/c=d", "e,f=g", "h,i/j=k"]],
    ["percent signs, colons and backslashes", ["a%s:\\b", "c%s:\\d", "e%s:\\f"]],
    ["other scripts", ["pööl-日本", "cëph-日本", "üser-😀"]],
    ["a dash in front", ["-a", "--b", "-c"]],
    ["IPv6 addresses", ["a", "b", "c", ['name="2001:db8::1" port="6789"', 'name="[2001:db8::2]"']]],
    ["quotes and angle brackets in libvirt's names only", [`a'b"<&>`, "c", "d"]],
  ])("with names that have %s", (_, names) => {
    const host = hostWith(...names);
    apply(host);
    expect(verify(host)).toMatchObject({ code: 0, install: "passed", differences: "\n" });
  });

  // Its xmlapi.py escapes what libxml2 escapes once more (seen with 2.0.0 to 4.1.0, not with 1.5.1 and 5.1.0).
  test("a user whose name virt-install escapes twice is a failure, for libvirt gets another", () => {
    const host = hostWith("a", "b", "c&d");
    apply(host);
    const { code, install, differences } = verify(host);
    expect({ code, install }).toEqual({ code: 5, install: "failed" });
    expect(differences).toMatch(/user: expected c&d, found c&amp;d/);
  });

  test.each([
    ["blanks and signs", "a b,c#d%e?f"],
    ["other scripts", "tämp-日本"],
  ])("in a folder for temporary files with %s", (_, name) => {
    const path = join(folder, name);
    mkdirSync(path);
    apply(HOST);
    expect(verify(HOST, { TMPDIR: path })).toMatchObject({ code: 0, install: "passed" });
    expect(readdirSync(path)).toEqual([]);
  });

  test("under a Python that takes the C locale at its word, as 3.6 does", () => {
    const host = hostWith("pööl", "cëph", "üser");
    apply(host);
    const env = { PYTHONUTF8: "0", PYTHONCOERCECLOCALE: "0" };
    expect(verify(host, env)).toMatchObject({ code: 0, install: "passed" });
  });

  test("with a home that is not there, and modules that speak up", () => {
    const site = join(folder, "site");
    mkdirSync(site);
    writeFileSync(
      join(site, "sitecustomize.py"),
      "import sys\nprint('a domain of the site')\nsys.stderr.write('ERROR a\\n')\n",
    );
    apply(HOST);
    const { code, install } = verify(HOST, { HOME: "/nowhere", PYTHONPATH: site, LANG: "de_DE.UTF-8", TERM: "" });
    expect({ code, install }).toEqual({ code: 0, install: "passed" });
  });

  test("for 50 pools at once", () => {
    const pools = Array.from({ length: 50 }, (_, index) => {
      const file = join(folder, `pool-${index}.xml`);
      const [given = ""] = hostWith(`p${index}`, `c${index}`, `u${index}`);
      writeFileSync(file, readFileSync(given.replace("--pool-xml=", "")));
      return `--pool-xml=${file}`;
    });
    const host = [...pools, HOST[1] as string];
    apply(host);
    const { code, install, passed } = verify(host);
    expect({ code, install }).toEqual({ code: 0, install: "passed" });
    expect(passed).toHaveLength(51);
  });
});

describe("a manual edit in _build_xml is refused, and runs too after apply --force", () => {
  test("without import re: NameError, with its line", () => {
    const line = edit(["final_xml = re.sub('a', 'b', final_xml)"]);
    applyToEdit(line);
    const { code, state, behaviour, install, differences } = verify(HOST);
    expect({ code, state, behaviour, install }).toEqual({
      code: 5,
      state: "current",
      behaviour: "passed",
      install: "failed",
    });
    const [, at] = /^NameError: name 're' is not defined \(.*\/installer\.py, line (\d+)\)$/.exec(differences) ?? [];
    // Both blocks are after it.
    expect(Number(at)).toBe(line);
    expect(readFileSync(INSTALLER, "utf8").split("\n")[Number(at) - 1]).toContain("re.sub('a'");
  });

  test("with a first XML that is None under --import: TypeError", () => {
    const line = edit(["initial_xml = re.sub('a', 'b', initial_xml)"], "import re\n");
    applyToEdit(line);
    const { code, install, differences } = verify(HOST);
    expect({ code, install }).toEqual({ code: 5, install: "failed" });
    expect(differences).toMatch(/^TypeError: expected string or bytes-like object.*\(.*\/installer\.py, line \d+\)$/);
  });

  test("that gives every disk of QEMU an auth: the auth of the CD-ROM is found", () => {
    const line = edit([`final_xml = re.sub('<driver name="qemu".*?>', "\\\\g<0>${AUTH}", final_xml)`], "import re\n");
    applyToEdit(line);
    const { code, install, differences } = verify(HOST);
    expect({ code, install }).toEqual({ code: 5, install: "failed" });
    expect(differences).toMatch(/\.iso got an auth, and needs none/);
    expect(differences).toMatch(/auth: expected one, found 2/);
  });

  test("that breaks the XML", () => {
    const line = edit(["final_xml = final_xml.replace('<devices>', '<devices><')"]);
    applyToEdit(line);
    const { code, install, differences } = verify(HOST);
    expect({ code, install }).toEqual({ code: 5, install: "failed" });
    expect(differences).toMatch(/virt-install/);
  });

  test("that is harmless: passed", () => {
    const line = edit(["final_xml = re.sub('a', 'a', final_xml)"], "import re\n");
    applyToEdit(line);
    expect(verify(HOST)).toMatchObject({ code: 0, install: "passed" });
  });
});

describe("a virt-install that cannot run is no failure of the patch", () => {
  test("without libvirt's bindings: skipped, with the name of the module", () => {
    const site = join(folder, "hidden");
    mkdirSync(site);
    writeFileSync(join(site, "libvirt.py"), 'raise ImportError("No module named libvirt")\n');
    apply(HOST);
    const { code, behaviour, install, reason } = verify(HOST, { PYTHONPATH: site });
    expect({ code, behaviour, install }).toEqual({ code: 0, behaviour: "passed", install: "skipped" });
    expect(reason).toMatch(/^\/usr\/bin\/virt-install: .*No module named libvirt/);
  });

  test("without a folder for temporary files", () => {
    apply(HOST);
    const { code, install, reason } = verify(HOST, { TMPDIR: "/nowhere" });
    expect({ code, install }).toEqual({ code: 0, install: "skipped" });
    expect(reason).toMatch(/no temporary file can be written in \/nowhere/);
  });

  test("with another virtinst that is named, of which there is no virt-install: said so, and not run by another's", () => {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "virt-install"), "#!/bin/sh\necho '<domain></domain>'\n");
    chmodSync(join(bin, "virt-install"), 0o755);
    apply(HOST);
    // The first in PATH is not the one that uses it: /usr/bin's is.
    const { code, install, reason } = verify(HOST, { PATH: `${bin}:${process.env.PATH}` }, ["--virtinst", SHARE]);
    expect({ code, install }).toEqual({ code: 0, install: "passed" });
    expect(reason).toBe("/usr/bin/virt-install on libvirt's test driver");
  });
});
