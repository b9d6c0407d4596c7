import { spawn, spawnSync } from "node:child_process";

/** What a finished child process left. */
export interface Finished {
  /** Its exit code; null where a signal ended it or it never started. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it could not be started or was ended, if so: `ENOENT`, `ETIMEDOUT`, … */
  readonly fault: string | null;
}

/** The environment of every child: the caller's, but with messages and tables in English. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: "C", LANGUAGE: "C" };
}

/**
 * Runs a program to its end.
 *
 * @param options `input` for its standard input, none by default; `cwd`, the root folder by default, so that no
 *   file of the caller's folder is taken for one of the program's; `seconds` until it is ended, 60 by default; `env`, variables to add to the
 *   caller's environment
 */
export function run(
  program: string,
  args: readonly string[],
  {
    input = "",
    cwd = "/",
    seconds = 60,
    env = {},
  }: { input?: string; cwd?: string; seconds?: number; env?: NodeJS.ProcessEnv } = {},
): Finished {
  const { status, stdout, stderr, error } = spawnSync(program, [...args], {
    input,
    cwd,
    env: { ...environment(), ...env },
    encoding: "utf8",
    timeout: seconds * 1000,
    maxBuffer: 256 * 1024 * 1024,
  });
  return {
    status,
    stdout: stdout ?? "",
    stderr: stderr ?? "",
    fault: faultOf(error),
  };
}

/** Why a program did not run to its end; one that ended before it had read all of its input has not failed by that. */
function faultOf(error: NodeJS.ErrnoException | undefined): string | null {
  return error && error.code !== "EPIPE" ? (error.code ?? error.message) : null;
}

/** A program that is talked to line by line. */
export interface Conversation {
  /** Sends lines, and waits until its standard output matches, or until it ends; returns all output so far. */
  ask(lines: readonly string[], until: RegExp): Promise<string>;
  /** Sends the last lines, closes its input and waits for its end. */
  finish(lines: readonly string[]): Promise<Finished>;
}

/**
 * Starts a program to talk to.
 *
 * @param options `seconds` until it is ended, however far the conversation is, 60 by default; `env`, variables to add
 *   to the caller's environment
 */
export function converse(
  program: string,
  args: readonly string[],
  { seconds = 60, env = {} }: { seconds?: number; env?: NodeJS.ProcessEnv } = {},
): Conversation {
  const child = spawn(program, [...args], { cwd: "/", env: { ...environment(), ...env }, stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  let fault: string | null = null;
  let wake = () => {};
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    wake();
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  // A program that ended early closes its input; its own words on stderr say why.
  child.stdin.on("error", () => {});
  const timer = setTimeout(() => {
    fault = "ETIMEDOUT";
    child.kill("SIGKILL");
  }, seconds * 1000);
  let ended = false;
  const end = new Promise<Finished>((resolve) => {
    const settle = (status: number | null) => {
      clearTimeout(timer);
      ended = true;
      wake();
      resolve({ status, stdout, stderr, fault });
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      fault = error.code ?? error.message;
      settle(null);
    });
    child.on("close", settle);
  });
  const send = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
  return {
    ask(lines, until) {
      child.stdin.write(send(lines));
      return new Promise((resolve) => {
        wake = () => {
          if (ended || until.test(stdout)) resolve(stdout);
        };
        wake();
      });
    },
    finish(lines) {
      child.stdin.end(send(lines));
      return end;
    },
  };
}
