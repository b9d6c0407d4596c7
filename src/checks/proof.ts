import type { Check } from "../virtinst/python";

/** What a proof came to. */
export interface Proof {
  readonly status: "passed" | "failed" | "skipped";
  /** By what it was proved, or why it was not, in a sentence without its full stop. */
  readonly reason: string;
  /** What was looked at, one by one. */
  readonly checks: readonly Check[];
}

/** Nothing was run. */
export function skipped(reason: string): Proof {
  return { status: "skipped", reason, checks: [] };
}

/** A proof that ended at one thing. */
export function failed(reason: string, label: string, difference: string): Proof {
  return { status: "failed", reason, checks: [check(label, false, difference)] };
}

/** A proof by all of its checks. */
export function provedBy(reason: string, checks: readonly Check[]): Proof {
  return { status: checks.every(({ passed }) => passed) ? "passed" : "failed", reason, checks };
}

/** One check. */
export function check(label: string, passed: boolean, difference: string): Check {
  return { label, passed, difference: passed ? "" : difference };
}
