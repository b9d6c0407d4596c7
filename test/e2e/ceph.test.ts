import { cpSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { built, json, type Ran } from "../support/cli";
import { BOOT_MESSAGE, BOOT_SECTOR } from "./support/boot-sector";
import { CEPH_POOL, CEPH_USER, type Cluster, MONITOR_HOSTS, startCluster } from "./support/ceph";
import { definePool, defineSecret, removeDomain, removePool, startLibvirt, virsh } from "./support/libvirtd";
import {
  atEnd,
  changedFiles,
  expectDone,
  makeFolder,
  monitors,
  PREFIX,
  requireCleanVirtinst,
  run,
  undoAll,
  validate,
  waitFor,
  xpath,
} from "./support/machine";

const SECRET = "6c0f1f3a-54a4-4b0b-9a0e-3b7d5f1e9a11";
const USAGE = `${PREFIX} client.${CEPH_USER} secret`;
const BY_USAGE = `${PREFIX}-usage`;
const BY_UUID = `${PREFIX}-uuid`;
const BY_LIST = `${PREFIX}-list`;
const POOLS = [BY_LIST, BY_USAGE, BY_UUID];
const VOLUME = "virt-1";
const IMAGE = `${CEPH_POOL}/${VOLUME}`;
const MONITORS = MONITOR_HOSTS.map(({ name, port }) => `${name}:${port}`);
const GUEST = `${PREFIX}-guest`;

/** How a disk names its secret. */
type Reference = "usage" | "uuid";

let folder: string;
let cluster: Cluster;
let guests = 0;

beforeAll(() => {
  requireCleanVirtinst();
  folder = makeFolder();
  cluster = startCluster(folder);
  const image = join(folder, "volume.img");
  writeFileSync(image, BOOT_SECTOR);
  truncateSync(image, 64 << 20);
  cluster.rbd("import", "--no-progress", image, IMAGE);
  startLibvirt(folder);
  defineSecret(folder, SECRET, USAGE, cluster.key);
  for (const [name, secret] of [
    [BY_USAGE, `usage="${USAGE}"`],
    [BY_UUID, `uuid="${SECRET}"`],
  ] as const)
    definePool(folder, { name, cephPool: CEPH_POOL, hosts: MONITOR_HOSTS, auth: { username: CEPH_USER, secret } });
  // One <host> lists all monitors.
  atEnd(`undefine pool ${BY_LIST}`, () => removePool(BY_LIST));
  virsh(
    ...["pool-define-as", BY_LIST, "rbd", "--source-host", MONITORS.join(","), "--source-name", CEPH_POOL],
    ...["--auth-type", "ceph", "--auth-username", CEPH_USER, "--secret-uuid", SECRET],
  );
  expect(monitors(virsh("pool-dumpxml", BY_LIST))).toEqual([`${MONITORS.join(",")}:`]);
  for (const name of POOLS) virsh("pool-start", name);
});

afterEach(() => removeDomain(GUEST));

afterAll(undoAll);

function makeDisc(name: string): string {
  const file = join(folder, name);
  writeFileSync(file, "");
  truncateSync(file, 1 << 20);
  return file;
}

/** The file that gets what the next guest prints on its serial line. */
const nextSerial = () => join(folder, `serial-${++guests}.log`);

/** Runs Debian's virt-install; the guest is emulated, so that no virtualisation is needed. */
function virtInstall(...words: string[]): Ran & { serial: string } {
  const serial = nextSerial();
  const ran = run("virt-install", [
    ...["--connect", "qemu:///system", "--virt-type", "qemu", "--name", GUEST, "--memory", "64", "--osinfo", "none"],
    ...["--network", "none", "--graphics", "none", "--serial", `file,path=${serial}`, "--noautoconsole", ...words],
  ]);
  return { ...ran, serial };
}

const rbdDisk = (pool: string) => ["--disk", `vol=${pool}/${VOLUME}`];
const importFrom = (pool: string) => virtInstall("--import", ...rbdDisk(pool));

/** Checks that the guest runs and has opened the volume, and that its next start has the same user and monitors. */
function expectRunning(ran: Ran, reference: Reference, hosts = MONITORS): void {
  expectDone(ran);
  expect(virsh("domstate", GUEST).trim()).toBe("running");
  expect(cluster.watchers(IMAGE)).toMatch(/watcher=127\.0\.0\.\d/);
  const next = virsh("dumpxml", "--inactive", GUEST);
  const rbd = "//disk[source/@protocol='rbd']";
  const secret = `${rbd}/auth/secret`;
  for (const xml of [virsh("dumpxml", GUEST), next]) {
    expect(xpath(xml, `concat(count(${rbd}), ' ', ${rbd}/auth/@username, ' ', count(${secret}))`)).toBe(
      `1 ${CEPH_USER} 1`,
    );
    expect(xpath(xml, `concat(${secret}/@usage, '|', ${secret}/@uuid)`)).toBe(
      reference === "usage" ? `${USAGE}|` : `|${SECRET}`,
    );
    expect(monitors(xml)).toEqual(hosts);
  }
  expect(validate(folder, next).code).toBe(0);
}

function expectBooted({ serial, ...ran }: Ran & { serial: string }, reference: Reference, hosts = MONITORS): void {
  expectRunning(ran, reference, hosts);
  waitFor("the guest boots", 60, () => readFileSync(serial, "latin1").includes(BOOT_MESSAGE));
}

/** Checks that no guest was created, for a reason. */
function expectRefused({ code, stderr }: Ran, reason: string | RegExp): void {
  expect(code).not.toBe(0);
  expect(stderr).toMatch(reason);
  expect(virsh("list", "--all", "--name").split("\n")).not.toContain(GUEST);
  expect(cluster.watchers(IMAGE)).toContain("Watchers: none");
}

const NO_SECRET = "missing secret uuid or usage attribute";

describe("on a real Ceph cluster, Debian's virt-install", () => {
  test("without the patch fails for a secret by usage and for a list of monitors, and verify --vol reports that", () => {
    expectRefused(importFrom(BY_USAGE), NO_SECRET);
    expectRefused(importFrom(BY_LIST), /error connecting: Invalid argument/);
    const { code, stdout } = built(["verify", "--json", "--vol", `${BY_USAGE}/${VOLUME}`]);
    expect(code).toBe(5);
    expect(json(stdout)).toMatchObject({ state: "not-patched", volume: { status: "failed" } });
  });

  test("passes verify after apply", () => {
    const applied = built(["apply", "--json"]);
    expectDone(applied);
    expect(json(applied.stdout)).toMatchObject({ changed: true, status: "patched", pools: POOLS });
    const verified = built(["verify", "--json"]);
    expectDone(verified);
    expect(json(verified.stdout)).toMatchObject({ state: "current", behaviour: { status: "passed" } });
  });

  test.each(POOLS)("passes verify --vol for a volume of pool %s, with user, secret and monitors", (pool) => {
    const verified = built(["verify", "--json", "--vol", `${pool}/${VOLUME}`]);
    expectDone(verified);
    const { volume } = json(verified.stdout);
    expect(volume).toMatchObject({ status: "passed", schema: { status: "passed" }, disks: [{ name: IMAGE }] });
    const secret = pool === BY_USAGE ? `usage ${JSON.stringify(USAGE)}` : SECRET;
    expect(volume.disks[0].values).toEqual(
      [["user", CEPH_USER], ["secret", secret], ...MONITORS.map((monitor) => ["monitor", monitor])].map(
        ([label, value]) => ({ label, expected: value, found: value, right: true }),
      ),
    );
  });

  test.each(POOLS)("boots a guest with --import from a volume of pool %s", (pool) => {
    expectBooted(importFrom(pool), pool === BY_USAGE ? "usage" : "uuid");
  });

  test("starts an installation from a CD-ROM, and the domain for the next start is complete too", () => {
    const disc = makeDisc("install.iso");
    expectRunning(virtInstall("--cdrom", disc, ...rbdDisk(BY_USAGE)), "usage");
    expect(xpath(virsh("dumpxml", GUEST), "string(//disk[@device='cdrom']/source/@file)")).toBe(disc);
    expect(xpath(virsh("dumpxml", "--inactive", GUEST), "count(//disk[@device='cdrom']/source)")).toBe("0");
  });

  test("fails again after revert, and dpkg --verify reports nothing", () => {
    expectDone(built(["revert"]));
    expectRefused(importFrom(BY_USAGE), NO_SECRET);
    expect(changedFiles()).toBe("");
  });

  test("boots a guest after apply of the standalone script on a host without Node, and fails after its revert", () => {
    const script = join(folder, "standalone.py");
    expectDone(built(["bundle", "-o", script]));
    // The programs that the script may run, and no Node.
    const bin = makeFolder();
    for (const name of ["sh", "env", "python3", "virt-install", "cp", "stat", "touch", "timeout"])
      symlinkSync(`/usr/bin/${name}`, join(bin, name));
    const scripted = (...words: string[]) => run("env", ["-i", `PATH=${bin}`, script, ...words, "--json"]);
    expectDone(scripted("apply"));
    const verified = scripted("verify");
    expectDone(verified);
    expect(json(verified.stdout)).toMatchObject({ behaviour: { status: "passed" }, install: { status: "passed" } });
    expectDone(built(["verify"]));
    expectBooted(importFrom(BY_USAGE), "usage");
    removeDomain(GUEST);
    expectDone(scripted("revert"));
    expectRefused(importFrom(BY_USAGE), NO_SECRET);
    expect(changedFiles()).toBe("");
  });
});

/** A stand-in for a release before 2.0, which writes no auth and one monitor. */
function standIn(layout: string) {
  const virtinst = join(folder, layout);
  return {
    copy: () => cpSync(resolve("test/fixtures/virtinst", layout), virtinst, { recursive: true }),
    tool: (command: string, ...words: string[]) => {
      const ran = built([command, "--json", "--virtinst", virtinst, ...words]);
      expectDone(ran);
      return json(ran.stdout);
    },
    /** Defines and starts the guest as releases of that layout do. */
    install: (pool: string, ...cdrom: string[]) => {
      const serial = nextSerial();
      const words = [resolve("test/e2e/support/install.py"), virtinst, GUEST, pool, VOLUME, serial, ...cdrom];
      return { ...run("python2.7", words, { seconds: 400 }), serial };
    },
    file: () => readFileSync(join(virtinst, "virtinst/guest.py")),
    original: readFileSync(resolve("test/fixtures/virtinst", layout, "virtinst/guest.py")),
  };
}
const LAYOUTS = ["guest-1.0", "guest-1.4"];

describe.each(LAYOUTS)("on a real Ceph cluster, a virtinst with the layout of %s under Python 2.7", (layout) => {
  let own: ReturnType<typeof standIn>;
  const REFUSED = /error connecting: (?:Operation not supported|Permission denied|No such file or directory)/;

  beforeAll(() => {
    own = standIn(layout);
    own.copy();
  });

  test("cannot open a volume without the patch", () => expectRefused(own.install(BY_USAGE), REFUSED));

  test("boots a guest whose disk names the secret by uuid after apply --pool for a pool by uuid", () => {
    expect(own.tool("apply", "--pool", BY_UUID)).toMatchObject({ changed: true, status: "patched", pools: [BY_UUID] });
    expectBooted(own.install(BY_UUID), "uuid");
  });

  test("boots a guest whose disk names the secret by usage after apply for all pools", () => {
    expect(own.tool("apply")).toMatchObject({ status: "updated", pools: POOLS });
    const { behaviour } = own.tool("verify");
    expect(behaviour).toMatchObject({ status: "passed", reason: expect.stringContaining("2.7") });
    expectBooted(own.install(BY_UUID), "usage");
  });

  test("boots the volume in an installation from a CD-ROM", () => {
    const disc = makeDisc(`${layout}.iso`);
    expectBooted(own.install(BY_USAGE, disc), "usage");
    expect(xpath(virsh("dumpxml", GUEST), "string(//disk[@device='cdrom']/source/@file)")).toBe(disc);
  });

  test("fails again after revert, which restores the file byte for byte", () => {
    own.tool("revert");
    expectRefused(own.install(BY_USAGE), REFUSED);
    expect(own.file()).toEqual(own.original);
  });
});

describe("while the first monitor of the pool is stopped,", () => {
  beforeAll(() => cluster.stopFirstMonitor());

  test("a guest of Debian's virt-install boots", () => {
    expectDone(built(["apply"]));
    expectBooted(importFrom(BY_USAGE), "usage");
  });

  // Version 1.0.0 used only the monitors of the pool that is first in the alphabet, and this guest did not start.
  test.each(LAYOUTS)("a guest of %s boots, even if another pool lists a monitor that is gone", (layout) => {
    const gone = { name: "127.0.0.9", port: 6789 };
    const pool = `${PREFIX}-adead`;
    const auth = { username: CEPH_USER, secret: `usage="${USAGE}"` };
    definePool(folder, { name: pool, cephPool: CEPH_POOL, hosts: [gone, MONITOR_HOSTS[0]], auth });
    const own = standIn(layout);
    expect(own.tool("apply")).toMatchObject({ status: "patched", pools: [pool, ...POOLS] });
    own.tool("verify");
    const [first = "", ...others] = MONITORS;
    expectBooted(own.install(BY_USAGE), "usage", [first, `${gone.name}:${gone.port}`, ...others]);
    removePool(pool);
  });
});
