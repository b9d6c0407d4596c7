import { join } from "node:path";
import { decode } from "../patch/source";
import { Failure, systemReason } from "../report/failure";
import { isRegular, listFolder, locate, readFile, readText } from "../system/paths";
import { byName, type HostConfig, type Pool, type Secret } from "./config";
import { readPool, readSecret } from "./xml";

/** The libvirt that is asked where none is named: the system-wide QEMU driver, as with virt-install run by root. */
export const DEFAULT_URI = "qemu:///system";

/** Where the host's facts come from: at most one of `connect`, `poolXml`, `hostDocument`; else `root`; else live libvirt. */
export interface HostOptions {
  /** libvirt's connection URI; `qemu:///system` by default. */
  readonly connect?: string;
  /** Files with what `virsh pool-dumpxml` printed. */
  readonly poolXml?: readonly string[];
  /** Files with what `virsh secret-dumpxml` printed; with `connect` too, for a driver without secrets. */
  readonly secretXml?: readonly string[];
  /** A host document: what `inspect --json` printed. */
  readonly hostDocument?: string;
  /** The folder that is the host's root; `/` by default. */
  readonly root?: string;
}

/** Reads what libvirt says of the host, from wherever the options say. */
export async function readHost(options: HostOptions): Promise<HostConfig> {
  const { connect, poolXml, secretXml, hostDocument, root } = options;
  if (hostDocument !== undefined) {
    // Loaded only here: live facts and XML files need no schema.
    const { readDocument } = await import("./document");
    return withoutTwins(readDocument(readUtf8(hostDocument), hostDocument));
  }
  if (poolXml) return withoutTwins(readXmlFiles(poolXml, secretXml ?? null));
  if (connect === undefined && root !== undefined) return withoutTwins(readEtc(root));
  const { readLive } = await import("./virsh");
  const live = await readLive(connect ?? DEFAULT_URI);
  return secretXml ? { ...live, secrets: readSecretFiles(secretXml) } : live;
}

function readXmlFiles(poolXml: readonly string[], secretXml: readonly string[] | null): HostConfig {
  const pools = poolXml.map((file) => readPool(readUtf8(file), file, null));
  return {
    host: null,
    source: poolXml.join(", "),
    pools: byName(pools.filter((pool): pool is Pool => pool !== null)),
    secrets: secretXml && readSecretFiles(secretXml),
  };
}

/**
 * A file's text. libvirt prints UTF-8, and a name read in another encoding would be another name.
 *
 * @throws Failure (facts) where it is not UTF-8
 */
function readUtf8(path: string): string {
  const { text, encoding } = decode(readFile(path, "facts"));
  if (encoding !== "utf8")
    throw new Failure(
      "facts",
      `${path}: this is not UTF-8.`,
      "Give what virsh prints, or convert the file with iconv -t UTF-8.",
    );
  return text.replace(/^\uFEFF/, "");
}

/** Two pools of one name cannot be told apart by --pool, and libvirt has no such thing. */
function withoutTwins(config: HostConfig): HostConfig {
  const twin = config.pools.find(({ name }, index) => config.pools[index + 1]?.name === name);
  if (twin)
    throw new Failure(
      "facts",
      `${config.source}: there are two pools named ${JSON.stringify(twin.name)}.`,
      "Give each pool once.",
    );
  return config;
}

function readSecretFiles(files: readonly string[]): Secret[] {
  return files.map((file) => readSecret(readUtf8(file), file));
}

/** Where libvirt's own daemons keep pools and secrets; the files named *.base64 beside them hold values and stay closed. */
function readEtc(root: string): HostConfig {
  if (!locate("/etc", root))
    throw new Failure(
      "facts",
      `${root}: this is not a system's root folder, it has no etc.`,
      "Mount the image and name its root with --root, or give the facts with --host.",
    );
  const pools = xmlFiles(root, "/etc/libvirt/storage").map((file) => readPool(readUtf8(file), file, null));
  const secrets = xmlFiles(root, "/etc/libvirt/secrets");
  return {
    host: readText("/etc/hostname", root)?.trim() || null,
    source: join(root, "etc/libvirt"),
    pools: byName(pools.filter((pool): pool is Pool => pool !== null)),
    secrets: readSecretFiles(secrets),
  };
}

function xmlFiles(root: string, folder: string): string[] {
  try {
    return listFolder(folder, root)
      .filter((name) => name.endsWith(".xml"))
      .flatMap((name) => locate(`${folder}/${name}`, root) ?? [])
      .filter(isRegular);
  } catch (error) {
    throw new Failure("facts", `${join(root, folder)} cannot be read: ${systemReason(error)}.`, "Run this as root.");
  }
}
