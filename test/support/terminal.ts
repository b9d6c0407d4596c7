import { spawnSync } from "node:child_process";
import { TOOL } from "./cli";

/** How a terminal is made. */
interface Terminal {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** A word for a shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Runs the built tool on a terminal of its own, without colours by default; both its streams are in `screen`. */
export function onTerminal(words: readonly string[], { columns = 80, rows = 500, env = {} }: Terminal = {}) {
  const command = [process.execPath, TOOL, ...words].map(quote).join(" ");
  const { status, stdout, error } = spawnSync(
    "script",
    ["-qec", `stty cols ${columns} rows ${rows}; ${command}`, "/dev/null"],
    { encoding: "utf8", env: { ...process.env, TERM: "xterm", NO_COLOR: "1", PAGER: undefined, ...env } },
  );
  if (error) throw error;
  const screen = stdout.replaceAll("\r\n", "\n");
  return { code: status, screen, lines: screen.split("\n") };
}

/** The command that stands at a screen's end as the next step, as a shell function may run it. */
export function nextStep(screen: string): string {
  return /\n\n.*:\n {2}virtinst-rbd-patch ((?:.*\\\n)*.*)\n$/.exec(screen)?.[1] ?? "";
}
