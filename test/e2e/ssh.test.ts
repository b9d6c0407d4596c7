import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { json } from "../support/cli";
import { examples, runExample } from "./support/examples";
import { definePool, defineSecret, startLibvirt } from "./support/libvirtd";
import { expectDone, makeFolder, PREFIX, run, undoAll } from "./support/machine";
import { type SshHost, startSshd } from "./support/sshd";

const UUID = "0b2d8f1e-6c1f-4c0e-8f0a-5d0f3f6f9a05";
const POOL = `${PREFIX}-over-ssh`;
/** A name that a shell, virsh and a terminal would interpret. */
const HOSTILE = `${PREFIX}-a'b"c; $(touch ${PREFIX}-ran) \`touch ${PREFIX}-ran\` & # \\ é`;

let folder: string;
let host: SshHost;
/** A PATH without virsh and libvirt. */
let workstation: string;

beforeAll(async () => {
  folder = makeFolder();
  startLibvirt(folder);
  const auth = { username: "libvirt", secret: `usage="${POOL} secret"` };
  defineSecret(folder, UUID, `${POOL} secret`);
  const hosts = [{ name: "192.0.2.11", port: 6789 }, { name: "2001:db8::2" }];
  definePool(folder, { name: POOL, cephPool: "vms", hosts, auth });
  definePool(folder, { name: HOSTILE.replace("&", "&amp;"), cephPool: "other", hosts, auth });
  // Ends the sshd of the session when the script starts its first program.
  const lost = join(folder, "lost");
  mkdirSync(lost);
  writeFileSync(join(lost, "timeout"), "#!/bin/sh\nkill -9 $SESSION\nsleep 1\n", { mode: 0o755 });
  host = await startSshd({
    users: [
      { name: "admin", shell: "/bin/sh", sudo: true },
      { name: "plain", shell: "/bin/bash" },
      { name: "csh", shell: "/bin/tcsh", sudo: true },
      { name: "nologin", shell: "/usr/sbin/nologin" },
      { name: "password", shell: "/bin/sh", password: "correct horse", sudo: true },
    ],
    variants: {
      hv02: "",
      "no-libvirtd": "mount -t tmpfs tmpfs /run/libvirt",
      "no-virtinst": "mount -t tmpfs tmpfs /usr/share/virt-manager",
      lost: `SESSION=$PPID PATH='${lost}':$PATH; export SESSION PATH`,
    },
  });
  workstation = join(folder, "workstation");
  mkdirSync(workstation);
  for (const name of ["sh", "env", "sleep"]) symlinkSync(`/usr/bin/${name}`, join(workstation, name));
  symlinkSync(process.execPath, join(workstation, "node"));
});

afterAll(undoAll);

/** Runs a program on a machine without libvirt. */
function onWorkstation(program: string, words: readonly string[], path = host.path) {
  const env = { PATH: `${path}:${host.path}:${workstation}`, HOME: workstation, NO_COLOR: "1", TERM: "dumb" };
  const { status, stdout, stderr } = spawnSync(program, words, { env, encoding: "utf8", timeout: 120_000 });
  return { code: status, stdout, stderr };
}
const tool = (...words: string[]) => onWorkstation("virtinst-rbd-patch", words);

