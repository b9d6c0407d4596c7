import { describe, expect, it } from "vitest";
import type { ResolvedPool } from "../../src/patch/pools";
import { sampleDomain, type WrittenDisk } from "../../src/patch/sample";

const UUID = "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1";
const POOL: ResolvedPool = {
  pool: "libvirtpool",
  cephPool: "vms",
  monitors: [
    { name: "192.0.2.11", port: 6789 },
    { name: "::2", port: null },
  ],
  auth: { username: "libvirt", uuid: UUID },
};
const labels = (pools: readonly ResolvedPool[]) => sampleDomain(pools).disks.map(({ label }) => label);
const devices = (xml: string) => [...xml.matchAll(/<target dev="(\w+)"/g)].map(([, name]) => name);

describe("the sample domain", () => {
  it("has a disk as virt-manager 1.2 writes it, a CD-ROM, and an rbd disk of no pool", () => {
    const { before, after, disks } = sampleDomain([POOL]);
    expect(before).toBe(`<domain type="kvm">
  <name>virt-1</name>
  <memory unit="KiB">262144</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch="x86_64" machine="pc">hvm</type>
  </os>
  <devices>
    <disk type="network" device="disk">
      <driver name="qemu" type="raw"/>
      <source protocol="rbd" name="vms/virt-1">
        <host name="192.0.2.11" port="6789"/>
      </source>
      <target dev="vda" bus="virtio"/>
    </disk>
    <disk type="file" device="cdrom">
      <driver name="qemu" type="raw"/>
      <source file="/var/lib/libvirt/images/install.iso"/>
      <target dev="sda" bus="sata"/>
      <readonly/>
    </disk>
    <disk type="network" device="disk">
      <driver name="qemu" type="raw"/>
      <source protocol="rbd" name="virtinst-rbd-patch-foreign/virt-1">
        <host name="192.0.2.1" port="6789"/>
      </source>
      <target dev="vdb" bus="virtio"/>
    </disk>
  </devices>
</domain>
`);
    expect(after).toBe(
      before
        .replace(
          '      <source protocol="rbd" name="vms',
          `      <auth username="libvirt">\n        <secret type="ceph" uuid="${UUID}"/>\n      </auth>\n$&`,
        )
        .replace('<host name="192.0.2.11" port="6789"/>\n', '$&        <host name="::2"/>\n'),
    );
    expect(disks.map(({ label }) => label)).toEqual([
      "disk of pool libvirtpool",
      "CD-ROM",
      "disk of another Ceph pool",
    ]);
    for (const disk of disks) {
      expect(before).toContain(disk.before);
      expect(after).toContain(disk.after);
    }
  });

  it("the disk of a pool without monitors and auth stays unchanged", () => {
    const { disks } = sampleDomain([{ ...POOL, monitors: [], auth: null }]);
    expect(disks[0]?.before).toContain('      <source protocol="rbd" name="vms/virt-1"/>\n');
    expect(disks[0]?.after).toBe(disks[0]?.before);
  });

  it("values are written as XML", () => {
    const { before, after } = sampleDomain([
      { ...POOL, cephPool: 'v"<', monitors: [{ name: "a&b", port: null }], auth: { username: "u'", uuid: UUID } },
    ]);
    expect(before).toContain('name="v&#34;&#60;/virt-1"');
    expect(before).toContain('<host name="a&#38;b"/>');
    expect(after).toContain('<auth username="u&#39;">');
  });

  it("the disks are named as Linux counts them", () => {
    const many = Array.from({ length: 28 }, (_, at) => ({ ...POOL, pool: `p${at}`, cephPool: `c${at}` }));
    const names = devices(sampleDomain(many).before);
    expect(names.slice(0, 3)).toEqual(["vda", "vdb", "vdc"]);
    expect(names.slice(24, 28)).toEqual(["vdy", "vdz", "vdaa", "vdab"]);
    // Behind them the CD-ROM and the foreign disk.
    expect(names.slice(28)).toEqual(["sda", "vdac"]);
  });
});

describe("in the sample domain with the disks that virt-install writes,", () => {
  const hosts = [{ name: "192.0.2.11:6789,[::2]", port: null }];
  const pool = { ...POOL, auth: { username: "libvirt", uuid: UUID, usage: "key" } };
  const diskOf = (disk: WrittenDisk, pools: readonly ResolvedPool[] = [pool]) => {
    const { before = "", after = "" } = sampleDomain(pools, () => disk).disks[0] ?? {};
    return [before, after].map((xml) => xml.match(/<(?:auth|secret|host) [^>]*>/g));
  };
  const both = ['<host name="192.0.2.11" port="6789"/>', '<host name="::2"/>'];

  it("the disk of a pool that names its secret by usage lacks only the usage, which is added", () => {
    expect(diskOf({ monitors: POOL.monitors, auth: { username: "libvirt" } })).toEqual([
      ['<auth username="libvirt">', '<secret type="ceph"/>', ...both],
      ['<auth username="libvirt">', '<secret type="ceph" usage="key"/>', ...both],
    ]);
  });

  it("only an element that lists two monitors is replaced", () => {
    const auth = ['<auth username="libvirt">', `<secret type="ceph" uuid="${UUID}"/>`];
    const disk = { monitors: hosts, auth: { username: "libvirt", uuid: UUID } };
    expect(diskOf(disk)).toEqual([
      [...auth, '<host name="192.0.2.11:6789,[::2]"/>'],
      [...auth, ...both],
    ]);
  });

  it("the disk of a pool that cannot be distinguished from another stays unchanged", () => {
    const [before, after] = diskOf({ monitors: POOL.monitors, auth: null }, [
      pool,
      { ...pool, pool: "b", auth: { username: "o", uuid: "x" } },
    ]);
    expect(before).toEqual(both);
    expect(after).toEqual(both);
  });
});

