import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Failure, systemReason } from "../report/failure";
import { insideRoot, locate, readFile } from "../system/paths";
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
    return readDocument(readFile(hostDocument, "facts").toString("utf8"), hostDocument);
  }
  if (poolXml) return readXmlFiles(poolXml, secretXml ?? null);
  if (connect === undefined && root !== undefined) return readEtc(root);
  const { readLive } = await import("./virsh");
  const live = await readLive(connect ?? DEFAULT_URI);
  return secretXml ? { ...live, secrets: readSecretFiles(secretXml) } : live;
}

function readXmlFiles(poolXml: readonly string[], secretXml: readonly string[] | null): HostConfig {
  const pools: Pool[] = [];
  for (const file of poolXml) {
    const pool = readPool(readFile(file, "facts").toString("utf8"), file, null);
    if (!pool) continue;
    if (pools.some(({ name }) => name === pool.name))
      throw new Failure(
        "facts",
        `${file}: a pool named ${JSON.stringify(pool.name)} was given already.`,
        "Give each pool once.",
      );
    pools.push(pool);
  }
  return {
    host: null,
    source: poolXml.join(", "),
    pools: byName(pools),
    secrets: secretXml && readSecretFiles(secretXml),
    notes: [],
  };
}

function readSecretFiles(files: readonly string[]): Secret[] {
  return files.map((file) => readSecret(readFile(file, "facts").toString("utf8"), file));
}

/** Where libvirt's own daemons keep pools and secrets; the files named *.base64 beside them hold values and stay closed. */
function readEtc(root: string): HostConfig {
  const pools = xmlFiles(root, "/etc/libvirt/storage").map((file) =>
    readPool(readFile(file, "facts").toString("utf8"), file, null),
  );
  const secrets = xmlFiles(root, "/etc/libvirt/secrets");
  const name = locate("/etc/hostname", root);
  return {
    host: (name && readFile(name, "facts").toString("utf8").trim()) || null,
    source: join(root, "etc/libvirt"),
    pools: byName(pools.filter((pool): pool is Pool => pool !== null)),
    secrets: readSecretFiles(secrets),
    notes: [],
  };
}

function xmlFiles(root: string, folder: string): string[] {
  const path = locate(folder, root);
  if (!path) return [];
  try {
    return readdirSync(path)
      .filter((name) => name.endsWith(".xml"))
      .sort()
      .map((name) => locate(`${insideRoot(path, root)}/${name}`, root))
      .filter((file): file is string => file !== null);
  } catch (error) {
    throw new Failure("facts", `${path} cannot be read: ${systemReason(error)}.`, "Run this as root.");
  }
}