/** A directory with an `ssh` that has more options. */
function sshWith(options: string): string {
  const bin = makeFolder();
  const config = join(host.folder, "config");
  writeFileSync(join(bin, "ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F ${config} ${options} "$@"\n`, { mode: 0o755 });
  return bin;
}

const state = () => ({ bytes: readFileSync(host.file, "latin1"), time: statSync(host.file).mtimeMs });
/** The files that a run may leave on the host, whose TMPDIR is root's home. */
const listing = () => readdirSync(host.home);

describe("with --ssh through a real sshd,", () => {
  test("a host is inspected, patched, verified and reverted with one connection each, and keeps only the change", () => {
    const connections = () => readFileSync(join(host.folder, "ssh.log"), "utf8").length;
    expect(tool("inspect").stderr).toMatch(/virsh: it is not installed.*\n.*--ssh/);
    const [before, places] = [state(), listing()];

    const page = tool("inspect", "--ssh", "root@hv01");
    expect([page.code, page.stderr]).toEqual([0, ""]);
    expect(page.stdout).toMatch(/^Affected: yes\n.*"vrp-e2e-over-ssh" .* by usage\.\nNext, .* --ssh=root@hv01\n/m);
    expect(connections()).toBe(1);

    const planned = tool("apply", "--check", "--diff", "--ssh", "root@hv01");
    expect([planned.code, planned.stderr, state()]).toEqual([1, "", before]);
    expect(planned.stdout).toMatch(/^\+def _virtinst_rbd_patch/m);

    expect(tool("apply", "--ssh", "root@hv01")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^patched: /) });
    expect(state().bytes).toContain(`usage="${POOL} secret"`);
    expect(tool("apply", "--ssh", "root@hv01")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^current: /) });

    const verified = tool("verify", "--ssh", "root@hv01");
    expect([verified.code, verified.stderr]).toEqual([0, ""]);
    expect(verified.stdout).toMatch(
      /^function passed .*\nvirt-install passed \(4 of 4 checks\): \/usr\/bin\/virt-install/m,
    );
    // The tool on the host would write the same.
    const share = host.file.replace(/\/virtinst\/install.*/, "");
    const local = ["dist/virtinst-rbd-patch.js", "verify", "--static", "--virtinst", share];
    expect(run("node", local)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^current/i) });

    const reverted = expect.stringMatching(/^reverted: /);
    expect(tool("revert", "--ssh", "root@hv01")).toMatchObject({ code: 0, stdout: reverted });
    expect(connections()).toBe(6);
    expect([state(), listing()]).toEqual([before, places]);
    expect(["/", host.home, process.cwd()].filter((place) => existsSync(join(place, `${PREFIX}-ran`)))).toEqual([]);
  });

  test.each(["admin", "csh"])("user %s patches and reverts with --sudo", (user) => {
    const applied = expect.stringContaining(HOSTILE.slice(0, 20));
    expect(tool("apply", "--ssh", `${user}@hv01`, "--sudo")).toMatchObject({ code: 0, stdout: applied, stderr: "" });
    expect(tool("inspect", "--ssh", `${user}@hv01`).stdout).toMatch(/^Patch +current: /m);
    expect(tool("revert", "--ssh", `${user}@hv01`, "--sudo").code).toBe(0);
    expect(existsSync(join(host.home, `${PREFIX}-ran`))).toBe(false);
  });

  test("ssh asks for a password once, on the terminal", () => {
    const script = `
import os, pty
asked = 0
def read(terminal):
    global asked
    data = os.read(terminal, 65536)
    if b"password: " in data:
        asked += 1
        os.write(terminal, b"correct horse\\n")
    return data
code = pty.spawn(["virtinst-rbd-patch", "apply", "--sudo", "--ssh", "password@hv01"], read)
print("code", code, "asked", asked)
`;
    const bin = sshWith("-oPubkeyAuthentication=no -oPreferredAuthentications=password,keyboard-interactive");
    const { stdout } = onWorkstation("/usr/bin/python3", ["-c", script], bin);
    expect(stdout).toMatch(/password: \r?\n[\s\S]*patched: [\s\S]*^code 0 asked 1\n/m);
    expect(tool("revert", "--ssh", "root@hv01").code).toBe(0);
  });

  test("a control socket of ssh_config is used, and the tool does not wait for its end", () => {
    // It ends later than the time limit of a run.
    const bin = sshWith(`-oControlMaster=auto -oControlPath=${makeFolder()}/%C -oControlPersist=300`);
    for (const command of ["apply", "verify", "revert"])
      expect(onWorkstation("virtinst-rbd-patch", [command, "--ssh", "root@hv01"], bin)).toMatchObject({
        code: 0,
        stderr: "",
      });
    const exit = run(join(bin, "ssh"), ["-O", "exit", "root@hv01"]);
    expect([exit.code, exit.stderr.trim()]).toEqual([0, "Exit request sent."]);
  });

  test.each([
    [
      "a user who is not root",
      ["plain@hv01"],
      6,
      /Permission denied.*\n.*\n.*: plain@hv01: you are not root on that host\.\nLog in as root, or use --sudo\.\n$/,
    ],
    [
      "sudo that needs a password",
      ["plain@hv01", "--sudo"],
      6,
      /sudo -n cannot run sh: sudo: .*\nCheck with: ssh plain/,
    ],
    ["an account without a shell", ["nologin@hv01"], 6, /its login shell cannot run sh/],
    [
      "a host without libvirtd",
      ["root@no-libvirtd"],
      3,
      /failed to connect to the hypervisor; .*No such file or directory\.\nIs libvirtd running, .*ssh root@no-libvirtd virsh -r/,
    ],
    ["a host without virtinst", ["root@no-virtinst"], 4, /No virtinst was found.*\nPass the directory .* --virtinst\./],
    [
      "a connection that is lost",
      ["root@lost"],
      6,
      /root@lost: the connection was lost\. The state of the host is unknown\.\nCheck it with: .* verify --ssh root@lost\n/,
    ],
    [
      "a host that does not exist",
      ["root@x.invalid"],
      6,
      /ssh cannot connect: .*\nCheck with: ssh root@x\.invalid true/,
    ],
  ] as const)("apply fails for %s, and reports what to do next", (_, words, exit, message) => {
    const before = state();
    const { code, stdout, stderr } = tool("apply", "--ssh", ...words);
    expect([code, stdout, stderr]).toEqual([exit, "", expect.stringMatching(message)]);
    expect(state()).toEqual(before);
  });
});

