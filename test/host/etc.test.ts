import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readEtc } from "../../src/host/etc";
import { HostFiles } from "../../src/system/host-files";
import { cli, image, TOOL, temporaryFolder } from "../support/cli";

const POOL = "etc/libvirt/storage/libvirtpool.xml";
const read = (base: string) => readEtc({ files: new HostFiles(base) });

test("readEtc reads the pools, the secrets and the hostname", () => {
  const base = image();
  expect(read(base)).toMatchObject({
    host: "golden",
    source: join(base, "etc/libvirt"),
    elsewhere: false,
    pools: [{ name: "libvirtpool", active: null }],
    secrets: [{ usageType: "ceph" }],
  });
});

test("readEtc follows links that stay inside the system, and reads only *.xml", () => {
  const base = image();
  renameSync(join(base, POOL), join(base, "pool"));
  symlinkSync("/pool", join(base, POOL));
  mkdirSync(join(base, "etc/libvirt/storage/autostart"));
  writeFileSync(join(base, "etc/libvirt/storage/libvirtpool.xml~"), "no pool");
  expect(read(base).pools).toHaveLength(1);
});

test("a libvirt may have no pools; a system without libvirt is an error", () => {
  const base = image();
  rmSync(join(base, POOL));
  expect(read(base)).toMatchObject({ pools: [], secrets: [{ usageType: "ceph" }] });
  for (const folder of ["storage", "secrets"]) rmSync(join(base, "etc/libvirt", folder), { recursive: true });
  expect(read(base)).toMatchObject({ pools: [], secrets: [] });
  rmSync(join(base, "etc/libvirt"), { recursive: true });
  const gone = `${base}/etc/libvirt does not exist: this is not the root directory of a system with libvirt.`;
  const hint = expect.stringMatching(/below --root.*--host, --pool-xml or --connect/);
  expect(() => read(base)).toThrow(expect.objectContaining({ kind: "pools", message: gone, hint }));
  writeFileSync(join(base, "etc/libvirt"), "");
  expect(() => read(base)).toThrow(gone);
  rmSync(join(base, "etc"), { recursive: true });
  expect(() => read(base)).toThrow(gone);
});

test.each<[string, (path: string) => void]>([
  ["a link that leads nowhere", (path) => symlinkSync("/no/such/folder", path)],
  ["a file", (path) => writeFileSync(path, "")],
])("%s in place of the directory of the pools is an error", (_, make) => {
  const base = image();
  const storage = join(base, "etc/libvirt/storage");
  rmSync(storage, { recursive: true });
  make(storage);
  expect(() => read(base)).toThrow(
    expect.objectContaining({
      kind: "pools",
      message: `${storage} is not a directory.`,
      hint: "Mount the whole system below --root, or fix it.",
    }),
  );
});

describe("a pool that cannot be read is an error", () => {
  test.each<[string, (path: string, base: string) => void]>([
    ["a link that leads nowhere", (path) => symlinkSync("/no/such/file", path)],
    ["a link that leads out of the system", (path) => symlinkSync(TOOL, path)],
    ["a pipe", (path) => spawnSync("mkfifo", [path])],
  ])("if it is %s", (_, make) => {
    const base = image();
    const path = join(base, "etc/libvirt/storage/other.xml");
    make(path, base);
    expect(() => read(base)).toThrow(
      expect.objectContaining({
        kind: "pools",
        message: `${path} is not a regular file.`,
      }),
    );
  });

  test("if it is larger than 4 MiB", () => {
    const base = image();
    truncateSync(join(base, POOL), 4 * 2 ** 20 + 1);
    expect(() => read(base)).toThrow(/libvirtpool\.xml cannot be read: it is larger than 4 MiB/);
  });

  const asNobody = process.getuid?.() === 0 ? test : test.skip;
  asNobody.each([
    ["storage", "etc/libvirt/storage"],
    ["the directory that virtinst is in", "usr/share"],
  ])("if a directory may not be searched: %s", (_, folder) => {
    const base = image();
    // Where somebody else may reach it.
    const tool = join(temporaryFolder(), "tool");
    cpSync(TOOL, tool);
    for (const path of [base, join(tool, "..")]) chmodSync(path, 0o755);
    chmodSync(join(base, folder), 0o700);
    const words = ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, tool];
    const { status, stderr } = spawnSync("setpriv", [...words, "apply", "--check", "--root", base], {
      encoding: "utf8",
    });
    expect(stderr).toMatch(/cannot be read: permission denied/);
    expect(stderr).toContain(join(base, folder));
    expect([3, 6]).toContain(status);
  });
});

test("no secret's value is opened or quoted, even if it is named as a host file", async () => {
  const base = image();
  const value = join(base, "etc/libvirt/secrets/2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1.base64");
  for (const words of [["--host"], ["--pool-xml"]]) {
    const { code, stdout, stderr } = await cli(["inspect", ...words, value]);
    expect(code).toBe(3);
    expect(stdout + stderr).not.toMatch(/VkFM|FMVU|UFV/);
  }
});

test("no secret's value is read through a link in the place of the hostname or of a pool", () => {
  const base = image();
  const value = "../libvirt/secrets/2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1.base64";
  rmSync(join(base, "etc/hostname"));
  symlinkSync(value.slice(3), join(base, "etc/hostname"));
  expect(() => read(base)).toThrow(/etc\/hostname cannot be read: the value of a secret \(\*\.base64\) is never read/);
  rmSync(join(base, "etc/hostname"));
  symlinkSync(value.replace("libvirt/", ""), join(base, "etc/libvirt/storage/other.xml"));
  expect(() => read(base)).toThrow(/other\.xml cannot be read: the value of a secret/);
});

test.each([
  ["golden\n", "golden"],
  ["hv01.example.org\nmore\n", "hv01.example.org"],
  ["two words\n", null],
  ["\n", null],
])("the hostname in %j is %s", (text, name) => {
  const base = image();
  writeFileSync(join(base, "etc/hostname"), text);
  expect(read(base).host).toBe(name);
});

test("only what libvirt loads is read: a pool from NAME.xml, a secret from UUID.xml; the rest is reported", () => {
  const base = image();
  const copy = join(base, "etc/libvirt/storage/backup-of-libvirtpool.xml");
  const draft = join(base, "etc/libvirt/secrets/0-rbd-virt.xml");
  cpSync(join(base, POOL), copy);
  writeFileSync(
    draft,
    "<secret><uuid>00000000-bbbb-4ccc-8ddd-eeeeeeeeeeee</uuid><usage type='ceph'><name>client.virt secret</name></usage></secret>",
  );
  const { pools, secrets, notes } = read(base);
  expect(pools.map(({ name }) => name)).toEqual(["libvirtpool"]);
  expect(secrets).toHaveLength(1);
  expect(notes).toEqual([
    expect.stringContaining(`${copy} was ignored: libvirt loads a pool only from NAME.xml`),
    expect.stringContaining(`${draft} was ignored`),
  ]);
});
