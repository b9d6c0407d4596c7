import { type Examined, examine, requireBase } from "../patch/examine";
import { findManualEdit, type ManualEdit } from "../patch/manual-edit";
import type { CephPool } from "../patch/pools";
import { insertPatch } from "../patch/render-function";
import type { Source } from "../patch/source";
import type { HostFiles } from "../system/host-files";
import { unreadable } from "../system/read";
import { type OldFile, readOldFile } from "../system/replace";
import { findVirtinst, type Installation } from "./find";
import { findPrograms, PASS_IT } from "./program";

/** The file with `_build_xml` before a command changes it. */
export interface Target {
  readonly installation: Installation;
  readonly file: OldFile;
  readonly examined: Examined;
}

export interface TargetOptions {
  /** The host's file system. */
  readonly files: HostFiles;
  /** The directory that contains the `virtinst` package; searched for by default. */
  readonly virtinst?: string;
  /** The Python to run the patch with; by default the one that runs virt-install. */
  readonly python?: string;
}

/** Whether virtinst is that of this machine: not named with --virtinst, and not in a mounted system. */
export function isOwnVirtinst({ files, virtinst }: TargetOptions): boolean {
  return virtinst === undefined && !files.mounted;
}

/** Finds virtinst and reads the file with `_build_xml`; fails (target) if it is not found or cannot be read. */
export function readTarget({ files, virtinst }: TargetOptions): Omit<Target, "examined"> {
  const installation = findVirtinst(files, virtinst);
  try {
    return { installation, file: readOldFile(installation.path) };
  } catch (error) {
    throw unreadable(installation.path, "target", error);
  }
}

/** Compares a target with the pools that its patch should be for; with null, compares nothing. */
export function examineTarget(target: Omit<Target, "examined">, cephPools: readonly CephPool[] | null): Target {
  return { ...target, examined: examine(target.file.bytes, cephPools, target.installation) };
}

/** Reads and examines a target; throws like `readTarget`. */
export function openTarget(options: TargetOptions, cephPools: readonly CephPool[] | null): Target {
  return examineTarget(readTarget(options), cephPools);
}

/** The notes of every command about its target, in sentences: an uncertain choice, hard links, and a manual edit. */
export function targetNotes(target: Target, options: TargetOptions): string[] {
  const notes = replacementNotes(target, options);
  const edit = editOf(target);
  if (edit)
    notes.push(
      `_build_xml has a manual edit in line ${edit.lines}, which rewrites the domain XML: restore the file from its package.`,
    );
  return notes;
}

/** The notes that matter if the file is replaced. */
export function replacementNotes({ installation, file }: Target, { files, virtinst }: TargetOptions): string[] {
  const { directory, path, program } = installation;
  const [first] = findPrograms(files);
  const isUncertain = virtinst === undefined && first !== undefined && first !== program;
  const { names } = file;
  const notes: string[] = [];
  if (isUncertain) notes.push(`${files.shown(first)} may use another virtinst than ${directory.outside}. ${PASS_IT}`);
  if (names > 1)
    notes.push(`${path} has ${names} names (hard links): if it is replaced, the others keep the old content.`);
  return notes;
}

/** The manual edit in a target, with the line numbers of the current file; null if there is no edit. */
export function editOf({ examined, installation }: Target): ManualEdit | null {
  return findManualEdit(examined.source.text.split(/\r?\n/), installation);
}

/** The contents of a file without and with the patch. */
export interface Plan {
  readonly before: Source;
  readonly after: Source;
}

/**
 * Renders the content that the target should have. Writes nothing.
 *
 * @param modified the modification time of the target, in seconds since 1970 with nine decimals
 * @throws Failure (target) if the patch in the target is damaged, or the insertion point is not certain
 */
export function planPatch(
  installation: Installation,
  examined: Examined,
  modified: string,
  pools: readonly CephPool[],
): Plan {
  const before = requireBase(examined, installation);
  // If the file without the patch is still the original file, keep the modification time of the original file.
  const original = examined.isOriginal ? examined.patch?.original : null;
  return { before, after: insertPatch(before, original?.modified ?? modified, pools, installation) };
}
