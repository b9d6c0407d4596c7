import type { Check } from "../virtinst/python";

/** The result of a group of checks. */
export interface Proof {
  readonly status: "passed" | "failed" | "skipped";
  /** What was run, or why nothing was run: a sentence without its full stop. */
  readonly reason: string;
  /** The single checks; empty if nothing was run. */
  readonly checks: readonly Check[];
}

/** The result if nothing was run. */
export function skipped(reason: string): Proof {
  return { status: "skipped", reason, checks: [] };
}

/** The result of one check that failed. */
export function failed(reason: string, label: string, difference: string): Proof {
  return { status: "failed", reason, checks: [check(label, false, difference)] };
}

/** The result of several checks: passed if all of them passed. */
export function provedBy(reason: string, checks: readonly Check[]): Proof {
  return { status: checks.every(({ passed }) => passed) ? "passed" : "failed", reason, checks };
}

/** One check; its difference is empty if it passed. */
export function check(label: string, passed: boolean, difference: string): Check {
  return { label, passed, difference: passed ? "" : difference };
}
