import { Failure, systemReason } from "../report/failure";
import type { HostFiles } from "../system/host-files";
import type { HostConfig, HostOptions } from "./config";
import { readPoolFiles, readSecretFiles } from "./xml-files";

/**
 * Reads the files in which libvirt's own daemons keep pools and secrets. Those named *.base64 beside them hold values
 * and stay closed.
 *
 * @throws Failure (facts) where it is no system's root folder, or a file cannot be read
 */
export function readEtc({ files }: HostOptions): HostConfig {
  if (!files.locate("/etc"))
    throw new Failure(
      "facts",
      `${files.shown("")}: this is not a system's root folder, it has no etc.`,
      "Mount the image and name its root with --root, or give the facts with --host.",
    );
  return {
    host: files.readText("/etc/hostname")?.trim() || null,
    source: files.shown("/etc/libvirt"),
    pools: readPoolFiles(xmlFiles("/etc/libvirt/storage", files)),
    secrets: readSecretFiles(xmlFiles("/etc/libvirt/secrets", files)),
  };
}

function xmlFiles(folder: string, files: HostFiles): string[] {
  try {
    return files
      .list(folder)
      .filter((name) => name.endsWith(".xml"))
      .flatMap((name) => files.locateFile(`${folder}/${name}`)?.outside ?? []);
  } catch (error) {
    throw new Failure("facts", `${files.shown(folder)} cannot be read: ${systemReason(error)}.`, "Run this as root.");
  }
}
