import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { inspectOverSsh, runOverSsh, type SshOptions } from "../../src/commands/over-ssh";
import { cli, FIXTURES, HOST, json, PLAIN, shell, target, temporaryFolder, UUID } from "../support/cli";
import { fakeVirsh, SAMPLE_CASES } from "../support/virsh";

/** What virsh prints on the sample host, which libvirt calls by another name than `uname -n`. */
const SAMPLE = `    hostname) echo another-name ;;\n${SAMPLE_CASES}`;

let bin: string;
let options: SshOptions;
let virtinst: ReturnType<typeof target>;

beforeEach(() => {
  bin = temporaryFolder();
  virtinst = target(PLAIN);
  options = { host: "root@hv01", sudo: false, flags: [], waiting: () => {}, virtinst: virtinst.folder };
  ssh(`printf '%s\\n' "$*" >>'${bin}/ssh.log'`, 'cd /tmp; exec sh -c "$command"');
  // It must not read the input of a later step.
  program("virsh", fakeVirsh(SAMPLE, `cat >/dev/null; printf '%s\\n' "$*" >>'${bin}/virsh.log'`));
  vi.stubEnv("PATH", `${bin}:${process.env.PATH}`);
  onTestFinished(() => void vi.unstubAllEnvs());
});

function program(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** A stand-in for ssh: runs the command on this machine, with the programs of the system. */
function ssh(...lines: string[]): void {
  const path = `PATH='${bin}:${process.env.PATH}:/usr/bin:/bin'`;
  program("ssh", [path, "for command; do :; done", ...lines].join("\n"));
}

const calls = () => readFileSync(join(bin, "ssh.log"), "utf8").trim().split("\n").length;
const run = (command: "apply" | "verify" | "revert", ...flags: string[]) => runOverSsh(command, { ...options, flags });

describe("apply, verify and revert run the standalone script on the host:", () => {
  test("apply writes what it writes locally, revert restores the file and reads no pools, each over one connection", async () => {
    const here = target(PLAIN);
    expect((await cli(["apply", ...here.options])).code).toBe(0);
    const said = (words: RegExp) => ({ code: 0, stdout: expect.stringMatching(words), stderr: "" });
    expect(await run("apply")).toMatchObject(said(/^patched: /));
    expect(virtinst.read()).toBe(here.read());
    expect(await run("apply")).toMatchObject(said(/^current: /));
    expect(await run("verify", "--static")).toMatchObject(said(/^current: /));
    const virsh = readFileSync(join(bin, "virsh.log"), "utf8");
    expect(await run("revert")).toMatchObject(said(/^reverted: /));
    expect(readFileSync(join(bin, "virsh.log"), "utf8")).toBe(virsh);
    expect(readFileSync(virtinst.path)).toEqual(virtinst.pristine);
    expect(statSync(virtinst.path).mtimeMs).toBe(1400000000000);
    expect(calls()).toBe(4);
    expect(virsh).toMatch(/^(?:-q -r -c qemu:\/\/\/system .*\n)+$/);
    expect(virsh).not.toMatch(/get-value|set-value/);
    // -a: the agent is not forwarded. The marker is random.
    const sent = readFileSync(join(bin, "ssh.log"), "utf8");
    expect(sent.match(/^-Txak /gm)).toHaveLength(4);
    expect(new Set(sent.match(/virtinst-rbd-patch-[0-9a-f]{32}/g)).size).toBe(4);
  });

  test("--check changes nothing and exits with 1 if something would change", async () => {
    const { code, stdout } = await run("apply", "--check", "--diff");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^--- a\/[\s\S]*^\+def _virtinst[\s\S]*^would be patched: /m);
    expect(readFileSync(virtinst.path)).toEqual(virtinst.pristine);
  });

  test("--force patches a host that is not affected, as it does locally", async () => {
    program("virsh", fakeVirsh(SAMPLE.replace("pool-usage", "pool-uuid").replace("secret-usage", "secret-uuid")));
    expect((await run("apply")).stdout).toMatch(/^not needed: /);
    expect((await run("apply", "--force")).stdout).toMatch(/^patched: /);
  });

  test("--pool selects pools; one that does not exist is an error", async () => {
    options = { ...options, pool: ["other"] };
    await expect(run("apply")).rejects.toThrow('there is no rbd pool named "other"');
    options = { ...options, pool: ["libvirtpool"] };
    expect((await run("apply")).code).toBe(0);
  });

  test("the script is for this host, even if libvirt knows it by another name", async () => {
    const { stdout } = await run("verify", "--static", "--json");
    expect(json(stdout)).toMatchObject({ host: hostname(), source: "ssh://root@hv01", notes: [] });
  });

  test("a user who is not root is told to become root if the file cannot be written", async () => {
    program("id", "echo 1000");
    expect((await run("apply")).code).toBe(0);
    program("cp", "echo 'cp: Permission denied' >&2; exit 1");
    const { code, stderr } = await run("revert");
    expect(code).toBe(6);
    expect(stderr).toMatch(
      /^virtinst-rbd-patch: root@hv01: .*cannot be replaced.*Permission denied.*\n.*\nvirtinst-rbd-patch: root@hv01: you are not root on that host\.\nLog in as root, or use --sudo\.\n$/,
    );
  });

  test("without an rbd pool, verify reports the patch as outdated, and apply removes it", async () => {
    await run("apply");
    program("virsh", fakeVirsh(""));
    expect(await run("verify", "--static")).toMatchObject({ code: 1, stdout: expect.stringMatching(/^outdated: /) });
    expect((await run("apply", "--check")).code).toBe(1);
    const removed = await run("apply");
    expect(removed).toMatchObject({ code: 0, stderr: "note: This host has no rbd pool.\n" });
    expect(removed.stdout).toMatch(/^removed: .*\(pools: libvirtpool\)\n$/);
    expect(readFileSync(virtinst.path)).toEqual(virtinst.pristine);
    expect((await run("apply", "--force")).stdout).toMatch(/^not needed: /);
    expect(await run("verify")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^not-patched: /) });
  });

  test("a pool whose secret is not defined is refused before anything is run", async () => {
    program("virsh", fakeVirsh(SAMPLE.replace(/ {4}secret-list.*\n/, "")));
    await expect(run("apply")).rejects.toMatchObject({ kind: "pools" });
    expect(readFileSync(virtinst.path)).toEqual(virtinst.pristine);
  });
});

