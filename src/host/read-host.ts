import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Failure, systemReason } from "../failure";
import type { HostConfig, HostOptions } from "./config";
import { readDocumentFile } from "./document";
import { readEtc } from "./etc";
import { noPool } from "./resolve-facts";
import { readLibvirt } from "./virsh";
import { readXmlFiles } from "./xml-files";

/** The sources of a host configuration. */
const WAYS = {
  document: readDocumentFile,
  files: readXmlFiles,
  etc: readEtc,
  live: readLibvirt,
};

/**
 * Reads what libvirt says of the host, from wherever the options say.
 *
 * @throws Failure (facts) where that cannot be read, or does not describe a host
 */
export async function readHost(options: HostOptions): Promise<HostConfig> {
  const way = wayOf(options);
  const config = withoutTwins(await WAYS[way](options));
  // That these files hold none, or a user's own session or a test's libvirt has none, says nothing of the host.
  const ofPart = way === "files" || (way === "live" && !/^[^?]*\/system(?:\?|$)/.test(config.source));
  if (config.pools.length === 0 && ofPart) throw noPool(config);
  return config;
}

function wayOf({ connect, poolXml, hostDocument, files }: HostOptions): keyof typeof WAYS {
  if (hostDocument !== undefined) return "document";
  if (poolXml !== undefined) return "files";
  return connect === undefined && files.mounted ? "etc" : "live";
}

/**
 * Refuses two pools of one name: they cannot be told apart by --pool, and libvirt has no such thing.
 *
 * @throws Failure (facts)
 */
export function withoutTwins(config: HostConfig): HostConfig {
  const twin = config.pools.find(({ name }, index) => config.pools[index + 1]?.name === name);
  if (twin)
    throw new Failure(
      "facts",
      `${config.source}: there are two pools named ${JSON.stringify(twin.name)}.`,
      "Give each pool once.",
    );
  return config;
}

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
