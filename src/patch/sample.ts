import { xmlText } from "./encode";
import { mergePools } from "./merge";
import { type CephPool, isMonitorList, type Monitor, type ResolvedPool, sameMonitor, splitMonitor } from "./pools";

/** The XML of a domain, before and after a working patch. */
export interface Sample {
  readonly before: string;
  readonly after: string;
  /** The disks of the domain, in order: a label, and the XML element before and after the patch. */
  readonly disks: readonly { readonly label: string; readonly before: string; readonly after: string }[];
}

/** The monitors and auth that virt-install writes into a disk for a volume of a pool. */
export interface WrittenDisk {
  /** The `<host>` elements, as the pool has them: one may list several monitors. */
  readonly monitors: readonly Monitor[];
  readonly auth: { readonly username: string; readonly uuid?: string } | null;
}

/**
 * A domain with a disk of each pool, a CD-ROM in a file, and an rbd disk of a Ceph pool that no libvirt pool has.
 *
 * @param written what virt-install writes for a pool. By default, a disk has what is certain for all versions: the
 *   first monitor, and the user without a secret if only the user identifies the pool; unidentified pools have no disk
 */
export function sampleDomain(pools: readonly ResolvedPool[], written?: (pool: string) => WrittenDisk): Sample {
  const clusters = mergePools(pools);
  let foreign = "virtinst-rbd-patch-foreign";
  for (let number = 1; clusters.some((one) => mayBeIn(one, imageOf(foreign), [])); number++)
    foreign = `virtinst-rbd-patch-foreign-${number}`;
  const own = pools
    .map((pool) => toldApart(pool, clusters, written?.(pool.pool)))
    .filter(({ cluster }) => cluster || written)
    .map(({ pool, cluster, disk }, index) => {
      const before = rbdDisk(pool.cephPool, disk.auth, index, disk.monitors);
      const auth = disk.auth?.uuid ? disk.auth : (cluster?.auth ?? null);
      const after = cluster && rbdDisk(pool.cephPool, auth, index, completed(disk.monitors, cluster.monitors));
      return { label: `disk of pool ${pool.pool}`, before, after: after ?? before };
    });
  const disks = [
    ...own,
    same("CD-ROM", CDROM),
    same("disk of another Ceph pool", rbdDisk(foreign, null, own.length, [{ name: "192.0.2.1", port: 6789 }])),
  ];
  return { before: domain(disks.map(({ before }) => before)), after: domain(disks.map(({ after }) => after)), disks };
}

/**
 * The pools whose disks can be distinguished from disks of other pools, by their first monitor or by their user.
 *
 * @returns `user`: the user that the disks must have for that; undefined if the first monitor is enough
 */
export function poolsToldApart(pools: readonly ResolvedPool[]): { pool: ResolvedPool; user: string | undefined }[] {
  const clusters = mergePools(pools);
  return pools.flatMap((pool) => {
    const { cluster, disk } = toldApart(pool, clusters);
    return cluster ? [{ pool, user: disk.auth?.username }] : [];
  });
}

/** A pool, its disk, and the only cluster that the disk can belong to; `cluster` is undefined if there are several. */
function toldApart(pool: ResolvedPool, clusters: readonly CephPool[], written?: WrittenDisk) {
  const monitors = written?.monitors ?? pool.monitors.slice(0, 1);
  const listed = monitors.flatMap(splitMonitor);
  const may = clusters.filter(
    (one) => one.libvirtPools.includes(pool.pool) || mayBeIn(one, imageOf(pool.cephPool), listed),
  );
  const needed = may.length > 1 && pool.auth ? { username: pool.auth.username } : null;
  const disk: WrittenDisk = written ?? { monitors, auth: needed };
  const { auth } = disk;
  const [cluster, other] = may.length > 1 && auth ? may.filter((one) => one.auth?.username === auth.username) : may;
  return { pool, disk, cluster: other ? undefined : cluster };
}

/** Whether a disk with this image and these monitors can belong to a Ceph pool. */
function mayBeIn({ name, monitors }: CephPool, image: string, listed: readonly Monitor[]): boolean {
  const shares = () => listed.some((one) => monitors.some((monitor) => sameMonitor(monitor, one)));
  return image.startsWith(`${name}/`) && (listed.length === 0 || shares());
}

const CDROM = `    <disk type="file" device="cdrom">
      <driver name="qemu" type="raw"/>
      <source file="/var/lib/libvirt/images/install.iso"/>
      <target dev="sda" bus="sata"/>
      <readonly/>
    </disk>
`;

function same(label: string, disk: string) {
  return { label, before: disk, after: disk };
}

/** Adds the missing monitors to those of a disk. Replaces lists of monitors: QEMU reads one from each element. */
function completed(listed: readonly Monitor[], monitors: readonly Monitor[]): readonly Monitor[] {
  const single = listed.filter((host) => !isMonitorList(host));
  const missing = monitors.filter((monitor) => !single.some((one) => sameMonitor(one, monitor)));
  const list = listed.find(isMonitorList);
  if (!list) return [...listed, ...missing];
  return listed.flatMap((host) => (host === list ? missing : isMonitorList(host) ? [] : [host]));
}

function imageOf(cephPool: string): string {
  return `${cephPool}/virt-1`;
}

function rbdDisk(
  cephPool: string,
  auth: { readonly username: string; readonly uuid?: string; readonly usage?: string | null } | null,
  index: number,
  monitors: readonly Monitor[],
): string {
  const { uuid, usage } = auth ?? {};
  const named = usage ? ` usage="${xmlText(usage)}"` : uuid ? ` uuid="${xmlText(uuid)}"` : "";
  const hosts = monitors.map(
    ({ name, port }) => `        <host name="${xmlText(name)}"${port === null ? "" : ` port="${port}"`}/>\n`,
  );
  const name = `protocol="rbd" name="${xmlText(imageOf(cephPool))}"`;
  return `    <disk type="network" device="disk">
      <driver name="qemu" type="raw"/>
${auth ? `      <auth username="${xmlText(auth.username)}">\n        <secret type="ceph"${named}/>\n      </auth>\n` : ""}\
${hosts.length > 0 ? `      <source ${name}>\n${hosts.join("")}      </source>\n` : `      <source ${name}/>\n`}\
      <target dev="vd${letters(index)}" bus="virtio"/>
    </disk>
`;
}

function domain(disks: readonly string[]): string {
  return `<domain type="kvm">
  <name>virt-1</name>
  <memory unit="KiB">262144</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch="x86_64" machine="pc">hvm</type>
  </os>
  <devices>
${disks.join("")}  </devices>
</domain>
`;
}

/** The letters of the disk with an index in Linux: a, b, … z, aa, ab, … */
function letters(index: number): string {
  return (index >= 26 ? letters(Math.floor(index / 26) - 1) : "") + String.fromCharCode(97 + (index % 26));
}