describe("inspect shows the pools and the virtinst of the host:", () => {
  test("the result is that of a local inspect, but for the source and virt-install", async () => {
    const local = json((await cli(["inspect", "--json", ...virtinst.options])).stdout);
    const remote = await inspectOverSsh(options);
    const { form: _, tool: __, verdict: ___, ...rest } = local;
    expect(remote).toEqual({
      ...rest,
      ...{ host: hostname(), source: "ssh://root@hv01", program: null, notes: [] },
      document: {
        ...rest.document,
        host: hostname(),
        pools: [{ ...rest.document.pools[0], active: true }],
      },
    });
    expect(remote.alternative).toMatch(/^name the secret by uuid/);
    expect(calls()).toBe(1);
  });

  test("the page names the next command for that host", async () => {
    program("sudo", 'shift\nexec "$@"');
    const page = await cli(["inspect", "--ssh", "root@hv01", "--sudo", "--virtinst", virtinst.folder]);
    expect(page.stdout).toContain(
      `virtinst-rbd-patch apply --check --diff --ssh=root@hv01 --virtinst=${virtinst.folder} --sudo\n`,
    );
    expect(page.stdout).not.toMatch(/run by/);
  });

  test("a host without virtinst still has pools; a directory that --virtinst names must exist", async () => {
    const { virtinst: _, ...rest } = options;
    // The script looks for virt-install in PATH, and in directories of the system.
    program("virt-install", "#!/usr/bin/perl");
    const { file, pools, notes } = await inspectOverSsh(rest);
    expect([file, pools, notes]).toEqual([null, ["libvirtpool"], [expect.stringContaining("It is unknown which")]]);
    await expect(inspectOverSsh({ ...options, virtinst: "/nowhere" })).rejects.toMatchObject({
      kind: "target",
      message: expect.stringMatching(/^root@hv01: No virtinst was found/),
    });
  });

  test("a broken pool is shown, and a host without an rbd pool is not affected", async () => {
    program("virsh", fakeVirsh(SAMPLE.replace(/ {4}secret-list.*\n/, "")));
    const { broken, affected, state } = await inspectOverSsh(options);
    expect([broken.length, affected, state]).toEqual([1, "yes", "not-patched"]);
    program("virsh", fakeVirsh(""));
    const none = { affected: "no", state: "not-patched", pools: [], notes: ["This host has no rbd pool."] };
    expect(await inspectOverSsh(options)).toMatchObject(none);
  });
});

