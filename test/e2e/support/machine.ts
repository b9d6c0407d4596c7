import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { built, type Ran } from "../../support/cli";

/** Where Debian's virtinst is. */
export const SHARE = "/usr/share/virt-manager";
export const INSTALLER = `${SHARE}/virtinst/install/installer.py`;

/** The names of pools, secrets and domains of the tests start with this. Others are not changed. */
export const PREFIX = "vrp-e2e";

/** Runs a program to its end, with a time limit, since a cluster may not answer. */
export function run(
  command: string,
  args: readonly string[],
  { input, cwd, seconds = 120 }: { input?: string | Buffer; cwd?: string; seconds?: number } = {},
): Ran {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    input: input ?? "",
    cwd,
    encoding: "utf8",
    timeout: seconds * 1000,
    killSignal: "SIGKILL",
    maxBuffer: 1 << 28,
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
  if (error && (error as NodeJS.ErrnoException).code !== "ETIMEDOUT") throw error;
  return { code: status, stdout, stderr: error ? `${stderr}\nno answer within ${seconds} s` : stderr };
}

/** Runs a program that has to succeed, and returns what it printed. */
export function must(command: string, args: readonly string[], options: Parameters<typeof run>[2] = {}): string {
  const ran = run(command, args, options);
  expectDone(ran, [command, ...args].join(" "));
  return ran.stdout;
}

/** Throws with the output of a program if it failed. */
export function expectDone({ code, stdout, stderr }: Ran, what = "the program"): void {
  if (code !== 0) throw new Error(`${what}: exit ${code}\n${stdout}\n${stderr}`);
}

/** The value of an XPath expression in an XML text, by another parser than that of the tool. */
export function xpath(xml: string, expression: string): string {
  return must("xmllint", ["--xpath", expression, "-"], { input: xml }).trim();
}

/** The monitors of a domain's rbd disks or of a pool, as `name:port`. */
export function monitors(xml: string): string[] {
  const hosts = must("xmllint", ["--xpath", "//source[@protocol='rbd' or ../self::pool]/host", "-"], { input: xml });
  return [...hosts.matchAll(/<host name="(.*?)"(?: port="(.*?)")?/g)].map(([, name, port = ""]) => `${name}:${port}`);
}

/** Checks a domain with libvirt's own schema. */
export function validate(folder: string, xml: string): Ran {
  const file = join(folder, "domain.xml");
  writeFileSync(file, xml);
  return run("virt-xml-validate", [file, "domain"]);
}

/** The files of virtinst that differ from its package, except those that an image leaves out, such as manuals. */
export function changedFiles(): string {
  return run("dpkg", ["--verify", "virtinst"])
    .stdout.split("\n")
    .filter((line) => !/^missing .*\/usr\/share\/(?:man|doc|locale)\//.test(line))
    .join("\n");
}

/** Blocks this thread, as an exit handler must. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Waits until something holds. */
export function waitFor(what: string, seconds: number, holds: () => boolean): void {
  const end = Date.now() + seconds * 1000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    sleep(200);
  }
}

const undoing: { readonly what: string; readonly undo: () => void }[] = [];

/** Registers how to undo something. The last is undone first. */
export function atEnd(what: string, undo: () => void): void {
  undoing.push({ what, undo });
}

/** Undoes everything, even if a step fails. */
export function undoAll(): void {
  const failures: string[] = [];
  for (let step = undoing.pop(); step; step = undoing.pop()) {
    try {
      step.undo();
    } catch (error) {
      failures.push(`${step.what}: ${(error as Error).message}`);
    }
  }
  if (failures.length > 0) throw new Error(`The machine is not as it was:\n${failures.join("\n")}`);
}

// A run that is interrupted does not call afterAll.
process.on("exit", undoAll);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(1));

/** Checks that virtinst is as its package installed it, now and after the tests. */
export function requireCleanVirtinst(): void {
  const check = () =>
    expect(changedFiles(), "virtinst is not as its package installed it; after a run that was killed, revert it").toBe(
      "",
    );
  check();
  atEnd("revert the patch", () => {
    expectDone(built(["revert", "--virtinst", SHARE]), "revert");
    check();
  });
}

/** Makes a directory that all users can read, and that is removed at the end. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}-`));
  chmodSync(folder, 0o755);
  atEnd(`remove ${folder}`, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A program that runs in the background. */
export interface Daemon {
  /** Its output so far. */
  log(): string;
  running(): boolean;
  /** Ends it, and waits until it has ended. */
  stop(): void;
}

/** Starts a program in the background. It ends with the tests, however they end. */
export function startDaemon(name: string, command: readonly string[], folder: string): Daemon {
  const file = join(folder, `${name}.out`);
  const output = openSync(file, "a");
  // The kernel ends it if this process is killed. It has its own session, so that Ctrl-C leaves it to undoAll.
  const child: ChildProcess = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command], {
    stdio: ["ignore", output, output],
    detached: true,
    cwd: folder,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} could not be started`);
  const running = () => !/^(?:$|\d+ \(.*\) [ZX])/s.test(statOf(pid));
  const stop = () => {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (running()) process.kill(pid, signal);
      for (let tries = 0; tries < 100 && running(); tries++) sleep(100);
    }
  };
  atEnd(`stop ${name}`, stop);
  return { log: () => readFileSync(file, "utf8"), running, stop };
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}
