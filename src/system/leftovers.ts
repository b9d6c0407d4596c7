import { randomBytes } from "node:crypto";
import { lstatSync, unlinkSync } from "node:fs";
import { systemReason } from "../report/failure";
import type { Folder } from "./folder";

// 1.0.0 and 1.1.0 put the target's own name in front.
const LEFTOVER = /^\.(?:.+\.)?virtinst-rbd-patch\.\w+-\w+$/;

/** After how many milliseconds without a change a temporary file is nobody's: no run stands still for so long. */
const AGE = 10_000;

/** A name for a file that goes before the run ends. It is short, so that it fits wherever the target's own name does. */
export function temporaryName(): string {
  return `.virtinst-rbd-patch.${randomBytes(6).toString("hex")}-${Date.now().toString(36)}`;
}

/**
 * Removes the files that a run left in a folder that was killed: a dead process cleans nothing up. Whether one is dead
 * cannot be told from another PID namespace, so what counts is a file's age; a young one gets the time to go or to age.
 *
 * @returns what could not be removed, in sentences
 */
export async function removeLeftovers(folder: Folder): Promise<string[]> {
  for (let waited = 0; ; waited += 100) {
    const found = leftovers(folder);
    const old = found.filter(({ age }) => age > AGE || waited >= AGE);
    const notes = old.flatMap(({ name }) => removed(folder, name));
    if (old.length === found.length) return notes;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
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

function leftovers(folder: Folder): { name: string; age: number }[] {
  const found: { name: string; age: number }[] = [];
  for (const name of namesIn(folder)) {
    const stat = LEFTOVER.test(name) ? lstatSync(folder.at(name), { throwIfNoEntry: false }) : undefined;
    if (stat?.isFile()) found.push({ name, age: Date.now() - stat.ctimeMs });
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
