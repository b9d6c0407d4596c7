import { named } from "../patch/examine";
import { findManualEdit, type ManualEdit } from "../patch/manual-edit";
import { findPrograms, PASS_IT } from "./program";
import type { Target, TargetOptions } from "./target-file";

/** What every command reports about its target, in sentences: the choice, hard links, and a manual edit. */
export function targetNotes(target: Target, options: TargetOptions): string[] {
  const edit = editOf(target);
  return [
    ...replacementNotes(target, options),
    ...(edit
      ? [
          `_build_xml has a manual edit in line ${edit.lines}, which rewrites the domain XML: restore the file from its package.`,
        ]
      : []),
  ];
}

/** What has to be reported before the file is replaced. */
export function replacementNotes({ installation, file }: Target, { files, virtinst }: TargetOptions): string[] {
  const { directory, target, program } = installation;
  const [first] = findPrograms(files);
  const isUncertain = virtinst === undefined && first !== undefined && first !== program;
  const { names } = file;
  return [
    ...(isUncertain ? [`${files.shown(first)} may use another virtinst than ${directory.outside}. ${PASS_IT}`] : []),
    ...(names > 1
      ? [`${target.outside} has ${names} names (hard links): a change of this one leaves the others unchanged.`]
      : []),
  ];
}

/** The manual edit in a target, with the line numbers of the file as it is; null if there is none. */
export function editOf({ examined, installation }: Target): ManualEdit | null {
  return findManualEdit(examined.source.text.split(/\r?\n/), named(installation));
}
