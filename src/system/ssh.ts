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
  readonly node: string;
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
   * @throws Failure (io) if there is no Python for it, or the connection is lost: the state of the host is then unknown
   */
  readonly script: (text: string) => Promise<{ code: number; stdout: string; stderr: string }>;
  /** Ends the connection. */
  readonly close: () => void;
}

// As scp does: no terminal, and no command or forwarding of ssh_config. The last one notices a lost connection.
const OPTIONS = "-T -x -oRemoteCommand=none -oPermitLocalCommand=no -oClearAllForwardings=yes -oServerAliveInterval=15";
const PROGRAM = template
  .replace(/^#.*\n/gm, "")
  .trim()
  .replace(/\n */g, " ");

/** How long an answer of virsh and a run of the script may take, in seconds; in the script, each program has a minute. */
const SECONDS = { virsh: 60, script: 600 };

/**
 * Connects to a host. ssh itself asks for a password, and whether to trust a new host, on the terminal.
 *
 * @param words the arguments of the standalone script
 * @throws Failure (io) if ssh cannot connect, or the user cannot run anything there
 */
export async function connect(remote: Remote, words: readonly string[]): Promise<Connection> {
  const { host, sudo } = remote;
  const mark = `${TOOL}-${randomBytes(16).toString("hex")}`;
  const sh = ["sh", "-c", PROGRAM, "sh", mark, ...words].map(shellWord).join(" ");
  // Not in a process group of its own, from which ssh could not ask for a password.
  const child = spawn("ssh", [...OPTIONS.split(" "), "--", host, `exec ${sudo ? "sudo -n " : ""}${sh}`]);
  let running = false;
  const forget = beforeSignal(() => {
    child.kill();
    return running ? `${lost(remote).message} ${lost(remote).hint}` : undefined;
  });
  let stdout: string[] = [];
  let end = "";
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
    end = (end + chunk).slice(-mark.length - 2);
    if (end === `\n${mark}\n`) onMark();
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    if (count(chunk)) stderr += chunk;
  });
  // Its exit code and its messages say why it closed its input.
  child.stdin.on("error", () => {});
  const ended = new Promise<void>((resolve) => {
    child.on("error", (error: NodeJS.ErrnoException) => {
      stop(error.code ?? error.message);
      resolve();
    });
    // A control socket of ssh may hold its output open.
    child.on("exit", () => setTimeout(resolve, AFTERWARDS).unref());
    child.on("close", () => resolve());
  }).finally(() => {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    forget();
  });

  /** Sends something; returns what is printed up to a line of the mark, or null if ssh ends before that. */
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

  const [, user, node] = /(?:^|\n)(\d+) (\S+)$/.exec((await ask("", 0)) ?? "") ?? [];
  if (user === undefined || node === undefined) throw refused(remote, fault, child.exitCode, lastLine(stderr));
  stderr = "";
  return {
    node,
    isRoot: user === "0",
    close: () => void child.stdin.end(),
    async virsh(commands) {
      const said = await ask(`${commands.join("; ")}\n`, SECONDS.virsh);
      const [printed = "", result = ""] = (said ?? "").split(`\n${mark} `);
      const [code = "", ...errors] = result.split("\n");
      const answer = { stdout: printed, stderr: errors.join("\n") };
      if (fault !== null) {
        const why = fault === "ETIMEDOUT" ? `it did not end within ${SECONDS.virsh} seconds` : "it printed too much";
        return { ...answer, status: null, fault, why };
      }
      if (code === "127")
        return { ...answer, status: null, fault: "ENOENT", why: "it is not installed, or not in PATH" };
      if (!/^\d+$/.test(code)) throw lost(remote, "Nothing was changed.");
      return { ...answer, status: Number(code), fault: null, why: "" };
    },
    async script(text) {
      running = true;
      const timer = setTimeout(stop, SECONDS.script * 1000, "ETIMEDOUT");
      const noPython = ask(`\n${Buffer.byteLength(text)}\n`, 0);
      child.stdin.end(text);
      await ended;
      clearTimeout(timer);
      const code = child.exitCode;
      if ((await noPython) !== null)
        throw new Failure(
          "io",
          `${host}: no Python was found (python3, platform-python, python2.7 or python2).`,
          "Install one on that host: virt-install needs it, too.",
        );
      if (code === null || code > 6) throw lost(remote);
      // The script itself prints none.
      if (/^Traceback /m.test(stderr))
        throw new Failure(
          "io",
          `${host}: its Python cannot run the script: ${lastLine(stderr)}.`,
          "It needs Python 2.7, or 3.4 or later.",
        );
      return { code, stdout: stdout.join(""), stderr };
    },
  };
}

function lastLine(text: string): string {
  return (
    text
      .trimEnd()
      .split("\n")
      .at(-1)
      ?.replace(/[.\r]+$/, "") ?? ""
  );
}

/** Why there is no connection, or why nothing can be run through it. */
function refused({ host, sudo }: Remote, fault: string | null, code: number | null, said: string): Failure {
  if (fault === "ENOENT")
    return new Failure(
      "io",
      "ssh is not installed, or not in PATH.",
      "Install openssh-clients (Debian: openssh-client).",
    );
  const isConnected = fault === null && code !== null && code !== 255;
  const cannot = !isConnected ? "ssh cannot connect" : sudo ? "sudo -n cannot run sh" : "its login shell cannot run sh";
  const why = said || (code === null ? "it was ended by a signal" : `exit code ${code}`);
  const check = `ssh ${shellWord(host)} ${isConnected && sudo ? "sudo -n true" : "true"}`;
  return new Failure("io", `${host}: ${cannot}: ${why}.`, `Check with: ${check}`);
}

function lost({ host, sudo }: Remote, state = "The state of the host is unknown."): Failure {
  const check = `${TOOL} verify --ssh ${shellWord(host)}${sudo ? " --sudo" : ""}`;
  return new Failure("io", `${host}: the connection was lost. ${state}`, `Check it with: ${check}`);
}
