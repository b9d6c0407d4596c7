import { cpSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { built, json, type Ran } from "../support/cli";
import { BOOT_MESSAGE, BOOT_SECTOR } from "./support/boot-sector";
import { CEPH_POOL, CEPH_USER, type Cluster, MONITOR_HOSTS, startCluster } from "./support/ceph";
import { definePool, defineSecret, removeDomain, removePool, startLibvirt, virsh } from "./support/libvirtd";
import {
  atEnd,
  borrowVirtinst,
  changedFiles,
  expectDone,
  makeFolder,
  monitors,
  PREFIX,
  run,
  undoAll,
  waitFor,
  xpath,
} from "./support/machine";

const SECRET = "6c0f1f3a-54a4-4b0b-9a0e-3b7d5f1e9a11";
const USAGE = `${PREFIX} client.${CEPH_USER} secret`;
const BY_USAGE = `${PREFIX}-usage`;
const BY_UUID = `${PREFIX}-uuid`;
const BY_LIST = `${PREFIX}-list`;
const VOLUME = "virt-1";
const IMAGE = `${CEPH_POOL}/${VOLUME}`;
const MONITORS = MONITOR_HOSTS.map(({ name, port }) => `${name}:${port}`);
const [FIRST_MONITOR] = MONITOR_HOSTS;
const GUEST = `${PREFIX}-guest`;

/** How a disk names its secret: by exactly one of these. */
const REFERENCES = { usage: USAGE, uuid: SECRET } as const;
type Reference = keyof typeof REFERENCES;
/** Each pool with the reference in it. */
const POOLS = [
  [BY_USAGE, "usage"],
  [BY_UUID, "uuid"],
] as const satisfies readonly (readonly [string, Reference])[];

let folder: string;
let cluster: Cluster;
let guests = 0;

beforeAll(() => {
  borrowVirtinst();
  folder = makeFolder();

  const begin = Date.now();
  cluster = startCluster(folder);
  const image = join(folder, "volume.img");
  writeFileSync(image, BOOT_SECTOR);
  truncateSync(image, 64 << 20);
  cluster.rbd("import", "--no-progress", image, IMAGE);
  console.log(`The cluster was up after ${Math.round((Date.now() - begin) / 1000)} s`);
  truncateSync(join(folder, "volume.img"), 1 << 20);

  startLibvirt(folder);
  defineSecret(folder, SECRET, USAGE, cluster.key);
  for (const [name, reference] of POOLS) {
    const secret = `${reference}="${REFERENCES[reference]}"`;
    definePool(folder, { name, cephPool: CEPH_POOL, hosts: MONITOR_HOSTS, auth: { username: CEPH_USER, secret } });
    virsh("pool-start", name);
  }
});

afterEach(() => removeDomain(GUEST));

afterAll(undoAll);

/** A file for a guest's disk or CD-ROM, which boots like the volume. */
function makeDisk(name: string): string {
  const file = join(folder, name);
  cpSync(join(folder, "volume.img"), file);
  return file;
}

/** The file that takes what the next guest says on its serial line. */
function nextSerial(): string {
  guests++;
  return join(folder, `serial-${guests}.log`);
}

/** Runs the machine's own virt-install; the guest is emulated, so that no virtualisation is needed. */
function virtInstall(...words: string[]): Ran & { serial: string } {
  const serial = nextSerial();
  const ran = run("virt-install", [
    ...["--connect", "qemu:///system", "--virt-type", "qemu", "--name", GUEST, "--memory", "64", "--osinfo", "none"],
    ...["--uuid", "7d7a2c1e-3b0e-4f55-9a1c-6f6f0a1b2c3d", "--network", "none", "--graphics", "none"],
    ...["--serial", `file,path=${serial}`, "--noautoconsole", ...words],
  ]);
  return { ...ran, serial };
}

/**
 * Checks that the guest runs, has opened the volume with the user and all monitors, and booted from it if it should.
 *
 * @param reference how its disk should name the secret
 */
function expectRunning(ran: Ran, serial: string | null, reference: Reference): void {
  expectDone(ran);
  expect(virsh("domstate", GUEST).trim()).toBe("running");
  expect(cluster.watchers(IMAGE)).toMatch(/watcher=127\.0\.0\.\d/);
  expectComplete(virsh("dumpxml", GUEST), reference);
  // The next start uses this one.
  const next = virsh("dumpxml", "--inactive", GUEST);
  expectComplete(next, reference);
  expectValid(next);
  if (serial !== null) expectBooted(serial);
}

function expectComplete(xml: string, reference: Reference): void {
  const rbd = "//disk[source/@protocol='rbd']";
  expect(xpath(xml, `count(${rbd})`)).toBe("1");
  expect(xpath(xml, `string(${rbd}/auth/@username)`)).toBe(CEPH_USER);
  expect(xpath(xml, `count(${rbd}/auth/secret)`)).toBe("1");
  for (const name of ["usage", "uuid"] as const)
    expect(xpath(xml, `string(${rbd}/auth/secret/@${name})`)).toBe(name === reference ? REFERENCES[name] : "");
  expect(monitors(xml)).toEqual(MONITORS);
}

/** Checks a domain with libvirt's own schema. */
function expectValid(xml: string): void {
  const file = join(folder, "domain.xml");
  writeFileSync(file, xml);
  const { code, stdout, stderr } = run("virt-xml-validate", [file, "domain"]);
  expect({ code, said: stdout + stderr }).toEqual({ code: 0, said: expect.stringContaining("validates") });
}

function expectBooted(serial: string): void {
  waitFor("the guest boots", 60, () => readFileSync(serial, "latin1").includes(BOOT_MESSAGE));
}

function expectNoGuest(): void {
  expect(virsh("list", "--all", "--name").split("\n")).not.toContain(GUEST);
  expect(cluster.watchers(IMAGE)).toContain("Watchers: none");
}

const MISSING = "missing secret uuid or usage attribute";
const rbdDisk = (pool: string) => ["--disk", `vol=${pool}/${VOLUME}`];

describe("Debian's own virt-install, libvirt and Ceph", () => {
  let fileOnly: string;

  test("before: a disk from the pool that names its secret by usage is refused", () => {
    const { code, stderr } = virtInstall("--import", ...rbdDisk(BY_USAGE));
    expect(code).not.toBe(0);
    expect(stderr).toContain(MISSING);
    expectNoGuest();
  });

  test("before: verify --vol reports what is wrong", () => {
    const { code, stdout } = built(["verify", "--json", "--vol", `${BY_USAGE}/${VOLUME}`]);
    expect(code).not.toBe(0);
    expect(json(stdout)).toMatchObject({ state: "not-patched", volume: { status: "failed" } });
  });

  test("before: a guest with nothing but a file starts", () => {
    const disk = makeDisk("file-only.img");
    const ran = virtInstall("--import", "--disk", `path=${disk},format=raw`);
    expectDone(ran);
    expectBooted(ran.serial);
    fileOnly = virsh("dumpxml", "--inactive", GUEST).replaceAll(ran.serial, "SERIAL");
  });

  test("apply, verify", () => {
    const applied = built(["apply", "--json"]);
    expectDone(applied);
    expect(json(applied.stdout)).toMatchObject({ changed: true, status: "patched" });
    expect(json(applied.stdout).pools).toEqual(expect.arrayContaining([BY_USAGE, BY_UUID]));
    const verified = built(["verify", "--json"]);
    expectDone(verified);
    expect(json(verified.stdout)).toMatchObject({ state: "current", behaviour: { status: "passed" } });
  });

  test.each(POOLS)("after: verify --vol checks a volume of %s with virt-install itself, by %s", (pool, reference) => {
    const verified = built(["verify", "--json", "--vol", `${pool}/${VOLUME}`]);
    expectDone(verified);
    const { volume } = json(verified.stdout);
    expect(volume).toMatchObject({ status: "passed", schema: { status: "passed" }, disks: [{ name: IMAGE }] });
    const secret = reference === "uuid" ? SECRET : `usage ${JSON.stringify(USAGE)}`;
    expect(volume.disks[0].facts).toEqual(
      [["user", CEPH_USER], ["secret", secret], ...MONITORS.map((monitor) => ["monitor", monitor])].map(
        ([label, value]) => ({ label, expected: value, found: value, right: true }),
      ),
    );
    expectNoGuest();
  });

  test.each(POOLS)(
    "after: --import boots a guest from a volume of %s, which names the secret by %s",
    (pool, reference) => {
      const ran = virtInstall("--import", ...rbdDisk(pool));
      // This virt-install copies a uuid itself.
      expectRunning(ran, ran.serial, reference);
    },
  );

  test("after: a guest with a file CD-ROM beside the volume boots", () => {
    const disc = makeDisk("disc.iso");
    const ran = virtInstall("--import", ...rbdDisk(BY_USAGE), "--disk", `path=${disc},device=cdrom`);
    expectRunning(ran, ran.serial, "usage");
    expect(xpath(virsh("dumpxml", GUEST), "string(//disk[@device='cdrom']/source/@file)")).toBe(disc);
  });

  test("after: an installation from a CD-ROM starts, and the XML for the next start is complete too", () => {
    const disc = makeDisk("install.iso");
    expectRunning(virtInstall("--cdrom", disc, ...rbdDisk(BY_USAGE)), null, "usage");
    expect(xpath(virsh("dumpxml", GUEST), "string(//disk[@device='cdrom']/source/@file)")).toBe(disc);
    expect(xpath(virsh("dumpxml", "--inactive", GUEST), "count(//disk[@device='cdrom']/source)")).toBe("0");
  });

  test("after: a guest with nothing but a file starts, and its XML is as before", () => {
    const disk = makeDisk("file-only.img");
    const ran = virtInstall("--import", "--disk", `path=${disk},format=raw`);
    expectDone(ran);
    expectBooted(ran.serial);
    expect(virsh("dumpxml", "--inactive", GUEST).replaceAll(ran.serial, "SERIAL")).toBe(fileOnly);
  });

  test("after: with the first monitor stopped, the guest still boots", async () => {
    cluster.stopFirstMonitor();
    try {
      expect(await answers(FIRST_MONITOR)).toBe(false);
      const ran = virtInstall("--import", ...rbdDisk(BY_USAGE));
      expectRunning(ran, ran.serial, "usage");
    } finally {
      cluster.startFirstMonitor();
    }
  });

  describe("a pool that lists all its monitors in one <host>, as virsh pool-define-as writes it", () => {
    beforeAll(() => {
      atEnd(`undefine pool ${BY_LIST}`, () => removePool(BY_LIST));
      virsh(
        ...["pool-define-as", BY_LIST, "rbd", "--source-host", MONITORS.join(","), "--source-name", CEPH_POOL],
        ...["--auth-type", "ceph", "--auth-username", CEPH_USER, "--secret-uuid", SECRET],
      );
      virsh("pool-start", BY_LIST);
      expect(monitors(virsh("pool-dumpxml", BY_LIST))).toEqual([`${MONITORS.join(",")}:`]);
    });

    afterAll(() => removePool(BY_LIST));

    test("before: virt-install copies the list, and the guest cannot start", () => {
      expectDone(built(["revert"]));
      const { code, stderr } = virtInstall("--import", ...rbdDisk(BY_LIST));
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/error connecting: Invalid argument/);
      expectNoGuest();
    });

    test("after: the disk has one <host> for each monitor, and the guest boots", () => {
      const applied = built(["apply", "--json", "--pool", BY_LIST]);
      expectDone(applied);
      expect(json(applied.stdout)).toMatchObject({ status: "patched", affected: "yes", pools: [BY_LIST] });
      expectDone(built(["verify", "--pool", BY_LIST, "--vol", `${BY_LIST}/${VOLUME}`]));
      const ran = virtInstall("--import", ...rbdDisk(BY_LIST));
      expectRunning(ran, ran.serial, "uuid");
    });
  });

  test("revert: the failure is back, and dpkg --verify prints nothing", () => {
    expectDone(built(["revert"]));
    const { code, stderr } = virtInstall("--import", ...rbdDisk(BY_USAGE));
    expect(code).not.toBe(0);
    expect(stderr).toContain(MISSING);
    expectNoGuest();
    expect(changedFiles()).toBe("");
  });
});

