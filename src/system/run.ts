import { type ChildProcess, spawn } from "node:child_process";
import { beforeSignal } from "./signals";

/** What a finished child process left. */
export interface Finished {
  /** Its exit code; null where it was ended or never started. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it could not be started or was ended by us, if so: `ENOENT`, `ETIMEDOUT`, `ENOBUFS` (it printed too much), … */
  readonly fault: string | null;
  /** What went wrong, for a message, if anything did: as part of a sentence, without its full stop. */
  readonly why: string;
}

/** How a program is run. */
export interface RunOptions {
  /** Until it is ended, with all that it started; 60 by default. */
  readonly seconds?: number;
  /** Variables to add to the caller's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Descriptors that it gets as 3, 4, …; none by default. */
  readonly descriptors?: readonly number[];
  /** How its output becomes text; UTF-8 by default. */
  readonly encoding?: "utf8" | "latin1";
}

/** A program's output is held in memory: more than this of it is a program gone wrong. */
const MOST_OUTPUT = 64 * 2 ** 20;
/** How long its output may stay open after its end: somebody that it started may still hold it. */
const AFTERWARDS = 2000;

/**
 * Runs a program to its end, in the root folder, so that no file of the caller's folder is taken for one of its own.
 *
 * @param input for its standard input
 */
export function run(
  program: string,
  args: readonly string[],
  { input = "", ...options }: RunOptions & { readonly input?: string } = {},
): Promise<Finished> {
  const { child, end } = start(program, args, options, () => {});
  child.stdin?.end(input);
  return end;
}

/** A program that is talked to line by line. */
export interface Conversation {
  /**
   * Sends lines, and waits until a line of its standard output matches, or until it ends; returns all output so far.
   *
   * @param until looks at whole lines and at the one that is still being written, of at most 1,000 characters
   */
  ask(lines: readonly string[], until: RegExp): Promise<string>;
  /** Sends the last lines, closes its input and waits for its end. */
  finish(lines: readonly string[]): Promise<Finished>;
}

/** Starts a program to talk to; the seconds count from its start to its end. */
export function converse(program: string, args: readonly string[], options: RunOptions = {}): Conversation {
  let heard = (_chunk: string) => {};
  const { child, end, said } = start(program, args, options, (chunk) => heard(chunk));
  const send = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
  return {
    async ask(lines, until) {
      // What was looked at is not looked at again, but for a line that goes on.
      let tail = "";
      const matched = new Promise<void>((resolve) => {
        heard = (chunk) => {
          const text = tail + chunk;
          if (until.test(text)) resolve();
          tail = text.slice(text.lastIndexOf("\n") + 1).slice(0, 1000);
        };
      });
      child.stdin?.write(send(lines));
      await Promise.race([matched, end]);
      return said();
    },
    finish(lines) {
      child.stdin?.end(send(lines));
      return end;
    },
  };
}

interface Started {
  readonly child: ChildProcess;
  readonly end: Promise<Finished>;
  /** Its standard output so far. */
  said(): string;
}

function start(
  program: string,
  args: readonly string[],
  { seconds = 60, env = {}, descriptors = [], encoding = "utf8" }: RunOptions,
  heard: (chunk: string) => void,
): Started {
  let group: number | undefined;
  // Before it starts: a signal that comes meanwhile is taken afterwards.
  const forget = beforeSignal(killGroup);
  const child = spawn(program, [...args], {
    cwd: "/",
    // Messages and tables in English.
    env: { ...process.env, LC_ALL: "C", LANGUAGE: "C", ...env },
    // A process group of its own, so that what it starts can be ended with it.
    detached: true,
    stdio: ["pipe", "pipe", "pipe", ...descriptors],
  });
  group = child.pid;
  const output = { stdout: [] as string[], stderr: [] as string[] };
  let size = 0;
  let fault: string | null = null;
  let status: number | null = null;
  let signal: NodeJS.Signals | null = null;
  const end = new Promise<Finished>((resolve) => {
    const settle = () => {
      clearTimeout(timer);
      clearTimeout(afterwards);
      forget();
      const [stdout, stderr] = [output.stdout.join(""), output.stderr.join("")];
      resolve({
        status: fault ? null : status,
        stdout,
        stderr,
        fault,
        why: why(fault, status, signal, stderr, seconds),
      });
    };
    const stop = (reason: string | null) => {
      fault ??= reason;
      killGroup();
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      child.unref();
      settle();
    };
    const timer = setTimeout(stop, seconds * 1000, "ETIMEDOUT");
    let afterwards: NodeJS.Timeout | undefined;
    for (const name of ["stdout", "stderr"] as const)
      child[name]?.setEncoding(encoding).on("data", (chunk: string) => {
        if (fault) return;
        size += chunk.length;
        if (size > MOST_OUTPUT) return stop("ENOBUFS");
        output[name].push(chunk);
        if (name === "stdout") heard(chunk);
      });
    // A program that ended early closes its input; its own words say why.
    child.stdin?.on("error", () => {});
    child.on("error", (error: NodeJS.ErrnoException) => stop(error.code ?? error.message));
    child.on("exit", (code, by) => {
      [status, signal] = [code, by];
      afterwards = setTimeout(stop, AFTERWARDS, null);
    });
    child.on("close", settle);
  });
  return { child, end, said: () => output.stdout.join("") };

  function killGroup(): void {
    try {
      if (group !== undefined) process.kill(-group, "SIGKILL");
    } catch {
      // There is nobody left.
    }
  }
}

/** Why a program is not to be believed; empty where it ended well. */
function why(
  fault: string | null,
  status: number | null,
  signal: NodeJS.Signals | null,
  stderr: string,
  seconds: number,
): string {
  switch (fault) {
    case null:
      break;
    case "ENOENT":
      return "it is not installed, or not in PATH";
    case "ETIMEDOUT":
      return `it did not end within ${seconds} seconds`;
    case "ENOBUFS":
      return `it printed more than ${MOST_OUTPUT / 2 ** 20} MiB`;
    default:
      return `it could not be run (${fault})`;
  }
  if (signal) return `it was ended by ${signal}`;
  if (status === 0) return "";
  const words = stderr.trim().split("\n").slice(-3).join("; ").slice(-1000);
  return words || `it ended with exit code ${status}, without a word`;
}
