import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Failure, systemReason } from "../failure";
import type { HostConfig } from "./config";
import { readDocumentFile } from "./document";
import { withoutTwins } from "./read";

const ENDING = ".json";

/**
 * The host documents in a folder: `*.json`, sorted, and never one that begins with a dot.
 *
 * @returns their names without that ending, and the names of all else that is there
 * @throws Failure (facts) where it cannot be read, or holds none
 */
export function listDocuments(folder: string): { names: string[]; others: string[] } {
  const all = namesIn(folder).filter((name) => !name.startsWith("."));
  const names = all.filter((name) => name.endsWith(ENDING)).map((name) => name.slice(0, -ENDING.length));
  if (names.length === 0)
    throw new Failure(
      "facts",
      `${folder} holds no host document (*${ENDING}).`,
      `Put one there for each host: virtinst-rbd-patch inspect --connect qemu+ssh://HOST/system --json > ${folder}/HOST${ENDING}.`,
    );
  return { names, others: all.filter((name) => !name.endsWith(ENDING)) };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw new Failure(
      "facts",
      `${folder} cannot be read as a folder of host documents: ${systemReason(error)}.`,
      "Name the folder that holds them with --hosts; --host takes a single one.",
    );
  }
}

/** Where one of them is. */
export function documentPath(folder: string, name: string): string {
  return join(folder, name + ENDING);
}

/**
 * Reads one of them; nobody named it, so a pipe or a device is none.
 *
 * @throws Failure (facts) where it cannot be read, or is no host document
 */
export function readListed(path: string): HostConfig {
  return withoutTwins(readDocumentFile({ hostDocument: path }, { regular: true }));
}
