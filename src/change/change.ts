import { type CephPool, poolNames } from "../patch/facts";
import type { TargetOptions } from "../virtinst/target";

/** How a change is made. */
export interface ChangeOptions extends TargetOptions {
  /** Whether to leave everything as it is; false by default. */
  readonly check?: boolean;
  /** Whether to go on where that was refused for reasons that an administrator may know better; false by default. */
  readonly force?: boolean;
}

/** Why a host's facts could not be read, in a sentence. */
export interface Unread {
  readonly unread: string;
}

/** What became of the target, or would. */
export interface Change {
  readonly status: "patched" | "updated" | "current";
  readonly changed: boolean;
  /** The libvirt pools that its blocks are for. */
  readonly pools: readonly string[];
  /** Whether the new text was compiled, and by what; a sentence that begins with "skipped" if it was not. */
  readonly compiled: string | null;
  /** From the file as it is to the file as it should be; empty where nothing changes. */
  readonly diff: string;
  readonly notes: readonly string[];
}

/**
 * A target that stays as it is.
 *
 * @param facts the pools that its blocks are for, or would be
 * @param status why it stays
 */
export function unchanged<Status>(facts: readonly CephPool[], status: Status, notes: readonly string[]) {
  return { status, changed: false, pools: poolNames(facts), compiled: null, diff: "", notes };
}
