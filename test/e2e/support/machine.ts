import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { built, type Ran } from "../../support/cli";

/** Where Debian's virtinst is. */
export const SHARE = "/usr/share/virt-manager";

/** What the tests make on the machine begins with this, so that nobody else's is touched. */
export const PREFIX = "vrp-e2e";

/** Runs a program to its end; a cluster that does not answer must not hold the tests for ever. */
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

/** Throws with all that a program said, where it did not succeed. */
export function expectDone({ code, stdout, stderr }: Ran, what = "the program"): void {
  if (code !== 0) throw new Error(`${what}: exit ${code}\n${stdout}\n${stderr}`);
}

/** What an XPath expression is in an XML text, by a parser that is not the tool's own. */
export function xpath(xml: string, expression: string): string {
  return must("xmllint", ["--xpath", expression, "-"], { input: xml }).trim();
}

/** The monitors of a domain's first rbd disk or of a pool, as `name:port`. */
export function monitors(xml: string): string[] {
  const hosts = "//source[@protocol='rbd' or ../self::pool][1]/host";
  return Array.from({ length: Number(xpath(xml, `count(${hosts})`)) }, (_, index) =>
    xpath(xml, `concat((${hosts})[${index + 1}]/@name, ':', (${hosts})[${index + 1}]/@port)`),
  );
}

/** What differs between virtinst's files and its package; files that an image leaves out, such as manuals, do not count. */
export function changedFiles(): string {
  return run("dpkg", ["--verify", "virtinst"])
    .stdout.split("\n")
    .filter((line) => !/^missing .*\/usr\/share\/(?:man|doc|locale)\//.test(line))
    .join("\n");
}

/** Waits without letting go of the thread, as the handlers of an exit must. */
export function sleep(milliseconds: number): void {
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

/** Remembers how to undo something; what came last is undone first. */
export function atEnd(what: string, undo: () => void): void {
  undoing.push({ what, undo });
}

/** Undoes all that was done, whatever fails on the way. */
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

// A run that is broken off comes by here without its afterAll.
process.on("exit", undoAll);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(1));

/** Makes sure that virtinst is as its package has it, before a test changes it, and that it is so again at the end. */
export function borrowVirtinst(): void {
  const changed = changedFiles();
  if (changed !== "")
    throw new Error(
      `virtinst is not as its package has it, so nothing was tried; a run that was killed leaves it patched, and \`revert\` undoes that:\n${changed}`,
    );
  atEnd("revert the patch", () => {
    expectDone(built(["revert", "--virtinst", SHARE]), "revert");
    if (changedFiles() !== "") throw new Error(changedFiles());
  });
}

/** A folder for a file of tests, which goes at the end; others may look into it. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}-`));
  chmodSync(folder, 0o755);
  atEnd(`remove ${folder}`, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A program that runs beside the tests. */
export interface Daemon {
  /** What it said so far. */
  log(): string;
  running(): boolean;
  /** Ends it, by its id, and waits until it is gone. */
  stop(): void;
}

/** Starts a program beside the tests; it goes with them, however they end. */
export function startDaemon(name: string, command: readonly string[], folder: string): Daemon {
  const file = join(folder, `${name}.out`);
  const output = openSync(file, "a");
  // The kernel ends it when this process dies without a word; its own session, so that Ctrl-C leaves it to undoAll.
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

/** Leaves a test out, and says so where it is read: the reporter only counts. */
export function notRun({ task, skip }: TestContext, reason: string): never {
  process.stderr.write(`not run: ${task.name}: ${reason}\n`);
  return skip(reason);
}
