import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, test } from "vitest";
import { type Ran, TOOL } from "../../support/cli";

/** Everything, or only a sample of it. */
export const ALL = process.env.FAULTS === "all";

export const NODE = process.env.NODE_UNDER_TEST ?? process.execPath;

/** The system's own programs: a wrapper of a user's PATH (a shim) would cost more than the tool itself. */
export const SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin";

/** A run that was watched to its end. */
export interface Watched extends Ran {
  /** What ended it, if it was a signal. */
  readonly signal: string | null;
  readonly seconds: number;
  /** The most memory that it had, in MB; only where it was limited. */
  readonly memory: number;
  /** Which limit it went over, and was ended for. */
  readonly over: "time" | "memory" | null;
}

export interface Watch {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Until it is ended, with all that it started: 60 by default. */
  readonly seconds?: number;
  /** Until it is ended for its memory; no limit by default. */
  readonly megabytes?: number;
}

/** Runs that are under way; none outlives the tests. */
const alive = new Set<number>();
process.once("exit", () => {
  for (const id of alive)
    try {
      process.kill(-id, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
});

/** Runs a program, without blocking; all that it started goes with it where it goes over a limit. */
export function watch(argv: readonly string[], { env = {}, cwd, seconds = 60, megabytes }: Watch = {}) {
  const [program = "", ...args] = argv;
  const began = performance.now();
  const child = spawn(program, args, {
    cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", PATH: SYSTEM, ...env },
  });
  const kept = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      if (kept[name].length < 2_000_000) kept[name] += chunk;
    });
  alive.add(child.pid as number);
  let over: Watched["over"] = null;
  let memory = 0;
  const end = (why: "time" | "memory") => {
    over ??= why;
    try {
      process.kill(-(child.pid as number), "SIGKILL");
    } catch {
      // It has just ended.
    }
  };
  const timer = setTimeout(() => end("time"), seconds * 1000);
  const limit = megabytes;
  const gauge =
    limit === undefined
      ? undefined
      : setInterval(() => {
          memory = Math.max(memory, peak(child.pid as number));
          if (memory > limit) end("memory");
        }, 15);
  return new Promise<Watched>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      alive.delete(child.pid as number);
      clearTimeout(timer);
      clearInterval(gauge);
      resolve({ ...kept, code, signal, over, memory, seconds: (performance.now() - began) / 1000 });
    });
  });
}

/** A process's highest use of memory so far, in MB, as the kernel keeps it. */
function peak(id: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Runs the built tool, watched. */
export const tool = (args: readonly string[], options?: Watch) => watch([NODE, TOOL, ...args], options);

/** Runs a program of the test's own that has to work. */
export function must(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C", PATH: SYSTEM },
  });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/** A program below the system's own folders. */
export function which(name: string): string | null {
  return (
    SYSTEM.split(":")
      .map((folder) => join(folder, name))
      .find((path) => existsSync(path)) ?? null
  );
}

/** A wrapper that is to come first in PATH. */
export function script(folder: string, name: string, lines: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${lines}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A new folder that goes when the test ends. Anybody may pass through it. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-faults-"));
  chmodSync(path, 0o755);
  // With --all it holds thousands of cases.
  onTestFinished(() => rmSync(path, { recursive: true, force: true }), 600_000);
  return path;
}

/** Does something for each, at most so many at a time, in order. */
export async function each<Item>(items: readonly Item[], lanes: number, act: (item: Item) => Promise<void>) {
  let next = 0;
  const lane = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await act(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

export const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const isRoot = process.getuid?.() === 0;
const answers = (program: string, ...args: string[]) =>
  spawnSync(program, args, { env: { ...process.env, PATH: SYSTEM } }).status === 0;

/** What a test may need of this machine, and how to find out. */
const NEEDS = {
  root: () => isRoot,
  strace: () => answers("strace", "-qq", "-o", "/dev/null", "-e", "trace=none", "true"),
  unshare: () => answers("unshare", "-p", "-f", "--mount-proc", "true"),
  getfattr: () => which("getfattr") !== null && which("setfattr") !== null,
  setfacl: () => which("setfacl") !== null && which("getfacl") !== null,
  setpriv: () => which("setpriv") !== null,
  chattr: () => which("chattr") !== null,
  mount: () => isRoot && answers("unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"),
  loop: () => isRoot && which("mkfs.ext4") !== null && (answers("losetup", "-f") || existsSync("/dev/loop-control")),
  python3: () => answers("python3", "-c", ""),
} as const;

export type Need = keyof typeof NEEDS;
const known = new Map<Need, boolean>();

/** The first of these things that this machine lacks. */
export function lacks(needs: readonly Need[]): Need | null {
  for (const need of needs) if (!known.has(need)) known.set(need, NEEDS[need]());
  return needs.find((need) => !known.get(need)) ?? null;
}

/** A test that says "skipped", and why, where the machine cannot run it. */
export function faultTest(name: string, needs: readonly Need[], act: () => void | Promise<void>): void {
  const missing = lacks(needs);
  if (missing) test.skip(`not run: this machine has no ${missing}: ${name}`, () => {});
  else test(name, act);
}

/** A test that takes minutes: run where everything is. */
export function slowTest(name: string, needs: readonly Need[], act: () => void | Promise<void>): void {
  if (ALL) faultTest(name, needs, act);
  else test.skip(`not run in the sample, only with --all: ${name}`, () => {});
}
