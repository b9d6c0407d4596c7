import { type Examined, examine, named } from "../patch/examine";
import type { CephPool } from "../patch/facts";
import type { HostFiles } from "../system/host-files";
import { unreadable } from "../system/read";
import { type OldFile, readOldFile } from "../system/replace";
import { findVirtinst, type Installation } from "./find";

/** The file that holds `_build_xml` as it is, before a command does anything. */
export interface Target {
  readonly installation: Installation;
  readonly file: OldFile;
  readonly examined: Examined;
}

/** Where to look for a target. */
export interface TargetOptions {
  /** The host's file system. */
  readonly files: HostFiles;
  /** The folder that holds the `virtinst` package; found by default. */
  readonly virtinst?: string;
  /** The Python that runs virt-install; by default the one that virt-install runs under. */
  readonly python?: string;
}

/** Whether virtinst is this machine's own: found, and neither named nor that of a mounted system. */
export function isOwnVirtinst({ files, virtinst }: TargetOptions): boolean {
  return virtinst === undefined && !files.mounted;
}

/** A target, before it is compared with anything. */
export type Unexamined = Omit<Target, "examined">;

/**
 * Finds virtinst and reads the file that holds `_build_xml`.
 *
 * @throws Failure (target) where there is no virtinst, or its file cannot be read
 */
export function readTarget({ files, virtinst }: TargetOptions): Unexamined {
  const installation = findVirtinst(files, virtinst);
  const { outside } = installation.target;
  try {
    return { installation, file: readOldFile(outside) };
  } catch (error) {
    throw unreadable(outside, "target", error);
  }
}

/**
 * Compares a target with a host's facts.
 *
 * @param facts what its blocks should be rendered from; null where only the blocks matter
 */
export function examineTarget(target: Unexamined, facts: readonly CephPool[] | null): Target {
  return { ...target, examined: examine(target.file.bytes, facts, named(target.installation)) };
}

/** Both; throws as `readTarget` does. */
export function openTarget(options: TargetOptions, facts: readonly CephPool[] | null): Target {
  return examineTarget(readTarget(options), facts);
}
