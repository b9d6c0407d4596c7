import type { Pool } from "../host/config";
import { xmlText } from "../patch/encode";

/** A pool on a node of libvirt's test driver, and the name of its one volume. */
export interface NodePool {
  readonly pool: Pool;
  /** `POOL/VOLUME`, as in `--disk vol=`. */
  readonly volume: string;
}

const VOLUME = "virtinst-rbd-patch-proof";

/**
 * A node of libvirt's test driver with some pools, each with one volume, to be had as test:///FILE
 * (https://libvirt.org/drvtest.html). Neither libvirt's daemons nor Ceph are asked for anything there.
 *
 * @param pools what libvirt says of them; one without monitors is left out, since libvirt takes none from a file
 *   (measured: 9.0 says "missing storage pool source host name")
 * @returns its XML, and the pools that are on it
 */
export function testNode(pools: readonly Pool[]): { readonly xml: string; readonly pools: readonly NodePool[] } {
  const shown = pools
    .filter(({ monitors }) => monitors.length > 0)
    .map((pool, index) => {
      // A comma would end the word of --disk, and some names mean a path there.
      const name = /^[A-Za-z0-9_][\w.+-]*$/.test(pool.name) ? pool.name : `virtinst-rbd-patch-pool-${index + 1}`;
      return { pool, name, volume: `${name}/${VOLUME}` };
    });
  return { xml: `<node>\n${shown.map(({ pool, name }) => poolXml(pool, name)).join("")}</node>\n`, pools: shown };
}

function poolXml({ cephPool, monitors, auth }: Pool, name: string): string {
  const hosts = monitors.map(
    ({ name: host, port }) => `<host name="${xmlText(host)}"${port === null ? "" : ` port="${port}"`}/>`,
  );
  const image = xmlText(`${cephPool}/${VOLUME}`);
  return ` <pool type="rbd">
  <name>${xmlText(name)}</name>
  <source>${hosts.join("")}<name>${xmlText(cephPool)}</name>${auth ? authXml(auth) : ""}</source>
  <volume type="network">
   <name>${VOLUME}</name><key>${image}</key><source/><capacity>1073741824</capacity>
   <target><path>${image}</path><format type="raw"/></target>
  </volume>
 </pool>
`;
}

function authXml({ username, secret }: NonNullable<Pool["auth"]>): string {
  const reference = "uuid" in secret ? `uuid="${secret.uuid}"` : `usage="${xmlText(secret.usage)}"`;
  return `<auth type="ceph" username="${xmlText(username)}"><secret ${reference}/></auth>`;
}
