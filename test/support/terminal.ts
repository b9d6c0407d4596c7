import { spawnSync } from "node:child_process";
import { shellWord } from "../../src/failure";
import { TOOL } from "./cli";

/** Runs the built tool on a terminal of 60 columns, without colours by default; both its streams are in `screen`. */
export function onTerminal(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const command = ["stty cols 60;", ...[process.execPath, TOOL, ...words].map(shellWord)].join(" ");
  const { status, stdout, error } = spawnSync("script", ["-qec", command, "/dev/null"], {
    encoding: "utf8",
    env: { ...process.env, TERM: "xterm", NO_COLOR: "1", ...env },
  });
  if (error) throw error;
  return { code: status, screen: stdout.replaceAll("\r\n", "\n") };
}

/** The next command that a text names, for a shell in which `tool` is the built tool; empty if it names none. */
export function nextCommand(text: string): string {
  return /^Next, .*: virtinst-rbd-patch (.*)$/m.exec(text)?.[1] ?? "";
}
