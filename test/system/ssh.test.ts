import { writeSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { connect } from "../../src/system/ssh";
import { temporaryFolder, whenMade } from "../support/cli";
import { standIns } from "../support/stand-ins";

vi.mock("node:fs", { spy: true });

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

const LISTENERS = process.listenerCount("SIGTERM");
const waiting = vi.fn();

/** Connects to a host whose ssh is this shell script; `greet` and `$mark` are what the script on the host has. */
async function dial(script: string, { sudo = false, changes = true } = {}) {
  const prefix = "virtinst-rbd-patch-";
  const mark = `for command; do :; done; mark=\${command#*${prefix}}; mark=${prefix}\${mark%% *}`;
  const ssh = `${mark}\ngreet() { printf '%s\\n' "$@" "$mark"; }\n${script}`;
  vi.stubEnv("PATH", standIns({ ssh }));
  return connect({ host: "a@hv01", sudo }, ["apply"], changes, waiting);
}
const GREET = "greet '' '0 hv01'";
const failure = (message: string, hint: string) => ({ kind: "io", message: `a@hv01: ${message}`, hint });

test.each([
  [["0 hv01"], "hv01", true],
  [["", "1000 hv01.example.org"], "hv01.example.org", false],
  [["Welcome to 0 hv02", "no newline", "0 hv01"], "hv01", true],
])("after the greeting %j, the host is %s, and the user is root: %s", async (lines, hostname, isRoot) => {
  const connection = await dial(`greet ${lines.map((line) => `'${line}'`).join(" ")}; cat >&2`);
  expect(connection).toMatchObject({ hostname, isRoot });
  connection.close();
  await vi.waitFor(() => expect(process.listenerCount("SIGTERM")).toBe(LISTENERS));
});

describe("without a connection, the reason is reported:", () => {
  const CHECK = "Check with: ssh a@hv01 true";
  test.each([
    ["the message of ssh", "echo 'ssh: no route.' >&2; exit 255", "ssh cannot connect: no route.", CHECK],
    ["its last line", "printf 'ssh: a\\nb. ssh: c.\\n' >&2; exit 255", "ssh cannot connect: b. ssh: c.", CHECK],
    ["a signal", "kill -9 $$", "ssh cannot connect: it was ended by a signal.", CHECK],
    ["a login shell that runs nothing", "exit 1", "its login shell cannot run sh: exit code 1.", CHECK],
  ] as [string, string, string, string][])("%s", async (_, script, message, hint) => {
    await expect(dial(script)).rejects.toMatchObject(failure(message, hint));
  });

  test.each(["0", "x0 hv01", "0 hv01 x", ""])("the greeting %j", async (line) => {
    await expect(dial(`greet '${line}'; exit 9`)).rejects.toMatchObject({ kind: "io", hint: CHECK });
  });

  test("that there is no ssh on this machine", async () => {
    vi.stubEnv("PATH", temporaryFolder());
    const failure = { kind: "io", message: "ssh is not installed, or not in PATH.", hint: "Install OpenSSH's client." };
    await expect(connect({ host: "hv01", sudo: false }, [], true, waiting)).rejects.toMatchObject(failure);
  });

  test("sudo that asks for a password", async () => {
    const hint = "Check with: ssh a@hv01 sudo -n sh -c true";
    const refused = dial("echo 'sudo: a password is required' >&2; exit 1", { sudo: true });
    await expect(refused).rejects.toMatchObject(failure("sudo -n cannot run sh: sudo: a password is required.", hint));
  });

  test("no answer within 300 seconds, with a message after 20 seconds", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const asked = join(temporaryFolder(), "asked");
    const late = failure("ssh cannot connect: it did not end within 300 seconds.", CHECK);
    const refused = expect(dial(`echo 'password:' >&2; echo >${asked}; exec sleep 60`)).rejects.toMatchObject(late);
    await whenMade(asked);
    vi.advanceTimersByTime(20_000);
    expect(waiting).toHaveBeenCalledExactlyOnceWith("Waiting for ssh to connect to a@hv01. password:");
    vi.advanceTimersByTime(300_000);
    await refused;
  });
});

test.each(["sh", "sudo -n sh"])("ssh runs %s with the arguments, and may wait an hour for the script", async (sh) => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  waiting.mockClear();
  const said = 'said=$(printf "%s|" "$@" "$(cat)" | sed "s/$mark/MARK/g"); printf %s "$mark$said$mark"';
  const connection = await dial(`${GREET}; shift $(($# - 3)); ${said}`, { sudo: sh !== "sh" });
  vi.advanceTimersByTime(3_600_000);
  expect(waiting).not.toHaveBeenCalled();
  const { stdout, ...rest } = await connection.script("\u00e9");
  expect(stdout.replace(/'[^']+'/, "PROGRAM")).toBe(`--|a@hv01|exec ${sh} -c PROGRAM sh MARK apply|MARK\n2\n\u00e9|`);
  expect(rest).toEqual({ code: 0, stderr: "" });
});

