import { basename, dirname } from "node:path";
import { Failure } from "../failure";
import type { HostFiles } from "../system/host-files";
import { XML_LIMIT } from "../system/read";
import type { HostConfig, HostOptions } from "./config";
import { readPools, readSecrets, type XmlFile } from "./xml-files";

/**
 * Reads the files in which libvirt's own daemons keep pools and secrets. Those named *.base64 beside them hold values
 * and stay closed.
 *
 * @throws Failure (facts) where it is no system's root folder or has no libvirt, or a file that is there is none that can
 *   be read; (io) where the system says that it cannot be read
 */
export function readEtc({ files }: HostOptions): HostConfig {
  if (!files.locate("/etc"))
    throw new Failure(
      "facts",
      `${files.shown("")}: this is not a system's root folder, it has no etc.`,
      "Mount the image and name its root with --root, or give the facts with --host.",
    );
  if (!isFolder("/etc/libvirt", files))
    throw new Failure(
      "facts",
      `${files.shown("/etc/libvirt")} is not there: libvirt's configuration is not in this system.`,
      "Mount all of the system below --root, or give the facts with --host, --pool-xml or --connect.",
    );
  const pools = loaded(
    "/etc/libvirt/storage",
    files,
    (file) => readPools([file]),
    ({ name }) => name,
  );
  const secrets = loaded(
    "/etc/libvirt/secrets",
    files,
    (file) => readSecrets([file]),
    ({ uuid }) => uuid,
  );
  return {
    // It goes into documents that are passed on: a name, and nothing else that such a file may hold.
    host: /^[\w.-]{1,253}(?=\n|$)/.exec(files.readText("/etc/hostname") ?? "")?.[0] ?? null,
    source: files.shown("/etc/libvirt"),
    elsewhere: false,
    virtinst: null,
    pools: pools.read,
    secrets: secrets.read,
    notes: [...pools.ignored, ...secrets.ignored].map(
      (name) =>
        `${files.shown(name)} was ignored: libvirt loads a pool only from NAME.xml and a secret only from UUID.xml.`,
    ),
  };
}

/**
 * What libvirt loads from a folder: only files that are named after the object in them (measured with libvirtd 9.0, which
 * says "does not match pool name" and "does not match secret file name" of others).
 */
function loaded<T>(folder: string, files: HostFiles, read: (file: XmlFile) => T[], nameOf: (one: T) => string) {
  const found = { read: [] as T[], ignored: [] as string[] };
  for (const file of xmlFiles(folder, files)) {
    const own = read(file);
    const isLoaded = own.every((one) => `${nameOf(one)}.xml` === basename(file.where));
    if (isLoaded) found.read.push(...own);
    else found.ignored.push(`${folder}/${basename(file.where)}`);
  }
  return found;
}

/** A pool that is left out in silence is a disk without its monitors: what is listed has to be readable. */
function xmlFiles(folder: string, files: HostFiles): XmlFile[] {
  // libvirt makes it when it is first needed; a link that leads nowhere is no folder that is not there.
  if (!isFolder(folder, files) && files.list(dirname(folder)).includes(basename(folder)))
    throw new Failure(
      "facts",
      `${files.shown(folder)} is no folder, or a link that leads to none.`,
      "Mount all of the system below --root, or mend the link.",
    );
  return files
    .list(folder)
    .filter((name) => name.endsWith(".xml"))
    .map((name) => {
      const where = files.shown(`${folder}/${name}`);
      const bytes = files.read(`${folder}/${name}`, XML_LIMIT);
      if (bytes) return { where, bytes };
      throw new Failure(
        "facts",
        `${where} is no regular file, or a link that leads to none.`,
        "Take it out of the folder, or mend the link.",
      );
    });
}

function isFolder(path: string, files: HostFiles): boolean {
  return files.locate(path) !== null && files.locateFile(path) === null;
}
