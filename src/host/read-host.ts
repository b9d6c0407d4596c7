import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { Failure, systemReason } from "../failure";
import type { HostConfig, HostOptions } from "./config";
import { readDocumentFile } from "./document";
import { readEtc } from "./etc";
import { noPool } from "./resolve-pools";
import { readLibvirt } from "./virsh";
import { readXmlFiles } from "./xml-files";

/** Reads the host configuration from the source that the options name; fails (pools) if it cannot be read or used. */
export async function readHost(options: HostOptions): Promise<HostConfig> {
  const read = readerOf(options);
  const config = requireUniqueNames(await read(options));
  // The host may have pools that these files, a user session or the test driver do not have.
  const ofPart = read === readXmlFiles || (read === readLibvirt && !/^[^?]*\/system(?:\?|$)/.test(config.source));
  if (config.pools.length === 0 && ofPart) throw noPool(config);
  return config;
}

function readerOf({ connect, poolXml, hostDocument, files }: HostOptions) {
  if (hostDocument !== undefined) return readDocumentFile;
  if (poolXml !== undefined) return readXmlFiles;
  return connect === undefined && files.mounted ? readEtc : readLibvirt;
}

/** Refuses two pools with one name (pools): libvirt does not allow them, and --pool could not choose one. */
export function requireUniqueNames(config: HostConfig): HostConfig {
  const twin = config.pools.find(({ name }, index) => config.pools[index + 1]?.name === name);
  if (twin)
    throw new Failure(
      "pools",
      `${config.source}: there are two pools named ${JSON.stringify(twin.name)}.`,
      "Pass each pool only once.",
    );
  return config;
}

/**
 * Lists the host files in a directory: `*.json`, sorted, without hidden files.
 *
 * @returns `names`: those of the host files, without `.json`; `others`: the names of all other entries
 * @throws Failure (pools) if the directory cannot be read, or contains no host file
 */
export function listDocuments(folder: string): { names: string[]; others: string[] } {
  let all: string[];
  try {
    all = readdirSync(folder)
      .sort()
      .filter((name) => !name.startsWith("."));
  } catch (error) {
    throw new Failure(
      "pools",
      `${folder} cannot be read as a directory of host files: ${systemReason(error)}.`,
      "Name the directory that contains the host files with --hosts. For a single host file, use --host.",
    );
  }
  const names = all.filter((name) => name.endsWith(".json")).map((name) => basename(name, ".json"));
  if (names.length === 0)
    throw new Failure(
      "pools",
      `${folder} contains no host file (*.json).`,
      `Write one for each host: virtinst-rbd-patch inspect --ssh root@HOST --json > ${folder}/HOST.json.`,
    );
  return { names, others: all.filter((name) => !name.endsWith(".json")) };
}

/** Reads a host file in such a directory; fails (pools) if it cannot be used, or is a pipe or a device. */
export function readListed(path: string): HostConfig {
  return requireUniqueNames(readDocumentFile({ hostDocument: path }, { regular: true }));
}
