import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type InstallRun, printXml } from "../../src/virtinst/virt-install";
import { temporaryFolder } from "../support/cli";

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

  it("and with each line that the patch logged meanwhile", async () => {
    const line = "[date virt-install 7] WARNING (guest:9) virtinst-rbd-patch: disk vms/a is left unchanged";
    const { path } = program(`for n in 1 2; do echo '${line}'; done >&2; echo '<domain></domain>'`);
    const logged = "disk vms/a is left unchanged";
    expect((await print(path)).log).toEqual([logged, logged]);
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
    ["it raises what is named in full", frame(GUEST, 387, "_build_xml"), "xml.parsers.expat.ExpatError: no: 1", 387],
    ["it raises an error of its own", frame(GUEST, 387, "_build_xml"), "MyImportError: no", 387],
    [
      "it raises over another's error",
      `${frame("/usr/lib/python3/re.py", 2, "sub")}KeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n${frame(GUEST, 387, "_build_xml")}`,
      "TypeError: 2",
      387,
    ],
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
      /^a module cannot be imported: No module named 'libvirt'$/,
    ],
    [
      "a module is missing to one that it imports, or calls",
      frame(GUEST, 12, "<module>") + frame("/usr/share/virt-manager/virtinst/cli.py", 3, "<module>"),
      "ImportError: No module named gi.repository",
      /^a module cannot be imported: No module named gi\.repository$/,
    ],
    ["another of its methods raises something else", frame(GUEST, 387, "_get_xml"), "NameErrors: 2", /^oops$/],
    [
      "a line of another file looks like a step",
      `  File "/x.py", line 1, in main\n    x()  #  File "${GUEST}", line 9, in _build_xml\n`,
      "ValueError: 2",
      /^oops$/,
    ],
    ["a method raises whose name begins like that", frame(GUEST, 387, "_build_xml_now"), "ValueError: 2", /^oops$/],
    ["a method raises whose name ends like that", frame(GUEST, 387, "re_build_xml"), "ValueError: 2", /^oops$/],
    [
      "it raised first, and another's error came of it",
      `${frame(GUEST, 387, "_build_xml")}KeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n${frame("/usr/bin/virt-install", 9, "main")}`,
      "TypeError: 2",
      /^oops$/,
    ],
    ["a file raises whose name only ends like it", frame(`${GUEST}.bak`, 387, "_build_xml"), "ValueError: 2", /^oops$/],
    ["a folder is called so", frame("/x/myvirtinst/guest.py", 387, "_build_xml"), "ValueError: 2", /^oops$/],
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
    [
      "the last of virt-install's own words, however it says them",
      () => failing("ERROR first\n[Mon, 01 Jan virt-install 7] ERROR (cli:317)   No such pool  \nno ERROR at all"),
      /^No such pool$/,
    ],
    [
      "what was raised, where it says nothing else",
      () =>
        failing(
          'Traceback (most recent call last):\n  File "/usr/bin/x", line 9, in main\n    x()\nValueError: 7\nmore',
        ),
      /^ValueError: 7$/,
    ],
    [
      "what looks like a step, and is in no traceback",
      () => failing(`  File "/x/${FILE}", line 9, in _build_xml\nValueError: 7`),
      /^File "\/x\/virtinst\/guest\.py", line 9, in _build_xml; ValueError: 7$/,
    ],
    [
      "that it says too much, whatever it says",
      () => program("echo ERROR other >&2; head -c 70000000 /dev/zero; exit 1"),
      /^it printed more than 64 MiB$/,
    ],
    [
      "that its interpreter may not be run",
      () => failing("ERROR other\nenv: 'python2': Permission denied", 126),
      /^it could not be started: ERROR other; env: 'python2': Permission denied$/,
    ],
    ["its last three lines", () => failing("one\ntwo\nthree\nfour"), /^two; three; four$/],
    ["its exit code, where it says nothing", () => program("exit 7"), /^it failed with exit code 7 and no message$/],
    ["that it printed nothing", () => program("echo nothing"), /printed no domain/],
    [
      "that env found no interpreter",
      () => failing("env: 'python2': No such file or directory", 127),
      /^it could not be started: env: 'python2'/,
    ],
    [
      "that its interpreter is not there",
      () => program("", "#!/nowhere/python2"),
      /interpreter that its shebang names, is not installed; see --python$/,
    ],
  ])("not so, and said: %s", async (_, stand, reason) =>
    expect((await print(stand().path)).fault).toEqual({ raised: false, reason: expect.stringMatching(reason) }),
  );

  it("and nothing that it printed before is taken for one", async () => {
    const { path } = program("echo '<domain></domain>'; exit 1");
    expect(await print(path)).toMatchObject({ domains: [], fault: { raised: false } });
  });

  it("not so, and said: that it may not be executed", async () => {
    const { path } = program("");
    chmodSync(path, 0o644);
    expect((await print(path)).fault).toEqual({ raised: false, reason: "it could not be run (EACCES)" });
  });
});
