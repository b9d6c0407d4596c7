import { xmlText } from "./encode";
import { type CephPool, type Monitor, type PoolFacts, sameMonitor } from "./facts";
import { mergePools } from "./merge";

/** A domain's XML, and what a working patch makes of it. */
export interface Sample {
  readonly before: string;
  readonly after: string;
  /** The disks in it, in order: what each stands for, and its element afterwards. */
  readonly disks: readonly { readonly label: string; readonly before: string; readonly after: string }[];
}

/**
 * A domain with a disk from each pool, as virt-manager 1.2 to 1.4 writes it (first monitor, no auth), a file CD-ROM
 * and an rbd disk of a Ceph pool that no libvirt pool has.
 *
 * A pool whose disks are told from those of another by their user alone has one that states it, without the secret's
 * uuid, as 1.5 and later write it. One whose disks cannot be told at all has none.
 *
 * @param pools the libvirt pools
 */
export function sampleDomain(pools: readonly PoolFacts[]): Sample {
  const clusters = mergePools(pools);
  const own = poolsToldApart(pools, clusters);
  let foreign = "virtinst-rbd-patch-foreign";
  for (let number = 1; clusters.some((one) => mayBeIn(one, imageOf(foreign), undefined)); number++)
    foreign = `virtinst-rbd-patch-foreign-${number}`;
  const disks = [
    ...own.map(({ pool, cluster, user }, index) => {
      const first = pool.monitors.slice(0, 1);
      return {
        label: `disk of pool ${pool.pool}${user === undefined ? "" : ", which states its user"}`,
        before: rbdDisk(pool.cephPool, user === undefined ? null : { username: user }, index, first),
        after: rbdDisk(pool.cephPool, cluster.auth, index, completed(first, cluster.monitors)),
      };
    }),
    same("file CD-ROM", CDROM),
    same("disk of another Ceph pool", rbdDisk(foreign, null, own.length, [{ name: "192.0.2.1", port: 6789 }])),
  ];
  return { before: domain(disks.map(({ before }) => before)), after: domain(disks.map(({ after }) => after)), disks };
}

/** A pool whose disks cannot be taken for those of another cluster. */
export interface ToldApart {
  readonly pool: PoolFacts;
  readonly cluster: CephPool;
  /** The user that its disks have to state for that; undefined where they are told apart without. */
  readonly user: string | undefined;
}

/**
 * Those of some pools whose disks can be told from others'.
 *
 * @param clusters what the pools merge into
 */
export function poolsToldApart(pools: readonly PoolFacts[], clusters = mergePools(pools)): ToldApart[] {
  return pools.flatMap((pool) => {
    const may = clusters.filter(
      (one) => one.libvirtPools.includes(pool.pool) || mayBeIn(one, imageOf(pool.cephPool), pool.monitors[0]),
    );
    const user = may.length > 1 ? pool.auth?.username : undefined;
    const [cluster, other] = user === undefined ? may : may.filter(({ auth }) => auth?.username === user);
    return cluster && !other ? [{ pool, cluster, user }] : [];
  });
}

/** Whether a disk with that first monitor could be one of a Ceph pool. */
function mayBeIn({ name, monitors }: CephPool, image: string, first: Monitor | undefined): boolean {
  return image.startsWith(`${name}/`) && (!first || monitors.some((monitor) => sameMonitor(monitor, first)));
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

/** All monitors, behind those that the disk lists already. */
function completed(listed: readonly Monitor[], monitors: readonly Monitor[]): Monitor[] {
  return [...listed, ...monitors.filter((monitor) => !listed.some((one) => sameMonitor(one, monitor)))];
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

/** a, b, … z, aa, ab, …: how Linux counts disks. */
function letters(index: number): string {
  return (index >= 26 ? letters(Math.floor(index / 26) - 1) : "") + String.fromCharCode(97 + (index % 26));
}
