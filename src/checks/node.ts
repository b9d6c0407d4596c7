import type { Pool } from "../host/config";
import { xmlText } from "../patch/encode";

/** A pool with one volume, on a node of libvirt's test driver. */
export interface NodePool {
  readonly pool: Pool;
  /** The image of the volume, `CEPHPOOL/NAME`; it is unique on the node. */
  readonly image: string;
  /** The value of `--disk` that names the volume. */
  readonly disk: string;
  /** The `<pool>` element for the node. */
  readonly xml: string;
}

/** The prefix of all names that do not come from the host. */
const OWN = "virtinst-rbd-patch";

/** With the test driver, virt-install writes no driver name by default, but a manual edit may need one. */
const HOW = "driver_name=qemu";

/** The value of `--disk` for a CD-ROM, which each node has; its file does not exist. */
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

/** The XML of a node before and after its pools. */
export const NODE = { before: "<node>\n", after: `${FILES}</node>\n` } as const;

/**
 * Renders pools, each with one volume, for a node of libvirt's test driver, which is opened as test:///FILE
 * (https://libvirt.org/drvtest.html). Neither libvirt's daemons nor Ceph are used. The pools get new names, because a
 * comma or a slash in a name has a meaning in `--disk`.
 *
 * @param pools pools that list a monitor: libvirt cannot read other pools from a file (libvirt 9.0: "missing storage
 *   pool source host name")
 */
export function nodePools(pools: readonly Pool[]): NodePool[] {
  return pools.map((pool, index) => {
    const name = `${OWN}-${index + 1}`;
    const image = `${pool.cephPool}/${name}`;
    // The virtio bus has enough slots for all disks of a run.
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
