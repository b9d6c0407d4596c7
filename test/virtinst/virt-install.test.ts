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

describe("virt-install --print-xml is run", () => {
  it("with options that define and start nothing", async () => {
    const { path, runs } = program("echo '<domain/>'");
    await print(path);
    expect(runs()).toEqual([WORDS]);
  });

  it("with the Python of --python", async () => {
    const { path, runs } = program("echo '<domain></domain>'", "#!/nowhere");
    const { fault } = await printXml(asked(["/bin/sh", path]), { file: FILE });
    expect(fault).toBeNull();
    expect(runs()).toEqual([WORDS]);
  });

  it("and all domains that it prints are read", async () => {
    const { path } = program(
      "echo 'WARNING <domainsnapshot>'; echo '<domain type=\"kvm\">'; echo ' <a/>'; echo '</domain>'; echo '<domain>2</domain>'; echo bye",
    );
    const { domains, fault } = await print(path);
    expect(fault).toBeNull();
    expect(domains).toEqual(['<domain type="kvm">\n <a/>\n</domain>', "<domain>2</domain>"]);
  });

  it("and the lines that the patch logs are read", async () => {
    const line = "[date virt-install 7] WARNING (guest:9) virtinst-rbd-patch: disk vms/a is left unchanged";
    const { path } = program(`for n in 1 2; do echo '${line}'; done >&2; echo '<domain></domain>'`);
    const logged = "disk vms/a is left unchanged";
    expect((await print(path)).log).toEqual([logged, logged]);
  });

  it("without writing byte code or a log", async () => {
    const { path } = program('echo "<domain>$PYTHONDONTWRITEBYTECODE$PYTHONVERBOSE$XDG_CACHE_HOME</domain>"');
    expect((await print(path)).domains).toEqual(["<domain>1/nowhere</domain>"]);
  });
});

describe("an error of virt-install", () => {
  const traceback = (frames: string, error: string) =>
    `[date virt-install 7] ERROR (cli:317) oops\nTraceback (most recent call last):\n  File "/usr/bin/virt-install", line 1008, in <module>\n    sys.exit(main())\n${frames}${error}`;
  const frame = (path: string, line: number, place: string) =>
    `  File "${path}", line ${line}, in ${place}\n    some()\n    ~~~~^^\n`;
  const GUEST = "/usr/share/virt-manager/virtinst/guest.py";

  it.each([
    [
      "_build_xml raises",
      frame(GUEST, 492, "start_install") + frame(GUEST, 387, "_build_xml"),
      "NameError: name 're' is not defined",
      387,
    ],
    [
      "a function that it calls raises",
      frame(GUEST, 387, "_build_xml") + frame("/usr/lib/python3/re.py", 2, "sub"),
      "TypeError: expected string",
      387,
    ],
    ["the function of the patch raises", frame(GUEST, 40, "_virtinst_rbd_patch"), "MemoryError", 40],
    [
      "the file is not valid Python",
      `  File "${GUEST}", line 7\n    def :\n        ^\n`,
      "SyntaxError: invalid syntax",
      7,
    ],
  ])("is a fault of the patched file if %s", async (_, frames, error, line) =>
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
      "a line of code looks like a line of a traceback",
      `  File "/x.py", line 1, in main\n    x()  #  File "${GUEST}", line 9, in _build_xml\n`,
      "ValueError: 2",
      /^oops$/,
    ],
    ["a method with a longer name raises", frame(GUEST, 387, "re_build_xml"), "ValueError: 2", /^oops$/],
    [
      "another function raises while it handles its error",
      `${frame(GUEST, 387, "_build_xml")}KeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n${frame("/usr/bin/virt-install", 9, "main")}`,
      "TypeError: 2",
      /^oops$/,
    ],
    [
      "a file in another directory raises",
      frame("/x/myvirtinst/guest.py", 387, "_build_xml"),
      "ValueError: 2",
      /^oops$/,
    ],
    [
      "another method of the file raises",
      frame(GUEST, 492, "start_install") + frame("/usr/share/virt-manager/virtinst/storage.py", 9, "lookup"),
      "ValueError: no such volume",
      /^oops$/,
    ],
  ])("is not a fault of the patched file if %s", async (_, frames, error, reason) =>
    expect((await print(failing(traceback(frames, error)).path)).fault).toEqual({
      raised: false,
      reason: expect.stringMatching(reason),
    }),
  );

  it.each([
    [
      "the last error message of virt-install",
      () => failing("ERROR first\n[Mon, 01 Jan virt-install 7] ERROR (cli:317)   No such pool  \nno ERROR at all"),
      /^No such pool$/,
    ],
    [
      "the exception, if there is no message",
      () =>
        failing(
          'Traceback (most recent call last):\n  File "/usr/bin/x", line 9, in main\n    x()\nValueError: 7\nmore',
        ),
      /^ValueError: 7$/,
    ],
    ["its last three lines", () => failing("one\ntwo\nthree\nfour"), /^two; three; four$/],
    ["its exit code, if it prints nothing", () => program("exit 7"), /^it failed with exit code 7 and no message$/],
    ["that it printed nothing", () => program("echo nothing"), /printed no domain/],
    [
      "that its interpreter does not exist",
      () => program("", "#!/nowhere/python2"),
      /interpreter that its shebang names, is not installed; see --python$/,
    ],
  ])("is reported as %s", async (_, stand, reason) =>
    expect((await print(stand().path)).fault).toEqual({ raised: false, reason: expect.stringMatching(reason) }),
  );

  it("discards a domain that was printed before it", async () => {
    const { path } = program("echo '<domain></domain>'; exit 1");
    expect(await print(path)).toMatchObject({ domains: [], fault: { raised: false } });
  });
});