describe("nothing from XML or the command line is run by a shell:", () => {
  const NAME = "a'b\"c $(touch X) `touch X`; touch X & #\\ é";

  test("a hostile pool name reaches virsh as one word, and the file as text", async () => {
    const xml = readFileSync(`${FIXTURES}/pool-usage.xml`, "utf8");
    const escaped = NAME.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
    writeFileSync(join(bin, "pool.xml"), xml.replace(/<name>libvirtpool</, `<name>${escaped}<`));
    writeFileSync(join(bin, "row"), ` ${NAME}   active   yes\n`);
    program(
      "virsh",
      `printf '%s\\n' "$5" >>'${bin}/virsh.log'
case "$5" in
  hostname*) cat '${bin}/row'; echo " ${UUID}  ceph" ;;
  pool-dumpxml*) cat '${bin}/pool.xml' '${FIXTURES}/secret-usage.xml' ;;
esac`,
    );
    expect((await run("apply")).code).toBe(0);
    const quoted = NAME.replaceAll("'", "'\\''");
    expect(readFileSync(join(bin, "virsh.log"), "utf8")).toContain(`pool-dumpxml --pool '${quoted}'; secret-dumpxml`);
    expect(["/X", "/tmp/X", join(bin, "X")].filter(existsSync)).toEqual([]);
    expect(virtinst.read()).toContain("touch X");
    expect((await run("verify", "--static")).code).toBe(0);
  });

  test("the directory of --virtinst is one word", async () => {
    options = { ...options, virtinst: "/opt/it's $(touch X) `id` \\!" };
    expect(await run("revert")).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("(looked in /opt/it's $(touch X) `id` \\!)"),
    });
  });

  test("an escaped line break in a name, as an old virsh prints it, is not sent as a line break", async () => {
    const name = `a\\x0a\\x0a9\\x0aopen("${bin}/ran","w")#`;
    writeFileSync(join(bin, "row"), ` ${name}   active   yes\n`);
    program("virsh", fakeVirsh(`    "pool-list --all") cat '${bin}/row' ;;`));
    await expect(run("apply")).rejects.toThrow(/listed 1 pools and 0 secrets, but returned the XML of 0 and 0/);
    expect(existsSync(join(bin, "ran"))).toBe(false);
  });
});

/** A PATH on the host with these programs only. */
function only(...names: string[]): void {
  const there = temporaryFolder();
  symlinkSync("/bin/sh", join(there, "sh"));
  const path = `${bin}:${process.env.PATH}:/usr/bin:/bin`;
  for (const name of ["id", "uname", ...names])
    writeFileSync(join(there, name), `#!/bin/sh\nPATH='${path}' exec ${name} "$@"\n`, { mode: 0o755 });
  program("ssh", `for command; do :; done\nPATH='${there}' exec /bin/sh -c "$command"`);
}

/** A Python that begins as one should, and then runs these lines in the place of the script. */
const python = (...lines: string[]) => program("python3", ["[ $# -lt 6 ] && exit 0", ...lines].join("\n"));
/** A connection that ends when a program kills it. */
function losing(name: string): void {
  ssh(`setsid sh -c "echo \\$\\$ >'${bin}/pid'; $command"; exit 255`);
  program(name, `kill -9 -$(cat '${bin}/pid')`);
}