test("the standalone script, made from live libvirt: a guest boots after apply, and revert removes all", () => {
  const script = join(folder, "standalone.py");
  expectDone(built(["bundle", "-o", script]));
  const scripted = (...words: string[]) => run("python3", [script, ...words, "--json"]);
  expectDone(scripted("apply"));
  const verified = scripted("verify");
  expectDone(verified);
  expect(json(verified.stdout)).toMatchObject({ behaviour: { status: "passed" }, install: { status: "passed" } });
  for (const [pool, reference] of POOLS) {
    const ran = virtInstall("--import", ...rbdDisk(pool));
    expectRunning(ran, ran.serial, reference);
    removeDomain(GUEST);
  }
  expectDone(built(["verify"]));
  expectDone(scripted("revert"));
  expect(virtInstall("--import", ...rbdDisk(BY_USAGE)).stderr).toContain(MISSING);
  expect(changedFiles()).toBe("");
});

describe.each(["guest-1.0", "guest-1.4"])("a stand-in with the layout of %s, under Python 2.7", (layout) => {
  let virtinst: string;

  beforeAll(() => {
    virtinst = join(folder, layout);
    cpSync(resolve("test/fixtures/virtinst", layout), virtinst, { recursive: true });
  });

  /** Defines and starts the guest as releases of that layout do. */
  function install({ pool = BY_USAGE, cdrom = [] as string[] } = {}): Ran & { serial: string } {
    const serial = nextSerial();
    const words = [resolve("test/e2e/support/install.py"), virtinst, GUEST, pool, VOLUME, serial, ...cdrom];
    return { ...run("python2.7", words, { seconds: 400 }), serial };
  }

  test("before: the guest cannot open the volume", () => {
    const { code, stderr } = install();
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/error connecting: (?:Operation not supported|Permission denied|No such file or directory)/);
    expectNoGuest();
  });

  test("apply", () => {
    const applied = built(["apply", "--json", "--virtinst", virtinst]);
    expectDone(applied);
    expect(json(applied.stdout)).toMatchObject({ changed: true, file: join(virtinst, "virtinst/guest.py") });
    const verified = built(["verify", "--json", "--virtinst", virtinst]);
    expectDone(verified);
    expect(json(verified.stdout).behaviour).toMatchObject({
      status: "passed",
      reason: expect.stringContaining("2.7"),
    });
  });

  // These releases write no auth: the patch adds all of it.
  test.each(POOLS)("after apply --pool %s: an import boots, and its disk names the secret by %s", (pool, reference) => {
    const applied = built(["apply", "--json", "--virtinst", virtinst, "--pool", pool]);
    expectDone(applied);
    expect(json(applied.stdout)).toMatchObject({ status: "updated", pools: [pool] });
    const ran = install({ pool });
    expectRunning(ran, ran.serial, reference);
  });

  test.each(POOLS)("after apply: an import from %s boots, by the usage in one of the two pools", (pool) => {
    expectDone(built(["apply", "--virtinst", virtinst]));
    const ran = install({ pool });
    expectRunning(ran, ran.serial, "usage");
  });

  test("after: an installation from a CD-ROM boots the volume", () => {
    const disc = makeDisk(`${layout}.iso`);
    truncateSync(disc, 0);
    truncateSync(disc, 1 << 20);
    const ran = install({ cdrom: [disc] });
    expectRunning(ran, ran.serial, "usage");
    expect(xpath(virsh("dumpxml", GUEST), "string(//disk[@device='cdrom']/source/@file)")).toBe(disc);
  });

  test("after: with the first monitor stopped, the only one that this release writes, the guest still boots", async () => {
    cluster.stopFirstMonitor();
    try {
      expect(await answers(FIRST_MONITOR)).toBe(false);
      const ran = install();
      expectRunning(ran, ran.serial, "usage");
    } finally {
      cluster.startFirstMonitor();
    }
  });

  // 1.0.0 took the monitors of the pool that comes first in the alphabet, and this guest could not start.
  test("after: beside a pool of the same cluster with a monitor that is gone, the guest still boots", () => {
    const gone = { name: "127.0.0.9", port: 6789 };
    const pool = `${PREFIX}-adead`;
    const auth = { username: CEPH_USER, secret: `usage="${USAGE}"` };
    definePool(folder, { name: pool, cephPool: CEPH_POOL, hosts: [gone, FIRST_MONITOR], auth });
    cluster.stopFirstMonitor();
    try {
      const applied = built(["apply", "--json", "--virtinst", virtinst]);
      expectDone(applied);
      expect(json(applied.stdout)).toMatchObject({ status: "updated", pools: [pool, BY_USAGE, BY_UUID] });
      expectDone(built(["verify", "--virtinst", virtinst]));
      const ran = install();
      expectDone(ran);
      const [first, ...others] = MONITORS;
      expect(monitors(virsh("dumpxml", GUEST))).toEqual([first, `${gone.name}:${gone.port}`, ...others]);
      expectBooted(ran.serial);
    } finally {
      cluster.startFirstMonitor();
      removePool(pool);
    }
  });

  test("revert: the failure is back, and the file is restored byte for byte", () => {
    expectDone(built(["revert", "--virtinst", virtinst]));
    expect(install().code).not.toBe(0);
    expectNoGuest();
    const file = "virtinst/guest.py";
    expect(readFileSync(join(virtinst, file))).toEqual(readFileSync(resolve("test/fixtures/virtinst", layout, file)));
  });
});

/** Whether anything listens there. */
function answers({ name, port }: { name: string; port: number }): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, name);
    const end = (answer: boolean) => {
      socket.destroy();
      done(answer);
    };
    socket.on("connect", () => end(true)).on("error", () => end(false));
  });
}
