import { type Examined, examine, requireBase } from "../patch/examine";
import type { CephPool } from "../patch/facts";
import { findManualEdit, type ManualEdit } from "../patch/manual-edit";
import { insertPatch } from "../patch/render-function";
import type { Source } from "../patch/source";
import type { HostFiles } from "../system/host-files";
import { unreadable } from "../system/read";
import { type OldFile, readOldFile } from "../system/replace";
import { findVirtinst, type Installation } from "./find";
import { findPrograms, PASS_IT } from "./program";

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

/** Finds virtinst and reads the file that holds `_build_xml`; fails (target) if either fails. */
export function readTarget({ files, virtinst }: TargetOptions): Omit<Target, "examined"> {
  const installation = findVirtinst(files, virtinst);
  try {
    return { installation, file: readOldFile(installation.path) };
  } catch (error) {
    throw unreadable(installation.path, "target", error);
  }
}

/** Compares a target with the pools that its patch should be for; with null, only takes it apart. */
export function examineTarget(target: Omit<Target, "examined">, facts: readonly CephPool[] | null): Target {
  return { ...target, examined: examine(target.file.bytes, facts, target.installation) };
}

/** Both; throws as `readTarget` does. */
export function openTarget(options: TargetOptions, facts: readonly CephPool[] | null): Target {
  return examineTarget(readTarget(options), facts);
}

/** What every command reports about its target, in sentences: the choice, hard links, and a manual edit. */
export function targetNotes(target: Target, options: TargetOptions): string[] {
  const notes = replacementNotes(target, options);
  const edit = editOf(target);
  if (edit)
    notes.push(
      `_build_xml has a manual edit in line ${edit.lines}, which rewrites the domain XML: restore the file from its package.`,
    );
  return notes;
}

/** What has to be reported before the file is replaced. */
export function replacementNotes({ installation, file }: Target, { files, virtinst }: TargetOptions): string[] {
  const { directory, path, program } = installation;
  const [first] = findPrograms(files);
  const isUncertain = virtinst === undefined && first !== undefined && first !== program;
  const { names } = file;
  const notes: string[] = [];
  if (isUncertain) notes.push(`${files.shown(first)} may use another virtinst than ${directory.outside}. ${PASS_IT}`);
  if (names > 1)
    notes.push(`${path} has ${names} names (hard links): a change of this one leaves the others unchanged.`);
  return notes;
}

/** The manual edit in a target, with the line numbers of the file as it is; null if there is none. */
export function editOf({ examined, installation }: Target): ManualEdit | null {
  return findManualEdit(examined.source.text.split(/\r?\n/), installation);
}

/** A file as it should be. */
export interface Plan {
  /** The file without the patch. */
  readonly before: Source;
  /** The file with it. */
  readonly after: Source;
}

/**
 * Works out what the target should contain. Writes nothing.
 *
 * @param modified its modification time, in seconds since 1970 with nine decimals
 * @throws Failure (target) if the patch in it is damaged, or the insertion point is not certain
 */
export function planPatch(
  installation: Installation,
  examined: Examined,
  modified: string,
  pools: readonly CephPool[],
): Plan {
  const before = requireBase(examined, installation);
  // The time to restore one day is that before the first apply, as long as the rest of the file is the same.
  const original = examined.isOriginal ? examined.patch?.original : null;
  return { before, after: insertPatch(before, original?.modified ?? modified, pools, installation) };
}
