import { spawn } from "node:child_process";
import { beforeSignal } from "./signals";

/** The result of a child process. */
export interface Finished {
  /** The exit code; null if the process was killed or never started. */
  readonly status: number | null;
  readonly stdout: string;
  /** Only the end, if it is long. */
  readonly stderr: string;
  /** Why it could not be started, or was killed: `ENOENT`, `ETIMEDOUT`, `ENOBUFS` (too much output), … */
  readonly fault: string | null;
  /** The error, as a part of a sentence; empty if the exit code is 0. */
  readonly why: string;
}

export interface RunOptions {
  /** The time limit, after which the program and the processes that it started are killed; 60 by default. */
  readonly seconds?: number;
  /** Variables to add to the environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** The text for standard input; empty by default. */
  readonly input?: string;
}

/** The limit for the output of a program, in characters: more is an error. */
const MOST_OUTPUT = 64 * 2 ** 20;
/** How much of standard error is kept, in characters. */
const MOST_ERRORS = 2 ** 20;
/** How long to wait for the end of the output after the program exits, in milliseconds: a child may keep it open. */
export const AFTERWARDS = 2000;

/** Runs a program to its end, in the root directory, so that it uses no file in the current directory. */
export function run(
  program: string,
  args: readonly string[],
  { seconds = 60, env = {}, input = "" }: RunOptions = {},
): Promise<Finished> {
  let group: number | undefined;
  // Register before the start: a signal that arrives in the meantime is handled afterwards.
  const forget = beforeSignal(killGroup);
  const child = spawn(program, [...args], {
    cwd: "/",
    // For messages and tables in English.
    env: { ...process.env, LC_ALL: "C", LANGUAGE: "C", ...env },
    // A process group of its own, so that the processes that it starts can be killed with it.
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  group = child.pid;
  const stdout: string[] = [];
  let stderr = "";
  let size = 0;
  let fault: string | null = null;
  return new Promise((resolve) => {
    const settle = () => {
      clearTimeout(timer);
      clearTimeout(afterwards);
      forget();
      const said = { stdout: stdout.join(""), stderr: stderr.slice(-MOST_ERRORS) };
      const status = fault ? null : child.exitCode;
      resolve({ status, ...said, fault, why: reason(fault, child, said.stderr, seconds) });
    };
    const stop = (why: string | null) => {
      fault ??= why;
      killGroup();
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      child.unref();
      settle();
    };
    const timer = setTimeout(stop, seconds * 1000, "ETIMEDOUT");
    let afterwards: NodeJS.Timeout | undefined;
    const count = (chunk: string) => {
      size += chunk.length;
      if (size > MOST_OUTPUT && !fault) stop("ENOBUFS");
      return !fault;
    };
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      if (count(chunk)) stdout.push(chunk);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      if (count(chunk)) stderr = (stderr.length > 2 * MOST_ERRORS ? stderr.slice(-MOST_ERRORS) : stderr) + chunk;
    });
    // Ignore EPIPE: the exit code and standard error give the reason.
    child.stdin.on("error", () => {});
    child.on("error", (error: NodeJS.ErrnoException) => stop(error.code ?? error.message));
    child.on("exit", () => {
      afterwards = setTimeout(stop, AFTERWARDS, null);
    });
    child.on("close", settle);
    child.stdin.end(input);
  });

  function killGroup(): undefined {
    try {
      if (group !== undefined) process.kill(-group, "SIGKILL");
    } catch {
      // No process is left.
    }
  }
}

/** Why the result of a program cannot be used; empty if it can. */
function reason(
  fault: string | null,
  { exitCode, signalCode }: { readonly exitCode: number | null; readonly signalCode: NodeJS.Signals | null },
  stderr: string,
  seconds: number,
): string {
  if (fault === "ENOENT") return "it is not installed, or not in PATH";
  if (fault === "ETIMEDOUT") return `it did not end within ${seconds} seconds`;
  if (fault === "ENOBUFS") return `it printed more than ${MOST_OUTPUT / 2 ** 20} MiB`;
  if (fault !== null) return `it could not be run (${fault})`;
  if (signalCode) return `it was ended by ${signalCode}`;
  if (exitCode === 0) return "";
  const last = stderr.trim().split("\n").slice(-3).join("; ").slice(-1000);
  return last || `it failed with exit code ${exitCode} and no message`;
}
