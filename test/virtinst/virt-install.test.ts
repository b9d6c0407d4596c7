import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { importedFrom, printXml } from "../../src/virtinst/virt-install";
import { temporaryFolder } from "../support/cli";

const URI = "qemu:///system";
const VOLUME = "libvirtpool/virt 1";
const WORDS = [
  ...["--connect", URI, "--print-xml", "--import", "--name", "virtinst-rbd-patch-proof", "--ram", "64"],
  ...["--network", "none", "--graphics", "none", "--check", "all=off", "--disk", `vol=${VOLUME}`],
];

/** A stand-in for virt-install, and the words of its runs. */
function program(script: string) {
  const folder = temporaryFolder();
  const path = join(folder, "virt-install");
  const said = join(folder, "said");
  writeFileSync(
    path,
    `#!/bin/sh\nfor word; do printf '%s\\n' "$word"; done >> '${said}'\necho >> '${said}'\n${script}\n`,
  );
  chmodSync(path, 0o755);
  return {
    path,
    runs: () =>
      existsSync(said)
        ? readFileSync(said, "utf8")
            .trim()
            .split("\n\n")
            .map((run) => run.split("\n"))
        : [],
  };
}

describe("virt-install is asked for a domain", () => {
  it("with words that define and start nothing", async () => {
    const { path, runs } = program("echo '<domain/>'");
    await printXml(path, URI, VOLUME);
    expect(runs()).toEqual([WORDS]);
  });

  it("and gives all that it prints, each document in turn", async () => {
    const { path } = program(
      "echo 'WARNING <domainsnapshot>'; echo '<domain type=\"kvm\">'; echo ' <a/>'; echo '</domain>'; echo '<domain>2</domain>'; echo bye",
    );
    const { domains, error } = await printXml(path, URI, VOLUME);
    expect(error).toBeNull();
    expect(domains).toEqual(['<domain type="kvm">\n <a/>\n</domain>', "<domain>2</domain>"]);
    expect(await printXml(program("echo nothing").path, URI, VOLUME)).toEqual({ domains: [], error: null });
  });

  it("a second time where it has to be told that the guest's system does not matter", async () => {
    const { path, runs } = program(
      'case "$*" in *--osinfo*) echo "<domain></domain>" ;; *) echo "ERROR --osinfo is required" >&2; exit 1 ;; esac',
    );
    expect(await printXml(path, URI, VOLUME)).toEqual({ domains: ["<domain></domain>"], error: null });
    expect(runs()).toEqual([WORDS, [...WORDS, "--osinfo", "detect=on,require=off"]]);
  });

  it("once only where it fails for another reason, or needs nothing", async () => {
    const failing = program("echo ERROR >&2; exit 1");
    expect((await printXml(failing.path, URI, VOLUME)).error).toBe("ERROR");
    expect(failing.runs()).toHaveLength(1);
    const hinting = program("echo 'use --osinfo' >&2; echo '<domain></domain>'");
    expect((await printXml(hinting.path, URI, VOLUME)).error).toBeNull();
    expect(hinting.runs()).toHaveLength(1);
  });

  it.each([
    ["its last three lines", "printf 'one\\ntwo\\nthree\\nfour\\n\\n' >&2; exit 1", "two; three; four"],
    ["its exit code, where it says nothing", "exit 7", "it ended with exit code 7, without a word"],
  ])("where it fails, the error is %s", async (_, script, error) => {
    expect(await printXml(program(script).path, URI, VOLUME)).toEqual({ domains: [], error });
  });

  it("where it cannot be started, the error is why", async () => {
    expect(await printXml("/nowhere/virt-install", URI, VOLUME)).toEqual({
      domains: [],
      error: "it is not installed, or not in PATH",
    });
  });

  it("without leaving byte code behind", async () => {
    const { path } = program('echo "<domain>$PYTHONDONTWRITEBYTECODE$PYTHONVERBOSE</domain>"');
    expect((await printXml(path, URI, VOLUME)).domains).toEqual(["<domain>1</domain>"]);
    const again = program(
      '[ "$PYTHONDONTWRITEBYTECODE" = 1 ] || exit; case "$*" in *--osinfo*) echo "<domain></domain>" ;; *) echo --osinfo >&2; exit 1 ;; esac',
    );
    expect((await printXml(again.path, URI, VOLUME)).domains).toEqual(["<domain></domain>"]);
  });
});

describe("the files that Python says it imported", () => {
  const imported = (lines: readonly string[], file: string) => {
    const words = lines.map((line) => `'${line.replaceAll("'", "'\\''")}'`).join(" ");
    return importedFrom(
      program(`[ "$PYTHONVERBOSE$PYTHONDONTWRITEBYTECODE" = 11 ] && printf '%s\\n' ${words} >&2`).path,
      URI,
      VOLUME,
      file,
    );
  };
  const FILE = "virtinst/install/installer.py";

  it.each([
    [
      "a source",
      "# code object from '/usr/share/virt-manager/virtinst/install/installer.py'",
      "/usr/share/virt-manager/virtinst/install/installer.py",
    ],
    [
      "byte code of Python 3",
      "# matches /opt/v/virtinst/install/__pycache__/installer.cpython-311.pyc",
      "/opt/v/virtinst/install/__pycache__/installer.cpython-311.pyc",
    ],
    [
      "byte code of Python 2",
      'import x # precompiled from "/v/virtinst/install/installer.pyc"',
      "/v/virtinst/install/installer.pyc",
    ],
    ["the same, optimised", "import x # /v/virtinst/install/installer.pyo", "/v/virtinst/install/installer.pyo"],
    [
      "another module",
      "# /v/virtinst/install/installers.py /v/virtinst/installer.py /v/virtinst/install/installer_py",
      null,
    ],
  ])("%s", async (_, line, path) => expect(await imported([line], FILE)).toEqual(path === null ? [] : [path]));

  it("are each named once", async () => {
    const path = "/v/virtinst/guest.py";
    expect(await imported([`# ${path}`, `# ${path}`, "# /w/virtinst/guest.py"], "virtinst/guest.py")).toEqual([
      path,
      "/w/virtinst/guest.py",
    ]);
  });

  it("are none where it says nothing", async () => expect(await imported([""], FILE)).toEqual([]));
});