describe("the examples of the documentation, through a real sshd:", () => {
  /** Runs the shell examples of a page that contain a text; all of them must succeed. */
  function typed(page: string, text: string): string {
    const found = examples(page).filter((example) => example.includes(text));
    expect(found).not.toEqual([]);
    const ran = found.map((example) => ({ example, ...runExample(example, { path: host.path, cwd: folder }) }));
    for (const one of ran) expectDone(one, one.example);
    return ran.map(({ stdout }) => stdout).join("");
  }

  test("the quick start of README.md patches and verifies a host, and revert restores the file", () => {
    const before = state();
    const said = typed("README.md", "apply --ssh root@hv01");
    expect(said).toMatch(
      /^Affected: yes[\s\S]*^patched: .*\ncurrent: .*\n.*\nfunction passed .*\nvirt-install passed/m,
    );
    expect(state().bytes).toContain(`usage="${POOL} secret"`);
    expect(tool("revert", "--ssh", "root@hv01").code).toBe(0);
    expect(state()).toEqual(before);
  });

  test("the loop of docs/standalone.md patches and verifies each host", () => {
    const said = typed("docs/standalone.md", "for host in hv01 hv02; do\n  echo");
    expect(said).toMatch(/^hv01:\npatched: .*\ncurrent: [\s\S]*^hv02:\ncurrent: .*\ncurrent: /m);
    expect(said).not.toContain("exit code");
    expect(tool("revert", "--ssh", "root@hv02").code).toBe(0);
  });
});

describe("with --connect qemu+ssh:// through a real sshd,", () => {
  const inspect = (uri: string) =>
    runExample(`virtinst-rbd-patch inspect --connect ${uri} --json`, { path: host.path, cwd: folder });

  test("inspect reads the same pools and secrets as on the host itself", () => {
    const [remote, local] = ["qemu+ssh://root@hv01/system", "qemu:///system"].map((uri) => json(inspect(uri).stdout));
    expect(remote.document.pools).toHaveLength(2);
    expect(remote.document).toEqual(local.document);
  });

  test("a host that refuses connections is reported in the words of ssh", () => {
    host.server.stop();
    const refused = expect.stringContaining("Connection refused");
    const { code, stdout } = inspect("qemu+ssh://root@hv01/system");
    expect([code, json(stdout).error.message]).toEqual([3, refused]);
    expect(tool("verify", "--ssh", "root@hv01")).toMatchObject({ code: 6, stdout: "", stderr: refused });
    const reverted = tool("revert", "--ssh", "root@hv01", "--json");
    expect([reverted.code, json(reverted.stdout).verdict.exitCode]).toEqual([6, 6]);
  });
});
