import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../src/system/run";
import { type InstallRun, importedFrom, printXml } from "../../src/virtinst/virt-install";
import { temporaryFolder } from "../support/cli";
import { INTERPRETERS } from "../support/helper";

const FILE = "virtinst/guest.py";
const WORDS = [
  ...["--connect", "qemu:///system", "--print-xml", "--debug", "--import", "--name", "virtinst-rbd-patch-proof"],
  ...["--ram", "64", "--network", "none", "--graphics", "none", "--os-variant", "none", "--check", "all=off"],
  ...["--disk", "vol=libvirtpool/virt 1", "--disk", "path=/cd.iso,device=cdrom"],
];

const asked = (command: InstallRun["command"]): InstallRun => ({
  command,
  uri: "qemu:///system",
  disks: ["vol=libvirtpool/virt 1", "path=/cd.iso,device=cdrom"],
  cache: "/nowhere",
});
const print = (program: string) => printXml(asked([program]), { file: FILE });

/** A stand-in for virt-install, and the words of its runs. */
function program(script: string, first = "#!/bin/sh") {
  const folder = temporaryFolder();
  const path = join(folder, "virt-install");
  const said = join(folder, "said");
  writeFileSync(
    path,
    `${first}\nfor word; do printf '%s\\n' "$word"; done >> '${said}'\necho >> '${said}'\n${script}\n`,
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

/** One that says something on standard error, and fails. */
const failing = (text: string, code = 1) => program(`cat >&2 <<'WORDS'\n${text}\nWORDS\nexit ${code}`);

describe("virt-install is asked for a domain", () => {
  it("with words that define and start nothing", async () => {
    const { path, runs } = program("echo '<domain/>'");
    await print(path);
    expect(runs()).toEqual([WORDS]);
  });

  it("under the Python that was named", async () => {
    const { path, runs } = program("echo '<domain></domain>'", "#!/nowhere");
    const { fault } = await printXml(asked(["/bin/sh", path]), { file: FILE });
    expect(fault).toBeNull();
    expect(runs()).toEqual([WORDS]);
  });

  it("and gives all that it prints, each document in turn", async () => {
    const { path } = program(
      "echo 'WARNING <domainsnapshot>'; echo '<domain type=\"kvm\">'; echo ' <a/>'; echo '</domain>'; echo '<domain>2</domain>'; echo bye",
    );
    const { domains, fault } = await print(path);
    expect(fault).toBeNull();
    expect(domains).toEqual(['<domain type="kvm">\n <a/>\n</domain>', "<domain>2</domain>"]);
  });

  it("and with what the patch logged meanwhile, each line once", async () => {
    const line = "[date virt-install 7] WARNING (guest:9) virtinst-rbd-patch: disk vms/a is left as it is";
    const { path } = program(`for n in 1 2; do echo '${line}'; done >&2; echo '<domain></domain>'`);
    expect((await print(path)).log).toEqual(["disk vms/a is left as it is"]);
  });

  it("once, whether it fails or not", async () => {
    const other = failing("ERROR --osinfo is required");
    expect((await print(other.path)).fault).not.toBeNull();
    expect(other.runs()).toHaveLength(1);
  });

  it("without leaving byte code or a log behind", async () => {
    const { path } = program('echo "<domain>$PYTHONDONTWRITEBYTECODE$PYTHONVERBOSE$XDG_CACHE_HOME</domain>"');
    expect((await print(path)).domains).toEqual(["<domain>1/nowhere</domain>"]);
  });
});

describe("where it prints no domain, that is the patched file's fault", () => {
  const traceback = (frames: string, error: string) =>
    `[date virt-install 7] ERROR (cli:317) oops\nTraceback (most recent call last):\n  File "/usr/bin/virt-install", line 1008, in <module>\n    sys.exit(main())\n${frames}${error}`;
  const frame = (path: string, line: number, place: string) =>
    `  File "${path}", line ${line}, in ${place}\n    some()\n    ~~~~^^\n`;
  const GUEST = "/usr/share/virt-manager/virtinst/guest.py";

  it.each([
    [
      "an edit raises",
      frame(GUEST, 492, "start_install") + frame(GUEST, 387, "_build_xml"),
      "NameError: name 're' is not defined",
      387,
    ],
    [
      "what it calls raises",
      frame(GUEST, 387, "_build_xml") + frame("/usr/lib/python3/re.py", 2, "sub"),
      "TypeError: expected string",
      387,
    ],
    ["the function raises", frame(GUEST, 40, "_virtinst_rbd_patch"), "MemoryError", 40],
    ["another of its methods knows no name", frame(GUEST, 387, "_get_xml"), "NameError: name 're' is not defined", 387],
    ["it imports what is not there", frame(GUEST, 12, "<module>"), "ImportError: No module named nothing", 12],
    ["it is no Python", `  File "${GUEST}", line 7\n    def :\n        ^\n`, "SyntaxError: invalid syntax", 7],
  ])("%s", async (_, frames, error, line) =>
    expect((await print(failing(traceback(frames, `${error}\n[date] DEBUG more`)).path)).fault).toEqual({
      raised: true,
      reason: `${error} (${GUEST}, line ${line})`,
    }),
  );

  it.each([
    [
      "a module is missing",
      frame("/usr/share/virt-manager/virtinst/connection.py", 3, "<module>"),
      "ModuleNotFoundError: No module named 'libvirt'",
      /^a module cannot be imported: No module named 'libvirt'\. Install python3-libvirt \(/,
    ],
    [
      "a module is missing whose package is not known",
      frame("/usr/bin/virt-install", 3, "<module>"),
      "ImportError: No module named urlgrabber.progress",
      /Reinstall virt-install with the packages/,
    ],
    [
      "another module knows no name",
      frame(GUEST, 387, "start_install") + frame("/usr/share/virt-manager/virtinst/storage.py", 9, "lookup"),
      "NameError: name 're' is not defined",
      /^oops$/,
    ],
    [
      "the file's other methods raise",
      frame(GUEST, 492, "start_install") + frame("/usr/share/virt-manager/virtinst/storage.py", 9, "lookup"),
      "ValueError: no such volume",
      /^oops$/,
    ],
  ])("not so: %s", async (_, frames, error, reason) =>
    expect((await print(failing(traceback(frames, error)).path)).fault).toEqual({
      raised: false,
      reason: expect.stringMatching(reason),
    }),
  );

  it.each([
    [
      "virt-install's own words",
      () => failing("WARNING a\nERROR    Could not find volume\nmore"),
      /^Could not find volume$/,
    ],
    ["its last three lines", () => failing("one\ntwo\nthree\nfour"), /^two; three; four$/],
    ["its exit code, where it says nothing", () => program("exit 7"), /^it ended with exit code 7, without a word$/],
    ["that it printed nothing", () => program("echo nothing"), /printed no domain/],
    [
      "that env found no interpreter",
      () => failing("env: 'python2': No such file or directory", 127),
      /^it could not be started: env: 'python2'/,
    ],
    [
      "that its interpreter is not there",
      () => program("", "#!/nowhere/python2"),
      /interpreter that its first line names is not there: install it/,
    ],
  ])("not so, and said: %s", async (_, stand, reason) =>
    expect((await print(stand().path)).fault).toEqual({ raised: false, reason: expect.stringMatching(reason) }),
  );

  it("not so, and said: that it may not be executed", async () => {
    const { path } = program("");
    chmodSync(path, 0o644);
    expect((await print(path)).fault).toEqual({ raised: false, reason: expect.stringMatching(/may not be executed/) });
  });
});

for (const { version, path: python } of INTERPRETERS)
  describe.skipIf(python === null)(`where Python ${version} takes the module from`, () => {
    /** A script that imports the module, and the module's folder. */
    function script() {
      const folder = temporaryFolder();
      mkdirSync(join(folder, "virtinst"));
      writeFileSync(join(folder, "virtinst/__init__.py"), "");
      writeFileSync(join(folder, FILE), "x = 1\n");
      utimesSync(join(folder, FILE), 1400000000, 1400000000);
      writeFileSync(join(folder, "virt-install"), "import virtinst.guest\n");
      const command = [python as string, join(folder, "virt-install")] as const;
      return { source: join(folder, FILE), command, imported: () => importedFrom(asked([...command]), { file: FILE }) };
    }

    it("is a source, where there is no byte code, and none is left", async () => {
      const { source, imported } = script();
      expect(await imported()).toEqual({ path: source, byteCode: false });
      expect(await imported()).toEqual({ path: source, byteCode: false });
    });

    it("is byte code where that is taken, and a source where it is rejected", async () => {
      const { source, imported, command } = script();
      expect((await run(command[0], [command[1]], { env: { PYTHONDONTWRITEBYTECODE: "" } })).status).toBe(0);
      const taken = await imported();
      expect(taken).toEqual({ path: expect.stringMatching(/guest\.(?:cpython-\d+\.)?pyc$/), byteCode: true });
      expect(statSync(taken?.path as string).isFile()).toBe(true);
      utimesSync(source, 1500000000, 1500000000);
      expect(await imported()).toEqual({ path: source, byteCode: false });
    });

    it("is not said where it imports no such module", async () => {
      const { command } = script();
      writeFileSync(command[1], "");
      expect(await importedFrom(asked([...command]), { file: FILE })).toBeNull();
    });
  });