describe("in the sample domain,", () => {
  const free = { ...POOL, auth: null };
  const on = (pool: string, name: string, more: Partial<ResolvedPool> = {}) => ({
    ...POOL,
    pool,
    monitors: [{ name, port: 6789 }],
    ...more,
  });

  it("two pools of one cluster have a disk each, with the monitors of both, its own first", () => {
    const { disks } = sampleDomain([
      on("a", "m1"),
      { ...on("b", "m2"), monitors: [...on("x", "m2").monitors, ...on("x", "m1").monitors] },
    ]);
    expect(disks.map(({ label }) => label).slice(0, 2)).toEqual(["disk of pool a", "disk of pool b"]);
    const hosts = disks
      .slice(0, 2)
      .map(({ after }) => [...after.matchAll(/<host name="(\w+)"/g)].map(([, name]) => name));
    expect(hosts).toEqual([
      ["m1", "m2"],
      ["m2", "m1"],
    ]);
  });

  it("a pool without monitors has no disk if there is a second cluster", () => {
    expect(labels([on("a", "m1"), { ...free, pool: "b", monitors: [] }])).toEqual([
      "disk of pool a",
      "CD-ROM",
      "disk of another Ceph pool",
    ]);
  });

  it("disks that only their user distinguishes have the user, without the UUID of the secret", () => {
    const other = { ...POOL, pool: "second", auth: { username: "o<", uuid: "11111111-2222-3333-4444-555555555555" } };
    const { before, after, disks } = sampleDomain([POOL, other]);
    expect(disks.map(({ label }) => label).slice(0, 2)).toEqual(["disk of pool libvirtpool", "disk of pool second"]);
    const auths = (xml: string) => xml.match(/<auth[\s\S]*?<\/auth>/g)?.map((auth) => auth.replace(/\n */g, ""));
    expect(auths(before)).toEqual([
      '<auth username="libvirt"><secret type="ceph"/></auth>',
      '<auth username="o&#60;"><secret type="ceph"/></auth>',
    ]);
    expect(auths(after)).toEqual([
      `<auth username="libvirt"><secret type="ceph" uuid="${UUID}"/></auth>`,
      '<auth username="o&#60;"><secret type="ceph" uuid="11111111-2222-3333-4444-555555555555"/></auth>',
    ]);
  });

  it("pools with the same user or without a user are not distinguished by it", () => {
    const rest = ["CD-ROM", "disk of another Ceph pool"];
    expect(labels([POOL, { ...POOL, pool: "b", auth: { username: "libvirt", uuid: "another" } }])).toEqual(rest);
    expect(labels([POOL, { ...free, pool: "b" }])).toEqual(["disk of pool libvirtpool", ...rest]);
  });

  it("a Ceph pool whose name begins with that of another has its own disk, unless a slash follows", () => {
    expect(labels([on("a", "m1"), on("b", "m1", { cephPool: "vms2" })]).slice(0, 2)).toEqual([
      "disk of pool a",
      "disk of pool b",
    ]);
    // Its images begin like those of the other: nobody could tell.
    expect(labels([on("a", "m1"), on("b", "m1", { cephPool: "vms/x" })])).toEqual([
      "disk of pool a",
      "CD-ROM",
      "disk of another Ceph pool",
    ]);
  });

  it("the foreign disk is in no pool of this host, with any names of pools", () => {
    const foreign = (...names: string[]) =>
      /name="([^"]*)\/virt-1"/.exec(
        sampleDomain(names.map((name) => on(name, "m", { cephPool: name }))).disks.at(-1)?.before ?? "",
      )?.[1];
    expect(foreign("vms")).toBe("virtinst-rbd-patch-foreign");
    expect(foreign("virtinst-rbd-patch-foreign")).toBe("virtinst-rbd-patch-foreign-1");
    expect(foreign("virtinst", "v", "x", "x-")).toBe("virtinst-rbd-patch-foreign");
    expect(foreign("virtinst-rbd-patch-foreign", "virtinst-rbd-patch-foreign-1")).toBe("virtinst-rbd-patch-foreign-2");
  });
});
