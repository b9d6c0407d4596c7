import { countNames } from "../system/folder";
import type { HandEdit } from "./hand-edit";
import { describeHandEdit, findEditIn } from "./plan";
import { releasesWithHash } from "./recipes";
import { choiceNotes, type Target, type TargetOptions } from "./target";

/**
 * What every command says of its target, in sentences: the choice, the file's other names, where the file comes from,
 * and a hand edit.
 *
 * @param uuids the secrets of this host's pools; null where a hand edit is to be taken out, and is no matter any more
 */
export function targetNotes(target: Target, options: TargetOptions, uuids: readonly string[] | null): string[] {
  const edit = uuids && editOf(target);
  return [
    ...replacementNotes(target, options),
    ...originNotes(target),
    ...(edit ? describeHandEdit(edit, uuids ?? []) : []),
  ];
}

/** What is to be said of the place of the target's file. */
export function replacementNotes(target: Target, options: TargetOptions): string[] {
  const { installation, file } = target;
  // Counted now: a killed run's second name may have been removed meanwhile.
  const names = countNames(file.descriptor);
  const links = `${installation.target.outside} has ${names} names (hard links): a change of this one leaves the others as they are.`;
  return [...choiceNotes(target, options), ...(names > 1 ? [links] : [])];
}

function originNotes({ examined: { baseHash } }: Target): string[] {
  if (baseHash === "" || releasesWithHash(baseHash).length > 0) return [];
  return ["The file is not that of any upstream release: a distribution's, or changed by hand."];
}

/**
 * The hand edit in a target, if it has one.
 *
 * @returns null too where the file has no layout that is known: nothing is certain there
 */
export function editOf({ examined, installation }: Target): HandEdit | null {
  // With our blocks in it: the lines that are named are those of the file as it is.
  const text = examined.base ? examined.source.text : "";
  // No release's file knows `re`, so only a file that does is parsed.
  return /\bre\.(?:compile|sub)\(/.test(text) ? findEditIn(text, installation) : null;
}
