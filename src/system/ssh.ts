import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import template from "../../templates/remote.sh";
import { Failure, shellWord } from "../failure";
import { TOOL } from "../version";
import { AFTERWARDS, type Finished, MOST_OUTPUT } from "./run";
import { beforeSignal } from "./signals";

/** A host, as the command line names it. */
export interface Remote {
  /** `[USER@]HOST` for OpenSSH's client, which also reads ssh_config. */
  readonly host: string;
  /** Whether everything on the host runs through `sudo -n`. */
  readonly sudo: boolean;
}

/** One ssh process, connected to a host. */
export interface Connection {
  /** What `uname -n` prints there. */
  readonly hostname: string;
  readonly isRoot: boolean;
  /**
   * Runs `virsh -q -r -c qemu:///system 'COMMAND; COMMAND'` there.
   *
   * @throws Failure (io) if the connection is lost
   */
  readonly virsh: (commands: readonly string[]) => Promise<Finished>;
  /**
   * Runs the standalone script there, with the arguments of `connect`. The connection ends with it.
   *
   * @returns its exit code, from 0 to 6, and its output
   * @throws Failure (io) if there is no Python for it, or the connection is lost
   */
  readonly script: (text: string) => Promise<{ code: number; stdout: string; stderr: string }>;
  /** Ends the connection. */
  readonly close: () => void;
}

