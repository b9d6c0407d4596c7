import { type CephPool, poolNames } from "../patch/facts";
import type { TargetOptions } from "../virtinst/target";

/** How a change is made. */
export interface ChangeOptions extends TargetOptions {
  /** Whether to write nothing; false by default. */
  readonly check?: boolean;
  /** Whether to patch despite a manual edit or other pools; false by default. */
  readonly force?: boolean;
}

/** Why a host configuration could not be read, in a sentence. */
export interface Unread {
  readonly unread: string;
}

/** What was done to the target, or would be. */
export interface Change {
  readonly status: "patched" | "updated" | "current";
  readonly changed: boolean;
  /** The libvirt pools that its patch is for. */
  readonly pools: readonly string[];
  /** Whether the new file was tried, and by what; begins with "skipped" if it was not. */
  readonly compiled: string | null;
  /** From the file as it is to the file as it should be; empty if nothing changes. */
  readonly diff: string;
  readonly notes: readonly string[];
}

/** The result for a target that stays as it is. */
export function unchanged<Status>(facts: readonly CephPool[], status: Status, notes: readonly string[]) {
  return { status, changed: false, pools: poolNames(facts), compiled: null, diff: "", notes };
}
