import type { Pool } from "../host/config";
import { xmlText } from "../patch/encode";

/** A pool on a node of libvirt's test driver, with one volume. */
export interface NodePool {
  readonly pool: Pool;
  /** The volume's image, `CEPHPOOL/NAME`, each time another. */
  readonly image: string;
  /** The volume for virt-install, as in `--disk`. */
  readonly disk: string;
  /** Its element on the node. */
  readonly xml: string;
}

/** What all names that are not the host's begin with. */
const OWN = "virtinst-rbd-patch";

/** On the test driver virt-install states no driver by itself, and a hand edit may go by that. */
const HOW = "driver_name=qemu";

/** A CD-ROM on each node, as in `--disk`; there is no such file. */
export const CDROM = `vol=${OWN}-files/${OWN}.iso,device=cdrom,${HOW}`;

const FILES = ` <pool type="dir">
  <name>${OWN}-files</name>
  <target><path>/${OWN}</path></target>
  <volume type="file">
   <name>${OWN}.iso</name><capacity>1048576</capacity>
   <target><path>/${OWN}/${OWN}.iso</path><format type="raw"/></target>
  </volume>
 </pool>
`;

/** What stands before the pools of a node, and after them. */
export const NODE = { before: "<node>\n", after: `${FILES}</node>\n` } as const;

/**
 * Pools for a node of libvirt's test driver, each with one volume, to be had as test:///FILE
 * (https://libvirt.org/drvtest.html). Neither libvirt's daemons nor Ceph are asked for anything there. The pools' own
 * names are not on it: a comma or a slash in one would mean something to `--disk`.
 *
 * @param pools what libvirt says of them, each with a monitor: libvirt takes none without from a file (measured: 9.0
 *   says "missing storage pool source host name")
 */
export function nodePools(pools: readonly Pool[]): NodePool[] {
  return pools.map((pool, index) => {
    const name = `${OWN}-${index + 1}`;
    const image = `${pool.cephPool}/${name}`;
    // The bus has room for so many.
    return { pool, image, disk: `vol=${name}/${name},bus=virtio,${HOW}`, xml: poolXml(pool, image, name) };
  });
}

function poolXml({ cephPool, monitors, auth }: Pool, image: string, name: string): string {
  const hosts = monitors.map(
    ({ name: host, port }) => `<host name="${xmlText(host)}"${port === null ? "" : ` port="${port}"`}/>`,
  );
  const path = xmlText(image);
  return ` <pool type="rbd">
  <name>${name}</name>
  <source>${hosts.join("")}<name>${xmlText(cephPool)}</name>${auth ? authXml(auth) : ""}</source>
  <volume type="network">
   <name>${name}</name><key>${path}</key><source/><capacity>1073741824</capacity>
   <target><path>${path}</path><format type="raw"/></target>
  </volume>
 </pool>
`;
}

function authXml({ username, secret }: NonNullable<Pool["auth"]>): string {
  const reference = "uuid" in secret ? `uuid="${secret.uuid}"` : `usage="${xmlText(secret.usage)}"`;
  return `<auth type="ceph" username="${xmlText(username)}"><secret ${reference}/></auth>`;
}