const TOO_OLD = "echo 'Traceback (\nSyntaxError: x' >&2; exit 1";
describe("an error has the name of the host, and what to do next", () => {
  test.each<[title: string, arrange: () => void, message: RegExp]>([
    ["it has no Python", () => only("virsh"), /Python was found \(python3, platform-python, python2\.7, python2\)\.$/],
    ["Python cannot run the script", () => python(TOO_OLD), /code 1\): SyntaxError: x\. The /],
    ["a Python runs nothing", () => program("python3", "exit 0"), /not run to its end \(exit code 0\)\. The state /],
    ["the connection is lost while virsh runs", () => losing("virsh"), /was lost\. Nothing was changed\.$/],
    ["the connection is lost while the script runs", () => losing("timeout"), /was lost\. The state /],
    ["the script is cut off", () => ssh('dd bs=1 count=20000 status=none | sh -c "$command"'), /code 7\)\. The state /],
  ])("if %s", async (_, arrange, message) => {
    arrange();
    await expect(run("apply")).rejects.toMatchObject({ kind: "io", message: expect.stringMatching(message) });
    expect(readFileSync(virtinst.path)).toEqual(virtinst.pristine);
  });

  test("only a command that may change the file says that its state is unknown", async () => {
    python("exit 137");
    const ended = "root@hv01: the script did not run to its end (exit code 137).";
    const check = "Check it with: virtinst-rbd-patch verify --ssh root@hv01";
    const unknown = { kind: "io", message: `${ended} The state of the host is unknown.`, hint: check };
    const same = { kind: "io", message: `${ended} Nothing was changed.`, hint: "Run the command again." };
    await expect(run("revert")).rejects.toMatchObject(unknown);
    for (const unchanged of [() => run("verify"), () => run("apply", "--check"), () => inspectOverSsh(options)])
      await expect(unchanged()).rejects.toMatchObject(same);
  });

  test("if there is no virsh on the host, or its libvirtd is not running", async () => {
    only("python3");
    const failure = (what: string, hint: string) => ({ kind: "pools", message: `ssh://root@hv01: ${what}`, hint });
    const install = "Install libvirt-client (Debian: libvirt-clients) on that host.";
    const missing = failure("virsh: it is not installed, or not in PATH.", install);
    for (const command of [() => run("apply"), () => inspectOverSsh(options)])
      await expect(command()).rejects.toMatchObject(missing);
    ssh('exec sh -c "$command"');
    program("virsh", "echo 'error: failed to connect to the hypervisor' >&2; exit 1");
    const hint =
      "Is libvirtd running, and do you have access? Check with: ssh root@hv01 virsh -r -c qemu:///system pool-list --all";
    await expect(run("verify")).rejects.toMatchObject(failure("failed to connect to the hypervisor.", hint));
  });

  test("if inspect gets an answer that is not the script's JSON", async () => {
    python('cat >/dev/null\necho "$7{}$7"; echo boom >&2');
    await expect(inspectOverSsh(options)).rejects.toMatchObject({
      kind: "io",
      message: "root@hv01: the script printed no result (exit code 0): boom.",
      hint: expect.stringMatching(/verify --static --ssh root@hv01/),
    });
  });
});

test("the tool ends even if the host hangs after an error", () => {
  program("virsh", "echo 'error: no' >&2; exit 1");
  ssh('sh -c "$command"; exec sleep 600');
  // `timeout` would exit with 124.
  expect(shell('timeout 60 "$NODE" "$TOOL" apply --ssh hv01').code).toBe(3);
});

test("a change is reported on standard error if standard output cannot be written", () => {
  const { code, stderr } = shell('tool apply --ssh hv01 --virtinst "$1" >/dev/full', [virtinst.folder]);
  expect([code, stderr]).toEqual([6, expect.stringMatching(/^patched: .*\n.*Standard output cannot be written/)]);
});