test("closing a connection ends an ssh that does not end by itself", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const connection = await dial(`${GREET}; exec sleep 60`);
  connection.close();
  vi.advanceTimersByTime(60_000);
  await vi.waitFor(() => expect(process.listenerCount("SIGTERM")).toBe(LISTENERS));
});

describe("the answer of virsh", () => {
  const ask = async (printed: string) => {
    const connection = await dial(`${GREET}; read -r line; ${printed}; cat >/dev/null`);
    return connection.virsh(["one", "two"]).finally(connection.close);
  };
  const said = (code: string, errors: string) => `printf '%s\\n' "$line" "$mark ${code}" '${errors}' "$mark"`;

  test.each([
    ["0", "", { status: 0, fault: null, why: "" }],
    ["12", "error: not found\nerror: b", { status: 12, fault: null, why: "" }],
    ["127", "other", { status: 127, fault: null, why: "" }],
    ["127", "sh: virsh: Not found", { status: null, fault: "ENOENT", why: "it is not installed, or not in PATH" }],
  ])("with exit code %s and the errors %j is %j", async (code, stderr, result) => {
    expect(await ask(said(code, stderr))).toEqual({ stdout: "one; two", stderr, ...result });
  });

  test("is read as a whole if its end comes in two pieces", async () => {
    const end = `printf '%s' "\${mark%?}"; sleep 0.1; printf '%s\\n' "\${mark#"\${mark%?}"}"`;
    const asked = ask(`printf '%s\\n' "$line" "$mark 3" 'no'; ${end}`);
    expect(await asked).toMatchObject({ stdout: "one; two", stderr: "no", status: 3 });
  });

  test("that is endless is an error", async () =>
    expect(await ask("cat /dev/zero")).toMatchObject({ status: null, why: "it printed more than 16 MiB" }));

  const lost = failure("the connection was lost. Nothing was changed.", "Run the command again.");
  test.each(["", "x1", "1x", "-1"])("with the exit code %j is a lost connection", (code) =>
    expect(ask(said(code, ""))).rejects.toMatchObject(lost),
  );
});

describe("the script", () => {
  const run = async (end: string, options = {}) =>
    (await dial(`${GREET}; cat >/dev/null; m=$mark; ${end}`, options)).script("print()");
  const UNKNOWN = "The state of the host is unknown.";
  const ended = (why: string) => `the script did not run to its end (exit code ${why}. ${UNKNOWN}`;

  test.each([0, 6])("returns its output and the exit code %i", async (code) => {
    const warned = `echo 'no Traceback here' >&2; printf "%s" "$m out $m"; exit ${code}`;
    expect(await run(warned)).toEqual({ code, stdout: " out ", stderr: "no Traceback here\n" });
  });

  test.each([
    ["exits with 6 before it begins", "printf x; exit 6", ended("6)")],
    ["ends without its last line", 'printf "$m"; exit 0', ended("0)")],
    ["exits with 7", 'printf "$m$m"; exit 7', ended("7)")],
    ["prints a traceback", `printf 'Traceback (x\\nE: a.b.\\n' >&2; printf "$m$m"`, ended("0): E: a.b")],
    ["prints too much", "head -c 17000000 /dev/zero", `the script: it printed more than 16 MiB. ${UNKNOWN}`],
    ["is killed", 'printf "$m$m"; kill -9 $$', `the connection was lost. ${UNKNOWN}`],
    ["is lost with its connection", 'printf "$m$m"; exit 255', `the connection was lost. ${UNKNOWN}`],
  ])("is an error if it %s", async (_, end, message) => {
    const hint = "Check it with: virtinst-rbd-patch verify --ssh a@hv01";
    await expect(run(end)).rejects.toMatchObject(failure(message, hint));
  });

  test("changes nothing if it does not run, or if its command only reads", async () => {
    const none = "no Python was found (python3, platform-python, python2.7, python2).";
    await expect(run("echo; echo $m; exit 6")).rejects.toMatchObject(failure(none, "Install a Python on that host."));
    await expect(run("exit 255", { changes: false })).rejects.toThrow("was lost. Nothing was changed.");
  });

  test("is reported as interrupted if a signal ends this process; a connection without a script is not", async () => {
    vi.spyOn(process, "kill").mockReturnValue(true);
    await dial(`${GREET}; cat >/dev/null`);
    const running = join(temporaryFolder(), "running");
    const lost = run(`echo >${running}; exec sleep 60`, { sudo: true });
    await whenMade(running);
    const write = vi.mocked(writeSync).mockImplementation((_, text) => text.length);
    process.emit("SIGTERM", "SIGTERM");
    const calls = write.mock.calls.filter(([descriptor]) => descriptor === 2);
    write.mockReset();
    await expect(lost).rejects.toThrow("the connection was lost");
    const check = "Check it with: virtinst-rbd-patch verify --ssh a@hv01 --sudo";
    expect(calls).toEqual([[2, `virtinst-rbd-patch: a@hv01: the run was interrupted. ${UNKNOWN} ${check}\n`]]);
  });
});