// As scp does: no TTY, no forwarding of X11, agent or ports, and no command of ssh_config.
const OPTIONS = "-Txa -oRemoteCommand=none -oPermitLocalCommand=no -oClearAllForwardings=yes -oServerAliveInterval=15";
const PROGRAM = template.replace(/^ *#.*\n|\n$/gm, "").replace(/\n */g, " ");

/** How long a call of virsh and the script may take. The script itself limits each child process to 60 seconds. */
const SECONDS = { virsh: 60, script: 600 };

/**
 * Connects to a host. ssh itself asks for a password, and whether to trust a new host, on the terminal.
 *
 * @param args the arguments of the standalone script
 * @param changes whether the script may change a file; if it does not end as it should, the state is then unknown
 * @throws Failure (io) if ssh cannot connect, or the user cannot run anything there
 */
export async function connect(remote: Remote, args: readonly string[], changes: boolean): Promise<Connection> {
  const { host, sudo } = remote;
  const failure = (why: string, hint: string) => new Failure("io", `${host}: ${why}`, hint);
  const lost = (why: string, isUnknown = changes) => {
    const check = `${TOOL} verify --ssh ${shellWord(host)}${sudo ? " --sudo" : ""}`;
    if (!isUnknown) return failure(`${why}. Nothing was changed.`, "Run the command again.");
    return failure(`${why}. The state of the host is unknown.`, `Check it with: ${check}`);
  };
  const mark = `${TOOL}-${randomBytes(16).toString("hex")}`;
  const sh = ["sh", "-c", PROGRAM, "sh", mark, ...args].map(shellWord).join(" ");
  // Not detached: ssh must be able to read a password from the TTY.
  const child = spawn("ssh", [...OPTIONS.split(" "), "--", host, `exec ${sudo ? "sudo -n " : ""}${sh}`]);
  let isRunning = false;
  const forget = beforeSignal(() => {
    child.kill();
    const { message, hint } = lost("the run was interrupted");
    return isRunning ? `${message} ${hint}` : undefined;
  });
  let stdout: string[] = [];
  let tail = "";
  let stderr = "";
  let size = 0;
  let fault: string | null = null;
  let onMark = () => {};
  const stop = (why: string) => {
    fault ??= why;
    child.kill("SIGKILL");
  };
  const count = (chunk: string) => {
    size += chunk.length;
    if (size > MOST_OUTPUT) stop("ENOBUFS");
    return fault === null;
  };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    if (!count(chunk)) return;
    stdout.push(chunk);
    tail = (tail + chunk).slice(-mark.length - 2);
    if (tail === `\n${mark}\n`) onMark();
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    if (count(chunk)) stderr += chunk;
  });
  // Ignore EPIPE: the exit code and standard error of ssh give the reason.
  child.stdin.on("error", () => {});
  const ended = new Promise<void>((resolve) => {
    child.on("error", (error: NodeJS.ErrnoException) => {
      stop(error.code ?? error.message);
      resolve();
    });
    // The process behind a control socket may keep standard error open.
    child.on("exit", () => setTimeout(resolve, AFTERWARDS).unref());
    child.on("close", () => resolve());
  }).finally(() => {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    forget();
  });

  /** Sends input; returns the output up to the next line of the mark, or null if ssh ends before that. */
  async function ask(input: string, seconds: number): Promise<string | null> {
    stdout = [];
    const timer = seconds > 0 ? setTimeout(stop, seconds * 1000, "ETIMEDOUT") : undefined;
    const marked = new Promise<true>((resolve) => {
      onMark = () => resolve(true);
    });
    child.stdin.write(input);
    const complete = await Promise.race([marked, ended]);
    clearTimeout(timer);
    return complete ? stdout.join("").slice(0, -mark.length - 2) : null;
  }

  const [, user, hostname] = /(?:^|\n)(\d+) (\S+)$/.exec((await ask("", 0)) ?? "") ?? [];
  if (user === undefined || hostname === undefined) throw refused(remote, fault, child.exitCode, lastLine(stderr));
  stderr = "";
  return {
    hostname,
    isRoot: user === "0",
    close: () => void child.stdin.end(),
    async virsh(commands) {
      const output = (await ask(`${commands.join("; ")}\n`, SECONDS.virsh)) ?? "";
      const [printed = "", result = ""] = output.split(`\n${mark} `);
      const [code = "", ...errors] = result.split("\n");
      const answer = { stdout: printed, stderr: errors.join("\n") };
      if (fault !== null) {
        const why = fault === "ENOBUFS" ? TOO_MUCH : `it did not end within ${SECONDS.virsh} seconds`;
        return { ...answer, status: null, fault, why };
      }
      if (code === "127")
        return { ...answer, status: null, fault: "ENOENT", why: "it is not installed, or not in PATH" };
      if (!/^\d+$/.test(code)) throw lost("the connection was lost", false);
      return { ...answer, status: Number(code), fault: null, why: "" };
    },
    async script(text) {
      isRunning = true;
      const timer = setTimeout(stop, SECONDS.script * 1000, "ETIMEDOUT");
      // It is printed only if there is no Python.
      const markAfterScript = ask(`\n${Buffer.byteLength(text)}\n`, 0);
      child.stdin.end(text);
      await ended;
      clearTimeout(timer);
      const code = child.exitCode;
      if ((await markAfterScript) !== null)
        throw failure(
          "no Python was found (python3, platform-python, python2.7, python2).",
          "Install one on that host.",
        );
      if (fault === "ENOBUFS") throw lost(`the script: ${TOO_MUCH}`);
      if (fault !== null) throw lost(`the script did not end within ${SECONDS.script} seconds`);
      if (code === null || code === 255) throw lost("the connection was lost");
      if (code > 6) throw lost(`the script ended with exit code ${code}`);
      // The script itself never prints a traceback.
      if (/^Traceback /m.test(stderr))
        throw failure(`the script failed: ${lastLine(stderr)}.`, "It needs Python 2.7, or 3.4 or later.");
      return { code, stdout: stdout.join(""), stderr };
    },
  };
}

const TOO_MUCH = `it printed more than ${MOST_OUTPUT / 2 ** 20} MiB`;

function lastLine(text: string): string {
  return /.*$/.exec(text.trimEnd().replace(/\.$/, ""))?.[0] ?? "";
}

/** Why there is no connection, or why nothing can be run through it. */
function refused({ host, sudo }: Remote, fault: string | null, code: number | null, said: string): Failure {
  if (fault === "ENOENT")
    return new Failure("io", "ssh is not installed, or not in PATH.", "Install OpenSSH's client.");
  const isConnected = fault === null && code !== null && code !== 255;
  const cannot = !isConnected ? "ssh cannot connect" : sudo ? "sudo -n cannot run sh" : "its login shell cannot run sh";
  const why = said.replace(/^ssh: /, "") || (code === null ? "it was ended by a signal" : `exit code ${code}`);
  const check = `ssh ${shellWord(host)} ${isConnected && sudo ? "sudo -n sh -c true" : "true"}`;
  return new Failure("io", `${host}: ${cannot}: ${why}.`, `Check with: ${check}`);
}