test("what a login shell prints is ignored, also right after an answer", async () => {
  ssh(
    "echo 'Welcome to hv01'; printf 'no newline'",
    `sh -c "$command" | sed -u 's/^virtinst-rbd-patch-[0-9a-f]*$/&\\nnoise/'`,
  );
  expect((await run("apply")).stdout).toMatch(/^patched: .*\n$/);
});

test("the host's escape sequences do not reach the terminal", async () => {
  python('cat >/dev/null\nprintf "$7\\033[2J\\n$7"; printf "\\033[2J\\n" >&2');
  const { stdout, stderr } = await cli(["revert", "--ssh", "hv01"]);
  expect([stdout, stderr]).toEqual(["\\x1b[2J\n", "\\x1b[2J\n"]);
});

test("the user may contain a backslash, as those of a Windows domain do", async () => {
  expect((await cli(["revert", "--ssh", "DOM\\user@hv01", "--virtinst", "/nowhere"])).code).toBe(4);
  expect(readFileSync(join(bin, "ssh.log"), "utf8")).toContain(" DOM\\user@hv01 ");
});

describe("options that do not go with --ssh are refused, with the alternative:", () => {
  test.each([
    [["apply", "--ssh", "hv01", "x.patch"], "x.patch: a patch file cannot be used with --ssh.", /--check --diff/],
    [["verify", "--ssh", "hv01", "--vol", "a/b"], "--vol cannot be used with --ssh.", /virt-install --print-xml/],
    [["verify", "--ssh", "hv01", "--report", "a"], "--report cannot be used with --ssh.", /--json > FILE/],
    [["verify", "--ssh", "hv01", "--python", "a"], "--python cannot be used with --ssh.", /finds the Python/],
    [["verify", "--ssh", "hv01", "-v"], "--verbose cannot be used with --ssh.", /--json/],
    [["apply", "--ssh", "hv01", "-c", "a"], "--connect cannot be used with --ssh.", /qemu:\/\/\/system/],
    [["apply", "--ssh", "hv01", "--host", "a"], "--host cannot be used with --ssh.", /bundle --host/],
    [["apply", "--ssh", "hv01", "--root", "/a"], "--root cannot be used with --ssh.", /run it there with --root/],
    [["apply", "--ssh", "hv01", HOST[0] as string], "--pool-xml cannot be used with --ssh.", /bundle --pool-xml/],
    [["apply", "--ssh", "h", "--secret-xml", "a"], "--secret-xml cannot be used with --ssh.", /bundle --secret-xml/],
    [["revert", "--ssh", "h", "--virtinst", "a"], "--virtinst a: with --ssh, this must be an absolute path.", /host/],
    [["bundle", "--ssh", "hv01"], "bundle has no --ssh.", /inspect --ssh HOST --json > host\.json.*--host host\.json/],
    [["apply", "--ssh", "-oX"], "--ssh -oX: expected [USER@]HOST.", /ssh_config/],
    [
      ["apply", "--ssh", "hv01", "--ssh", "hv02"],
      "option '--ssh <[user@]host>' argument 'hv02' is invalid. --ssh was given twice. Run the command once for each host.",
      /--help/,
    ],
    [["inspect", "--sudo"], "--sudo needs --ssh.", /Add --ssh HOST/],
    ...[
      "root@-oX",
      "-l@hv01",
      "a b",
      "a;b",
      "root@a`b`",
      "a@",
      "$(id)",
      "a;b@hv01",
      "`a`@hv01",
      "ssh://hv01",
      "hv01:22",
    ].map((name): [string[], string, RegExp] => [
      ["apply", `--ssh=${name}`],
      `--ssh ${name}: expected [USER@]HOST.`,
      /Set its port in ssh_config/,
    ]),
  ])("%j", async (words, message, hint) => {
    const { code, stdout, stderr } = await cli(words);
    const [first, second] = stderr.split("\n");
    expect([code, stdout, first]).toEqual([2, "", `virtinst-rbd-patch: ${message}`]);
    expect(second).toMatch(hint);
    expect(existsSync(join(bin, "ssh.log"))).toBe(false);
  });
});
