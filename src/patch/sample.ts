import { xmlText } from "./encode";
import { type Monitor, mayBeOf, type PoolFacts, sameCredentials, sameMonitor } from "./facts";

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
 * A pool whose disks cannot be told from those of another has no disk of its own in it.
 *
 * @param facts the pools
 */
export function sampleDomain(facts: readonly PoolFacts[]): Sample {
  const own = facts.filter(
    (pool, index) =>
      !facts.some(
        (other, place) =>
          other !== pool &&
          mayBeOf(pool, other) &&
          (place < index || pool.monitors.length === 0 || !sameCredentials(pool, other)),
      ),
  );
  let foreign = "virtinst-rbd-patch-foreign";
  while (facts.some(({ cephPool }) => foreign.startsWith(cephPool))) foreign = `x-${foreign}`;
  const disks = [
    ...own.map((pool, index) => ({
      label: `disk of pool ${pool.pool}`,
      before: rbdDisk(pool, index, pool.monitors.slice(0, 1), false),
      after: rbdDisk(pool, index, completed(pool.monitors), true),
    })),
    same("file CD-ROM", CDROM),
    same(
      "disk of another Ceph pool",
      rbdDisk(
        { pool: "", cephPool: foreign, auth: null, monitors: [] },
        own.length,
        [{ name: "192.0.2.1", port: 6789 }],
        false,
      ),
    ),
  ];
  return { before: domain(disks.map(({ before }) => before)), after: domain(disks.map(({ after }) => after)), disks };
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

/** All monitors, given that the first is listed: one that equals it by a missing port is not added. */
function completed([first, ...rest]: readonly Monitor[]): Monitor[] {
  return first ? [first, ...rest.filter((monitor) => !sameMonitor(monitor, first))] : [];
}

function rbdDisk(pool: PoolFacts, index: number, monitors: readonly Monitor[], withAuth: boolean): string {
  const { auth } = pool;
  const hosts = monitors.map(
    ({ name, port }) => `        <host name="${xmlText(name)}"${port === null ? "" : ` port="${port}"`}/>\n`,
  );
  const name = `protocol="rbd" name="${xmlText(pool.cephPool)}/virt-1"`;
  return `    <disk type="network" device="disk">
      <driver name="qemu" type="raw"/>
${withAuth && auth ? `      <auth username="${xmlText(auth.username)}">\n        <secret type="ceph" uuid="${xmlText(auth.uuid)}"/>\n      </auth>\n` : ""}\
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
