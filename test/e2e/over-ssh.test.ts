import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { json } from "../support/cli";
import { definePool, defineSecret, startLibvirt } from "./support/libvirtd";
import { makeFolder, PREFIX, run, undoAll } from "./support/machine";
import { type SshHost, startSshd } from "./support/sshd";

const UUID = "0b2d8f1e-6c1f-4c0e-8f0a-5d0f3f6f9a05";
const POOL = `${PREFIX}-over-ssh`;
/** A name that a shell, virsh and a terminal would interpret. */
const HOSTILE = `${PREFIX}-a'b"c; $(touch ${PREFIX}-ran) \`touch ${PREFIX}-ran\` & # \\ é`;

let host: SshHost;
/** A PATH without virsh and libvirt. */
let workstation: string;

beforeAll(async () => {
  const folder = makeFolder();
  startLibvirt(folder);
  const auth = { username: "libvirt", secret: `usage="${POOL} secret"` };
  defineSecret(folder, UUID, `${POOL} secret`);
  definePool(folder, { name: POOL, cephPool: "vms", hosts: [{ name: "192.0.2.11", port: 6789 }], auth });
  definePool(folder, {
    name: HOSTILE.replace("&", "&amp;"),
    cephPool: "other",
    hosts: [{ name: "192.0.2.12", port: 6789 }],
    auth,
  });
  const without = (name: string) => {
    const path = join(folder, `without-${name}`);
    mkdirSync(path);
    for (const other of ["sh", "id", "uname", "python3", "virsh"].filter((one) => one !== name))
      symlinkSync(`/usr/bin/${other}`, join(path, other));
    return `PATH='${path}'; export PATH`;
  };
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
      "no-virsh": without("virsh"),
      "no-python": without("python3"),
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

/** Runs the tool on a machine without libvirt. */
function tool(...words: string[]) {
  const path = `${host.path}:${workstation}`;
  const { status, stdout, stderr } = spawnSync("virtinst-rbd-patch", words, {
    env: { PATH: path, HOME: workstation, NO_COLOR: "1" },
    encoding: "utf8",
    timeout: 120_000,
  });
  return { code: status, stdout, stderr };
}

/** A directory with an `ssh` that has more options. */
function sshWith(options: string): string {
  const folder = makeFolder();
  const config = join(host.folder, "config");
  writeFileSync(join(folder, "ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F ${config} ${options} "$@"\n`, { mode: 0o755 });
  return folder;
}

const state = () => ({ bytes: readFileSync(host.file, "latin1"), time: statSync(host.file).mtimeMs });
/** The files of the host that a run may leave behind; other tests have their own in /tmp. */
const listing = () => [
  ...readdirSync(host.home),
  ...["/tmp", "/var/tmp", "/dev/shm"].flatMap((place) => readdirSync(place).filter((name) => OWN_FILE.test(name))),
];
const OWN_FILE = /^\.?virtinst-rbd-patch-(?!test|bin|bench|build)/;

describe("from a machine without virsh, a host without Node", () => {
  test("is inspected, patched, verified and reverted, and keeps nothing but the change", () => {
    expect(tool("inspect").stderr).toMatch(/virsh: it is not installed.*\n.*--ssh/);
    const [before, places] = [state(), listing()];

    const page = tool("inspect", "--ssh", "root@hv01");
    expect([page.code, page.stderr]).toEqual([0, ""]);
    expect(page.stdout).toMatch(/^Affected: yes\n.*"vrp-e2e-over-ssh" .* by usage\.\nNext, .* --ssh=root@hv01\n/m);

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

    expect(tool("revert", "--ssh", "root@hv01")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^reverted: /),
    });
    expect(state()).toEqual(before);
    expect(listing()).toEqual(places);
  });

  test("the file has the bytes that the tool writes on the host", () => {
    expect(tool("apply", "--ssh", "root@hv01").code).toBe(0);
    const share = host.file.replace(/\/virtinst\/install.*/, "");
    const own = run("node", ["dist/virtinst-rbd-patch.js", "verify", "--static", "--virtinst", share]);
    expect([own.code, own.stdout]).toEqual([0, expect.stringMatching(/^current/i)]);
    expect(tool("revert", "--ssh", "root@hv01").code).toBe(0);
  });

  test("--json, --quiet, --pool and --static work as they do locally", () => {
    const { stdout, code } = tool("verify", "--ssh", "root@hv01", "--static", "--json", "--pool", POOL);
    expect([code, json(stdout)]).toEqual([
      1,
      expect.objectContaining({ host: hostname(), pools: [POOL], source: "ssh://root@hv01" }),
    ]);
    expect(json(tool("inspect", "--ssh", "root@hv01", "--json").stdout).document.pools).toHaveLength(2);
    expect(tool("apply", "--check", "-q", "--ssh", "root@hv01")).toMatchObject({ code: 1, stdout: "" });
  });

  test("a hostile pool name is data in every shell on the way", () => {
    for (const words of [
      ["--ssh", "root@hv01"],
      ["--ssh", "csh@hv01", "--sudo"],
    ]) {
      expect(tool("apply", ...words)).toMatchObject({ code: 0, stdout: expect.stringContaining(HOSTILE.slice(0, 20)) });
      expect(tool("verify", ...words).code).toBe(0);
      expect(tool("revert", ...words).code).toBe(0);
    }
    expect(["/", host.home, process.cwd()].filter((place) => existsSync(join(place, `${PREFIX}-ran`)))).toEqual([]);
  });

  test("each command opens one connection", () => {
    const log = join(host.folder, "ssh.log");
    const count = () => readFileSync(log, "utf8").length;
    for (const command of ["inspect", "apply", "verify", "revert"]) {
      const before = count();
      expect(tool(command, "--ssh", "root@hv01").code).toBe(0);
      expect(count()).toBe(before + 1);
    }
  });
});

describe("who logs in", () => {
  test.each([["admin"], ["csh"]])("%s uses sudo", (user) => {
    expect(tool("apply", "--ssh", `${user}@hv01`, "--sudo")).toMatchObject({ code: 0, stderr: "" });
    expect(tool("inspect", "--ssh", `${user}@hv01`).stdout).toMatch(/^Patch +current: /m);
    expect(tool("revert", "--ssh", `${user}@hv01`, "--sudo").code).toBe(0);
  });

  test("a user who is not root can inspect, and is told how to apply", () => {
    expect(tool("inspect", "--ssh", "plain@hv01")).toMatchObject({ code: 0, stderr: "" });
    const { code, stderr } = tool("apply", "--ssh", "plain@hv01");
    expect([code, stderr]).toEqual([
      6,
      expect.stringMatching(
        /Permission denied.*\n.*\n.*: plain@hv01: you are not root on that host\.\nLog in as root, or use --sudo\.\n$/,
      ),
    ]);
  });

  test("sudo that asks for a password is an error", () => {
    const { code, stderr } = tool("apply", "--ssh", "plain@hv01", "--sudo");
    expect([code, stderr]).toEqual([
      6,
      expect.stringMatching(/sudo -n cannot run sh: sudo: .*\nCheck with: ssh plain@hv01 sudo -n sh -c true\n/),
    ]);
  });

  test("an account that runs nothing is an error", () => {
    const { code, stderr } = tool("apply", "--ssh", "nologin@hv01");
    expect([code, stderr]).toEqual([6, expect.stringMatching(/its login shell cannot run sh/)]);
  });

  test("ssh asks for a password once, on the terminal", () => {
    const script = `
import os, pty, sys
seen = b""
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("virtinst-rbd-patch", ["virtinst-rbd-patch", "apply", "--sudo", "--ssh", "password@hv01"])
asked = 0
while True:
    try:
        read = os.read(terminal, 65536)
    except OSError:
        break
    if not read:
        break
    seen += read
    if seen.count(b"password: ") > asked:
        asked += 1
        os.write(terminal, b"correct horse\\n")
sys.stdout.write("%d %d\\n%s" % (asked, os.waitpid(pid, 0)[1], seen.decode("utf-8", "replace")))
`;
    const folder = sshWith("-oPubkeyAuthentication=no -oPreferredAuthentications=password,keyboard-interactive");
    const { stdout } = spawnSync("/usr/bin/python3", ["-c", script], {
      env: { PATH: `${folder}:${host.path}:${workstation}`, HOME: workstation, NO_COLOR: "1", TERM: "dumb" },
      encoding: "utf8",
      timeout: 60_000,
    });
    expect(stdout).toMatch(/^1 0\n[\s\S]*password: \r?\n[\s\S]*patched: /);
    expect(tool("revert", "--ssh", "root@hv01").code).toBe(0);
  });

  test("a control socket of ssh_config is used", () => {
    const socket = `-oControlPath=${makeFolder()}/%C`;
    const folder = sshWith(`-oControlMaster=auto ${socket} -oControlPersist=30`);
    const before = Date.now();
    for (const command of ["apply", "verify", "revert"]) {
      const { status, stderr } = spawnSync("virtinst-rbd-patch", [command, "--ssh", "root@hv01"], {
        env: { PATH: `${folder}:${host.path}:${workstation}`, HOME: workstation },
        encoding: "utf8",
        timeout: 60_000,
      });
      expect([status, stderr]).toEqual([0, ""]);
    }
    // It does not wait for the end of the control socket.
    expect(Date.now() - before).toBeLessThan(29_000);
    run(join(folder, "ssh"), ["-O", "exit", "root@hv01"]);
  });
});

describe("errors", () => {
  test.each([
    [
      "no-virsh",
      3,
      "virsh: it is not installed, or not in PATH.",
      "Install libvirt-client (Debian: libvirt-clients) on that host.",
    ],
    [
      "no-libvirtd",
      3,
      /failed to connect to the hypervisor; .*No such file or directory\.$/,
      "Is libvirtd running, and do you have access? Check with: ssh root@no-libvirtd virsh -r -c qemu:///system pool-list --all",
    ],
    ["no-python", 6, /^virtinst-rbd-patch: root@no-python: no Python was found/, "Install one on that host."],
    [
      "no-virtinst",
      4,
      /No virtinst was found/,
      "Pass the directory that contains the virtinst package with --virtinst.",
    ],
    [
      "lost",
      6,
      "root@lost: the connection was lost. The state of the host is unknown.",
      "Check it with: virtinst-rbd-patch verify --ssh root@lost",
    ],
  ] as const)("%s: exit %i", (name, exit, message, hint) => {
    const before = state();
    const { code, stdout, stderr } = tool("apply", "--ssh", `root@${name}`);
    const [first, second] = stderr.split("\n");
    expect([code, stdout, second]).toEqual([exit, "", hint]);
    expect(first).toMatch(message);
    expect(state()).toEqual(before);
  });

  test("a host that cannot be reached, and one with another key", () => {
    const { code, stderr } = tool("apply", "--ssh", "root@hv01.invalid");
    expect([code, stderr]).toEqual([
      6,
      expect.stringMatching(/ssh cannot connect: .*\nCheck with: ssh root@hv01\.invalid true\n/),
    ]);
    host.server.stop();
    expect(tool("verify", "--ssh", "root@hv01").stderr).toMatch(/ssh cannot connect: .*Connection refused\.\n/);
    expect(tool("revert", "--ssh", "root@hv01", "--json")).toMatchObject({
      code: 6,
      stdout: expect.stringMatching(/"exitCode": 6/),
    });
  });
});
