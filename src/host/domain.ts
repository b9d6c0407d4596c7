import type { Monitor } from "../patch/facts";
import { childElements, readElement } from "./xml";

/** An rbd disk of a domain. */
export interface DomainDisk {
  /** Ceph pool and image, as in its source's name. */
  readonly name: string;
  readonly username: string | null;
  readonly uuid: string | null;
  readonly usage: string | null;
  readonly monitors: readonly Monitor[];
}

/**
 * Reads the rbd disks of a domain's XML (https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms).
 *
 * @param xml one domain
 * @param where for messages
 * @throws Failure (facts) where it is not XML
 */
export function readRbdDisks(xml: string, where: string): DomainDisk[] {
  const devices = childElements(readElement(xml, "domain", where), "devices");
  return devices
    .flatMap((device) => childElements(device, "disk"))
    .flatMap((disk): DomainDisk[] => {
      const [source] = childElements(disk, "source");
      if (source?.attributes.protocol !== "rbd") return [];
      const auth = [...childElements(disk, "auth"), ...childElements(source, "auth")][0];
      const secret = auth && childElements(auth, "secret")[0];
      return [
        {
          name: source.attributes.name ?? "",
          username: auth?.attributes.username ?? null,
          uuid: secret?.attributes.uuid ?? null,
          usage: secret?.attributes.usage ?? null,
          monitors: childElements(source, "host").map(({ attributes: { name = "", port } }) => ({
            name,
            port: port === undefined ? null : Number(port),
          })),
        },
      ];
    });
}
