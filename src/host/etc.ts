import { basename, dirname } from "node:path";
import { Failure } from "../failure";
import type { HostFiles } from "../system/host-files";
import { XML_LIMIT } from "../system/read";
import type { HostConfig, HostOptions } from "./config";
import { readPools, readSecrets, type XmlFile } from "./xml-files";

/**
 * Reads the files in which the daemons of libvirt store pools and secrets. Never opens the *.base64 files in the same
 * directories: they contain the values of secrets.
 *
 * @throws Failure (pools) if the system has no libvirt, or a file is not what libvirt writes; (io) if one cannot be read
 */
export function readEtc({ files }: HostOptions): HostConfig {
  if (!isFolder("/etc/libvirt", files))
    throw new Failure(
      "pools",
      `${files.shown("/etc/libvirt")} does not exist: this is not the root directory of a system with libvirt.`,
      "Mount the whole system below --root, or pass --host, --pool-xml or --connect.",
    );
  const read = { files, ignored: [] as string[] };
  const pools = loaded("/etc/libvirt/storage", read, (file) => readPools([file]), "name");
  const secrets = loaded("/etc/libvirt/secrets", read, (file) => readSecrets([file]), "uuid");
  const notes = read.ignored.map(
    (path) => `${path} was ignored: libvirt loads a pool only from NAME.xml and a secret only from UUID.xml.`,
  );
  return {
    // Host files may be passed on: read only a hostname, and no other text that this file may contain.
    host: /^[\w.-]{1,253}(?=\n|$)/.exec(files.readText("/etc/hostname") ?? "")?.[0] ?? null,
    source: files.shown("/etc/libvirt"),
    ...{ elsewhere: false, virtinst: null, pools, secrets, notes },
  };
}

/**
 * The objects that libvirt loads from a directory: only from files that are named after the object (measured with
 * libvirtd 9.0, which reports "does not match pool name" and "does not match secret file name" for other files).
 */
function loaded<K extends string, T extends Readonly<Record<K, string>>>(
  folder: string,
  { files, ignored }: { readonly files: HostFiles; readonly ignored: string[] },
  read: (file: XmlFile) => T[],
  key: K,
): T[] {
  return xmlFiles(folder, files).flatMap((file) => {
    const own = read(file);
    if (own.every((one) => `${one[key]}.xml` === basename(file.where))) return own;
    ignored.push(file.where);
    return [];
  });
}

/** Fails if one file cannot be read: the disks of a pool that is omitted silently would lack their monitors. */
function xmlFiles(folder: string, files: HostFiles): XmlFile[] {
  const refused = (path: string, expected: string) =>
    new Failure("pools", `${files.shown(path)} is not ${expected}.`, "Mount the whole system below --root, or fix it.");
  // The directory may be missing, because libvirt creates it only when needed. But a broken link is an error.
  if (!isFolder(folder, files) && files.list(dirname(folder)).includes(basename(folder)))
    throw refused(folder, "a directory");
  const names = files.list(folder).filter((name) => name.endsWith(".xml"));
  return names.map((name) => {
    const path = `${folder}/${name}`;
    const bytes = files.read(path, XML_LIMIT);
    if (!bytes) throw refused(path, "a regular file");
    return { where: files.shown(path), bytes };
  });
}

function isFolder(path: string, files: HostFiles): boolean {
  return files.locate(path) !== null && files.locateFile(path) === null;
}
