import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { Failure, systemReason } from "../failure";
import type { HostConfig, HostOptions } from "./config";
import { readDocumentFile } from "./document";
import { readEtc } from "./etc";
import { noPool } from "./resolve-facts";
import { readLibvirt } from "./virsh";
import { readXmlFiles } from "./xml-files";

/** Reads what libvirt says of the host, from wherever the options say; fails (facts) if it cannot be read or used. */
export async function readHost(options: HostOptions): Promise<HostConfig> {
  const read = readerOf(options);
  const config = withoutTwins(await read(options));
  // That these files hold none, or a user's own session or a test's libvirt has none, says nothing of the host.
  const ofPart = read === readXmlFiles || (read === readLibvirt && !/^[^?]*\/system(?:\?|$)/.test(config.source));
  if (config.pools.length === 0 && ofPart) throw noPool(config);
  return config;
}

function readerOf({ connect, poolXml, hostDocument, files }: HostOptions) {
  if (hostDocument !== undefined) return readDocumentFile;
  if (poolXml !== undefined) return readXmlFiles;
  return connect === undefined && files.mounted ? readEtc : readLibvirt;
}

/** Refuses two pools of one name (facts): --pool cannot tell them apart, and libvirt has no such thing. */
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

/**
 * The host documents in a folder: `*.json`, sorted, and never one that begins with a dot.
 *
 * @returns their names without that ending, and the names of all else that is there
 * @throws Failure (facts) where it cannot be read, or holds none
 */
export function listDocuments(folder: string): { names: string[]; others: string[] } {
  let all: string[];
  try {
    all = readdirSync(folder)
      .sort()
      .filter((name) => !name.startsWith("."));
  } catch (error) {
    throw new Failure(
      "facts",
      `${folder} cannot be read as a folder of host documents: ${systemReason(error)}.`,
      "Name the folder that holds them with --hosts; --host takes a single one.",
    );
  }
  const names = all.filter((name) => name.endsWith(".json")).map((name) => basename(name, ".json"));
  if (names.length === 0)
    throw new Failure(
      "facts",
      `${folder} holds no host document (*.json).`,
      `Put one there for each host: virtinst-rbd-patch inspect --ssh root@HOST --json > ${folder}/HOST.json.`,
    );
  return { names, others: all.filter((name) => !name.endsWith(".json")) };
}

/** Reads one of them; fails (facts) if it is none. Nobody named it, so a pipe or a device is none. */
export function readListed(path: string): HostConfig {
  return withoutTwins(readDocumentFile({ hostDocument: path }, { regular: true }));
}
