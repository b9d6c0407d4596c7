import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, test } from "vitest";
import { NODE, type Ran, TOOL } from "../../support/cli";
import { THOROUGH } from "../../support/runs";

/** The system's own programs: a shim in the PATH of a user can be slower than the tool. */
export const SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin";

/** A run that was watched to its end. */
export interface Watched extends Ran {
  /** The signal that ended it. */
  readonly signal: string | null;
  /** The limit that it exceeded. */
  readonly over: "time" | "memory" | null;
}

interface Watch {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly seconds?: number;
  readonly megabytes?: number;
}

/** Runs a program without blocking; it is killed with its children when it exceeds a limit, or the test ends. */
export function watch(argv: readonly string[], { env = {}, cwd, seconds = 60, megabytes }: Watch = {}) {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, {
    cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", PATH: SYSTEM, ...env },
  });
  const id = child.pid as number;
  const kept = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      if (kept[name].length < 2_000_000) kept[name] += chunk;
    });
  let over: Watched["over"] = null;
  let isOpen = true;
  const end = (why: Watched["over"]) => {
    if (!isOpen) return;
    over ??= why;
    try {
      process.kill(-id, "SIGKILL");
    } catch {
      // It has just ended.
    }
  };
  onTestFinished(() => end(null));
  const timer = setTimeout(() => end("time"), seconds * 1000);
  const gauge = megabytes && setInterval(() => peak(id) > megabytes && end("memory"), 15);
  return new Promise<Watched>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      isOpen = false;
      clearTimeout(timer);
      clearInterval(gauge);
      resolve({ ...kept, code, signal, over });
    });
  });
}

/** The highest use of memory of a process so far, in MB. */
function peak(id: number): number {
  const status = existsSync(`/proc/${id}/status`) ? readFileSync(`/proc/${id}/status`, "utf8") : "";
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}

/** Runs the built tool, watched. */
export const tool = (args: readonly string[], options?: Watch) => watch([NODE, TOOL, ...args], options);

/** Runs a program of the system that has to work. */
export function must(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C", PATH: SYSTEM },
  });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/** The path of a program of the system. */
export function which(name: string): string | undefined {
  return SYSTEM.split(":")
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** Writes a shell script; returns its path. */
export function script(folder: string, name: string, lines: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${lines}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A new folder that everybody may enter, and that is removed when the test ends. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-faults-"));
  chmodSync(path, 0o755);
  // With FAULTS=all it contains thousands of cases.
  onTestFinished(() => rmSync(path, { recursive: true, force: true }), 600_000);
  return path;
}

/** Does something for each item, in order, two at a time. */
export async function each<Item>(items: readonly Item[], act: (item: Item) => Promise<void>) {
  const queue = items.values();
  const lane = async () => {
    for (const item of queue) await act(item);
  };
  await Promise.all([lane(), lane()]);
}

const isRoot = process.getuid?.() === 0;
const answers = (program: string, ...args: string[]) =>
  spawnSync(program, args, { env: { ...process.env, PATH: SYSTEM } }).status === 0;

/** What a test may need, and whether this machine has it. */
const HAS = {
  root: isRoot,
  strace: answers("strace", "-qq", "-o", "/dev/null", "-e", "trace=none", "true"),
  getfattr: which("getfattr") && which("setfattr"),
  setfacl: which("setfacl") && which("getfacl"),
  setpriv: which("setpriv"),
  chattr: which("chattr"),
  mount: isRoot && answers("unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"),
  loop: isRoot && which("mkfs.ext4") && (answers("losetup", "-f") || existsSync("/dev/loop-control")),
} as const;
type Need = keyof typeof HAS;

/** A test that is skipped, with the reason in its title, if the machine cannot run it. */
export function faultTest(name: string, needs: readonly Need[], act: () => void | Promise<void>): void {
  const missing = needs.find((need) => !HAS[need]);
  if (missing) test.skip(`${name} (skipped: this machine has no ${missing})`, () => {});
  else test(name, act);
}

/** A test that takes minutes, and runs with FAULTS=all only. */
export function slowTest(name: string, needs: readonly Need[], act: () => void | Promise<void>): void {
  if (THOROUGH) faultTest(name, needs, act);
  else test.skip(`${name} (skipped without FAULTS=all)`, () => {});
}
