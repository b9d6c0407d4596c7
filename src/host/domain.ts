import type { Monitor } from "../patch/pools";
import { childElements, readElement } from "./xml";

/** An rbd disk of a domain. */
export type DomainDisk = ReturnType<typeof readRbdDisks>[number];

/**
 * Reads the rbd disks of a domain XML: https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms.
 *
 * @throws Failure (pools) if the text is not well-formed XML, or not of a domain
 */
export function readRbdDisks(xml: string, where: string) {
  return readDisks(xml, where)
    .filter(isRbd)
    .map(({ source, auths }) => {
      const [auth] = auths;
      const secrets = childElements(auth ?? null, "secret");
      const [secret] = secrets;
      return {
        // The Ceph pool and the image: POOL/IMAGE.
        name: source?.attributes.name ?? "",
        auths: auths.length,
        // These are of the first <auth>, and of its first <secret>.
        username: auth?.attributes.username ?? null,
        uuid: secret?.attributes.uuid ?? null,
        usage: secret?.attributes.usage ?? null,
        secrets: secrets.length,
        secretType: secret?.attributes.type ?? null,
        monitors: childElements(source, "host").map(
          ({ attributes: { name = "", port } }): Monitor => ({
            name,
            port: port === undefined ? null : Number(port),
          }),
        ),
      };
    });
}

/** The other disks of a domain that have an <auth>: the file, device or target of each. */
export function strayAuths(xml: string, where: string): string[] {
  return readDisks(xml, where)
    .filter((disk) => !isRbd(disk) && disk.auths.length > 0)
    .map(
      ({ source, target }) => source?.attributes.file ?? source?.attributes.dev ?? target?.attributes.dev ?? "a disk",
    );
}

/** The disks of a domain; an <auth> may be in the <disk> or in its <source>. */
function readDisks(xml: string, where: string) {
  return childElements(readElement(xml, "domain", where), "devices")
    .flatMap((devices) => childElements(devices, "disk"))
    .map((disk) => {
      const [source = null] = childElements(disk, "source");
      const [target = null] = childElements(disk, "target");
      return { source, target, auths: [...childElements(disk, "auth"), ...childElements(source, "auth")] };
    });
}

function isRbd({ source }: ReturnType<typeof readDisks>[number]): boolean {
  return source?.attributes.protocol === "rbd";
}
