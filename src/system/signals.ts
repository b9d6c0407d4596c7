import { readFileSync, writeSync } from "node:fs";
import { TOOL } from "../version";

/** What to do before a signal ends this process; each may return a sentence to report. */
const ends: (() => string | undefined)[] = [];

/** Whether the caller ignores SIGHUP, as nohup does. Node resets that when it starts, so ask the parent process. */
function isHangupIgnored(): boolean {
  // bash and zsh name here the program that they start.
  if (process.env._?.endsWith("/nohup")) return true;
  try {
    // A mask in hexadecimal; SIGHUP is its lowest bit.
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
 * Registers what to do before SIGINT, SIGTERM or SIGHUP ends this process. There is a handler only as long as something
 * is registered: a process with a handler cannot be interrupted while it reads from a file that hangs.
 *
 * @returns a function that removes it again
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
  // The latest first: a program is ended before its files are removed.
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
