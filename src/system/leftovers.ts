import { randomBytes } from "node:crypto";
import { lstatSync, unlinkSync } from "node:fs";
import { systemReason } from "../failure";
import type { Folder } from "./folder";

/** The names of temporary files, as temporaryName makes them, and as 1.0.0 did. */
export const LEFTOVER = /^\.(?:virtinst-rbd-patch\.[0-9a-f]{12}|\w+\.py\.virtinst-rbd-patch\.\d+)-[0-9a-z]{8,9}$/;

/** After how many milliseconds without a change a temporary file is nobody's: no run stands still for so long. */
const AGE = 10_000;

/** A name for a file that goes before the run ends. It is short, so that it fits wherever the target's own name does. */
export function temporaryName(): string {
  return `.virtinst-rbd-patch.${randomBytes(6).toString("hex")}-${Date.now().toString(36)}`;
}

/**
 * Removes the files that a run left in a folder that was killed: a dead process cleans nothing up. Whether one is dead
 * cannot be told from another PID namespace, so what counts is a file's age.
 *
 * @param patient whether a young one gets the time to go or to age; else it is left for the next run
 * @returns what was removed, and what could not be, in sentences
 */
export async function removeLeftovers(folder: Folder, patient: boolean): Promise<string[]> {
  const notes: string[] = [];
  let young = leftovers(folder);
  for (let waited = 0; young.length > 0; waited += 100) {
    const then = new Map(young.map(({ name, changed }) => [name, changed]));
    // Only what was there at first and nobody touched since; a clock that was set back makes no file young for ever.
    const found = leftovers(folder).filter(({ name, changed }) => then.get(name) === changed);
    const old = found.filter(({ changed }) => waited >= AGE || Math.abs(Date.now() - changed) > AGE);
    for (const { name } of old) {
      const [refused] = removed(folder, name);
      notes.push(refused ?? `${folder.shown}/${name} was removed: a run left it that was killed.`);
    }
    young = found.filter((one) => !old.includes(one));
    if (!patient) break;
    if (young.length > 0) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return notes;
}

/**
 * Removes a file in a folder.
 *
 * @returns that it could not be removed, in a sentence; nothing where it could, or was gone
 */
export function removed(folder: Folder, name: string): string[] {
  try {
    unlinkSync(folder.at(name));
    return [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    return [`The temporary file ${folder.shown}/${name} cannot be removed: ${systemReason(error)}. Remove it.`];
  }
}

/** The names that look like it, and when each file was changed last, in milliseconds since 1970. */
function leftovers(folder: Folder): { name: string; changed: number }[] {
  const found: { name: string; changed: number }[] = [];
  for (const name of namesIn(folder)) {
    const stat = LEFTOVER.test(name) ? lstatSync(folder.at(name), { throwIfNoEntry: false }) : undefined;
    if (stat?.isFile()) found.push({ name, changed: stat.ctimeMs });
  }
  return found;
}

/** Who may not list a folder cannot have left anything in it. */
function namesIn(folder: Folder): string[] {
  try {
    return folder.list();
  } catch {
    return [];
  }
}
