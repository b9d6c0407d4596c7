import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import template from "../../templates/remote.sh";
import { Failure, shellWord } from "../failure";
import { TOOL } from "../version";
import { AFTERWARDS, type Finished } from "./run";
import { beforeSignal } from "./signals";

/** The host of `--ssh`. */
export interface Remote {
  /** `[USER@]HOST` or an alias from ssh_config, for OpenSSH's client. */
  readonly host: string;
  /** Whether everything on the host runs through `sudo -n`. */
  readonly sudo: boolean;
}

/** One ssh process, connected to a host. */
export type Connection = Awaited<ReturnType<typeof connect>>;

// Like scp: no TTY, no forwarding of X11, agent, credentials or ports, and no other command. ServerAliveInterval
// detects a lost connection. IgnoreUnknown has options that older versions of ssh do not support.
const OPTIONS = `-Txak -oRemoteCommand=none -oPermitLocalCommand=no -oClearAllForwardings=yes
-oIgnoreUnknown=SessionType,StdinNull,ForkAfterAuthentication -oSessionType=default -oStdinNull=no
-oForkAfterAuthentication=no -oServerAliveInterval=15`.split(/\s/);
const PROGRAM = template.replace(/^ *#.*\n|\n$/gm, "").replace(/\n */g, " ");

/** How long each step may take. In the script, each child process has 60 seconds. */
const SECONDS = { connect: 300, virsh: 60, script: 600 };
/** After how many seconds without an answer to call `waiting`; the user may be typing a password. */
const SILENCE = 20;
/** The limit for the output of a host: 1000 pools have 1 MB. */
const MOST_OUTPUT = 16 * 2 ** 20;

/**
 * Connects to a host. ssh itself asks on the terminal for a password, and whether to trust a new host.
 *
 * @param args the arguments of the standalone script
 * @param changes whether the script may change a file: if it is interrupted, the state of the host is unknown
 * @param waiting called if connecting is slow, with a sentence to print that includes the output of ssh
 * @throws Failure (io) if ssh cannot connect, or the user cannot run anything there
 */
export async function connect(
  { host, sudo }: Remote,
  args: readonly string[],
  changes: boolean,
  waiting: (what: string) => void,
) {
  const failure = (why: string, hint: string) => new Failure("io", `${host}: ${why}`, hint);
  const lost = (why: string, isUnknown = changes) => {
    const check = `${TOOL} verify --ssh ${shellWord(host)}${sudo ? " --sudo" : ""}`;
    if (!isUnknown) return failure(`${why}. Nothing was changed.`, "Run the command again.");
    return failure(`${why}. The state of the host is unknown.`, `Check it with: ${check}`);
  };
  const mark = `${TOOL}-${randomBytes(16).toString("hex")}`;
  const sh = ["sh", "-c", PROGRAM, "sh", mark, ...args].map(shellWord).join(" ");
  // Not detached: ssh must be able to read a password from the TTY.
  const child = spawn("ssh", [...OPTIONS, "--", host, `exec ${sudo ? "sudo -n " : ""}${sh}`]);
  let isRunning = false;
  const forget = beforeSignal(() => {
    child.kill();
    const { message, hint } = lost("the run was interrupted");
    return isRunning ? `${message} ${hint}` : undefined;
  });
  let stdout = "";
  let stderr = "";
  let size = 0;
  let fault: string | null = null;
  let onOutput: (chunk: string) => void = () => {};
  const stop = (why: string) => {
    fault ??= why;
    child.kill("SIGKILL");
  };
  const count = (chunk: string) => {
    size += chunk.length;
    if (size > MOST_OUTPUT) stop(`it printed more than ${MOST_OUTPUT / 2 ** 20} MiB`);
    return fault === null;
  };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    if (!count(chunk)) return;
    stdout += chunk;
    onOutput(chunk);
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    if (count(chunk)) stderr += chunk;
  });
  // Ignore EPIPE: the exit code and standard error of ssh give the reason.
  child.stdin.on("error", () => {});
  const ended = new Promise<null>((resolve) => {
    child.on("error", ({ code, message }: NodeJS.ErrnoException) => {
      stop(code ?? message);
      resolve(null);
    });
    // The process behind a control socket may keep standard error open.
    child.on("exit", () => setTimeout(resolve, AFTERWARDS, null).unref());
    child.on("close", () => resolve(null));
  }).finally(() => {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    forget();
  });
  const within = async <T>(seconds: number, step: Promise<T>): Promise<T> => {
    const timer = setTimeout(stop, seconds * 1000, `it did not end within ${seconds} seconds`);
    return step.finally(() => clearTimeout(timer));
  };

  /** Sends input; returns the output up to the next line with the mark, or null if ssh ends before that. */
  async function ask(input: string): Promise<string | null> {
    const line = `\n${mark}\n`;
    stdout = "";
    const answer = new Promise<string>((resolve) => {
      let tail = "";
      onOutput = (chunk) => {
        tail = tail.slice(-line.length) + chunk;
        const at = tail.indexOf(line);
        if (at >= 0) resolve(stdout.slice(0, stdout.length - tail.length + at));
      };
    });
    child.stdin.write(input);
    return Promise.race([answer, ended]);
  }

  const silence = setTimeout(() => waiting(`Waiting for ssh to connect to ${host}. ${stderr}`.trim()), SILENCE * 1000);
  const greeting = await within(SECONDS.connect, ask("")).finally(() => clearTimeout(silence));
  const [, user, hostname] = /(?:^|\n)(\d+) (\S+)$/.exec(greeting?.slice(-1000) ?? "") ?? [];
  if (user === undefined || hostname === undefined) throw refused();
  stderr = "";
  return {
    /** The hostname of the host (`uname -n`). */
    hostname,
    isRoot: user === "0",
    /** Ends the connection. */
    close(): void {
      child.stdin.end();
      setTimeout(() => child.kill("SIGKILL"), AFTERWARDS).unref();
    },
    /** Runs `virsh -q -r -c qemu:///system 'COMMAND; COMMAND'` on the host; fails (io) if the connection is lost. */
    async virsh(commands: readonly string[]): Promise<Finished> {
      const output = await within(SECONDS.virsh, ask(`${commands.join("; ")}\n`));
      const [printed = "", result = ""] = (output ?? "").split(`\n${mark} `);
      const [code = "", ...rest] = result.split("\n");
      const answer = { stdout: printed, stderr: rest.join("\n") };
      if (fault !== null) return { ...answer, status: null, fault, why: fault };
      if (code === "127" && /not found/i.test(answer.stderr))
        return { ...answer, status: null, fault: "ENOENT", why: "it is not installed, or not in PATH" };
      if (!/^\d+$/.test(code)) throw lost("the connection was lost", false);
      return { ...answer, status: Number(code), fault: null, why: "" };
    },
    /**
     * Runs the standalone script on the host, with the arguments of `connect`. Then the connection ends.
     *
     * @returns the exit code of the script, from 0 to 6, and its output
     * @throws Failure (io) if the host has no Python, or the script does not run to its end
     */
    async script(text: string) {
      isRunning = true;
      stdout = "";
      onOutput = () => {};
      child.stdin.end(`${mark}\n${Buffer.byteLength(text)}\n${text}`);
      await within(SECONDS.script, ended);
      const code = child.exitCode;
      const [, output, end] = stdout.split(mark);
      if (fault !== null) throw lost(`the script: ${fault}`);
      if (code === null || code === 255) throw lost("the connection was lost");
      if (code === 6 && output !== undefined && end === undefined)
        throw failure(
          "no Python was found (python3, platform-python, python2.7, python2).",
          "Install a Python on that host.",
        );
      // The script itself never prints a traceback.
      const error = /^Traceback /m.test(stderr) ? `: ${lastLine(stderr)}` : "";
      if (output === undefined || end === undefined || code > 6 || error)
        throw lost(`the script did not run to its end (exit code ${code})${error}`);
      return { code, stdout: output, stderr };
    },
  };

  /** The failure if ssh cannot connect, or cannot run sh on the host. */
  function refused(): Failure {
    if (fault === "ENOENT")
      return new Failure("io", "ssh is not installed, or not in PATH.", "Install OpenSSH's client.");
    const code = child.exitCode;
    const isConnected = fault === null && code !== null && code !== 255;
    const cannot = isConnected ? `${sudo ? "sudo -n" : "its login shell"} cannot run sh` : "ssh cannot connect";
    const end = code === null ? "it was ended by a signal" : `exit code ${code}`;
    const why = fault ?? (lastLine(stderr).replace(/^ssh: /, "") || end);
    const check = isConnected && sudo ? "sudo -n sh -c true" : "true";
    return failure(`${cannot}: ${why}.`, `Check with: ssh ${shellWord(host)} ${check}`);
  }
}

/** The last line of a text, without its full stop. */
function lastLine(text: string): string {
  return text.slice(-1000).trimEnd().split("\n").at(-1)?.replace(/\.$/, "") ?? "";
}
