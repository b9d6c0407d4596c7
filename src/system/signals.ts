import { readFileSync, writeSync } from "node:fs";
import { TOOL } from "../version";

/** Functions to call before a signal ends this process; each may return a sentence to print. */
const ends: (() => string | undefined)[] = [];

/** Whether the caller ignores SIGHUP, as nohup does. Node resets this when it starts, so look at the parent process. */
function isHangupIgnored(): boolean {
  // bash and zsh set `_` to the path of the program that they start.
  if (process.env._?.endsWith("/nohup")) return true;
  try {
    // A mask in hexadecimal; SIGHUP is the lowest bit.
    return /^SigIgn:.*[13579bdf]$/m.test(readFileSync(`/proc/${process.ppid}/status`, "latin1"));
  } catch {
    return false;
  }
}

const SIGNALS: NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
if (isHangupIgnored()) {
  SIGNALS.pop();
  process.on("SIGHUP", () => {});
}

/**
 * Registers a function to call before SIGINT, SIGTERM or SIGHUP ends this process. Signal handlers exist only while a
 * function is registered: a process with a handler cannot be interrupted while it reads from a file that hangs.
 *
 * @returns a function that cancels the registration
 */
export function beforeSignal(end: () => string | undefined): () => void {
  if (ends.push(end) === 1) for (const signal of SIGNALS) process.on(signal, take);
  return () => {
    if (!ends.includes(end)) return;
    ends.splice(ends.indexOf(end), 1);
    if (ends.length === 0) for (const signal of SIGNALS) process.off(signal, take);
  };
}

function take(signal: NodeJS.Signals): void {
  // The latest first: a child process is killed before its files are removed.
  for (const end of ends.splice(0).reverse()) {
    const said = end();
    try {
      if (said) writeSync(2, `${TOOL}: ${said}\n`);
    } catch {
      // Standard error is closed.
    }
  }
  for (const one of SIGNALS) process.off(one, take);
  process.kill(process.pid, signal);
}
