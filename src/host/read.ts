import { Failure } from "../failure";
import type { HostConfig, HostOptions } from "./config";
import { readDocumentFile } from "./document";
import { readEtc } from "./etc";
import { noPool } from "./facts";
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
