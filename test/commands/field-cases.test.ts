// Cases from the field that 1.2.0 got wrong, each at the level of a command; names and addresses are invented.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { cli, json, PLAIN, target, temporaryFile, temporaryFolder, testOnPython2 } from "../support/cli";

const UUID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const secret = `<secret ephemeral='no' private='no'>
  <uuid>${UUID}</uuid>
  <usage type='ceph'><name>client.virt secret</name></usage>
</secret>`;
const pool = (name: string, cephPool: string, hosts: string, reference: string | null) => `<pool type='rbd'>
  <name>${name}</name>
  <source>
    ${hosts}
    <name>${cephPool}</name>
    ${reference === null ? "" : `<auth type='ceph' username='virt'><secret ${reference}/></auth>`}
  </source>
</pool>`;
const TWO = "<host name='198.51.100.10' port='6789'/><host name='198.51.100.11' port='6789'/>";
const host = (xml: string) => [
  `--pool-xml=${temporaryFile("pool.xml", xml)}`,
  `--secret-xml=${temporaryFile("secret.xml", secret)}`,
];

describe("a file that Python cannot import is refused, and nothing is written", () => {
  const hosts = () => host(pool("guests", "kvm", TWO, `usage='client.virt secret'`));
  const refused = async (layout: string, change: (text: string) => Buffer, message: RegExp) => {
    const { path, folder } = target(layout);
    const changed = change(readFileSync(path, "utf8"));
    writeFileSync(path, changed);
    const { code, stderr } = await cli(["apply", ...hosts(), "--virtinst", folder]);
    expect(stderr).toMatch(/does not compile with .*, even without the patch: /);
    expect(stderr).toMatch(message);
    expect(code).toBe(4);
    expect(readFileSync(path).equals(changed)).toBe(true);
  };
  /** Adds a comment in line 3, in some encoding; a coding line of the stand-in goes. */
  const commented =
    (comment: Buffer, first = "#") =>
    (text: string) => {
      const [, second = "", ...rest] = text.replace(/^.*coding[:=].*$/m, "#").split("\n");
      return Buffer.concat([Buffer.from(`${first}\n${second}\n# `), comment, Buffer.from(`\n${rest.join("\n")}`)]);
    };

  for (const [name, bytes] of [
    ["UTF-8", Buffer.from("Größe")],
    ["Latin-1", Buffer.from("Gr\xf6\xdfe", "latin1")],
    ["GBK", Buffer.from([0xc4, 0xe3, 0xba, 0xc3])],
  ] as const)
    testOnPython2(`a comment in ${name} without a coding line`, () =>
      refused("guest-1.4", commented(bytes), /line 3 is not ascii text/),
    );

  test("a coding line that does not fit, on Python 3", () =>
    refused(PLAIN, commented(Buffer.from("Größe"), "# -*- coding: ascii -*-"), /line 3 is not ascii text/));

  test("a comment in Latin-1 without a coding line, on Python 3", () =>
    refused(PLAIN, commented(Buffer.from("Gr\xf6\xdfe", "latin1")), /line 3 is not utf-8 text/));

  test("a coding line that fits is honoured", async () => {
    const { path, folder } = target(PLAIN);
    const text = readFileSync(path, "utf8").replace(/^/, "# -*- coding: latin-1 -*-\n# Gr\xf6\xdfe\n");
    writeFileSync(path, Buffer.from(text, "latin1"));
    expect(await cli(["apply", ...hosts(), "--virtinst", folder])).toMatchObject({ code: 0 });
    expect(await cli(["revert", "--virtinst", folder])).toMatchObject({ code: 0 });
    expect(readFileSync(path).equals(Buffer.from(text, "latin1"))).toBe(true);
  });
});

test("disks that say where their own cluster is are left unchanged, each with one log line", async () => {
  const remote = "<auth username='remote'><secret type='ceph' uuid='cccccccc-bbbb-4ccc-8ddd-eeeeeeeeeeee'/></auth>";
  const config = "<config file='/etc/ceph/site-b.conf'/>";
  const domain = temporaryFile(
    "dom.xml",
    `<domain type='kvm'><devices>
<disk type='network'>${remote}<source protocol='rbd' name='rbd/b1'>${config}</source></disk>
<disk type='network'><source protocol='rbd' name='rbd/b1-data'>${config}</source></disk>
<disk type='network'>${remote}<source protocol='rbd' name='rbd/b1-more'/></disk>
</devices></domain>`,
  );
  const { folder } = target(PLAIN);
  const options = [...host(pool("local", "rbd", TWO, `uuid='${UUID}'`)), "--virtinst", folder];
  const { code, stdout, stderr } = await cli(["preview", domain, ...options]);
  expect(code).toBe(0);
  expect(stdout).toBe("The patch changes nothing in this domain.\n");
  for (const line of [
    "disk rbd/b1 is left unchanged: it names its own Ceph configuration, unlike libvirt pool local",
    "disk rbd/b1-data is left unchanged: it names its own Ceph configuration, unlike libvirt pool local",
    "disk rbd/b1-more is left unchanged: it has another user than libvirt pool local",
  ])
    expect(stderr.split(line)).toHaveLength(2);
});

test("a pool without cephx and with one monitor does not make a host affected; two monitors do", async () => {
  const { folder, path, pristine } = target("guest-1.4");
  const one = host(pool("lab-ceph", "rbd", "<host name='198.51.100.10' port='3300'/>", null));
  const applied = json((await cli(["apply", "--json", ...one, "--virtinst", folder])).stdout);
  expect(applied).toMatchObject({ affected: "no", status: "not needed", changed: false });
  expect((await cli(["verify", ...one, "--virtinst", folder])).code).toBe(0);
  expect(readFileSync(path).equals(pristine)).toBe(true);
  const two = host(pool("lab-ceph", "rbd", TWO, null));
  expect(json((await cli(["inspect", "--json", ...two, "--virtinst", folder])).stdout)).toMatchObject({
    affected: "yes",
  });
});

test("a list of monitors in one <host> element becomes an element for each monitor", async () => {
  const { folder } = target(PLAIN);
  const list = "<host name='mon-a:6789,mon-b:6789,mon-c:6789'/>";
  const options = [...host(pool("guests", "kvm", list, `usage='client.virt secret'`)), "--virtinst", folder];
  const preview = async (source: string) => {
    const domain = temporaryFile(
      "before.xml",
      `<domain><devices>
    <disk type="network">
      ${source}
    </disk>
</devices></domain>`,
    );
    return (await cli(["preview", domain, "-o", "-", ...options])).stdout;
  };
  const hosts = (xml: string) => xml.match(/<host [^>]*>/g);
  const ALL = ["a", "b", "c"].map((name) => `<host name="mon-${name}" port="6789"/>`);
  // What virt-install writes for such a pool, a disk without monitors, and one that lists them as it should.
  for (const monitors of ['<host name="mon-a:6789,mon-b:6789,mon-c:6789"/>', "", ALL.join("")])
    expect(hosts(await preview(`<source protocol="rbd" name="kvm/g1">${monitors}</source>`))).toEqual(ALL);
  expect(json((await cli(["inspect", "--json", ...options])).stdout)).toMatchObject({
    affected: "yes",
    affectedReason: expect.stringContaining('"guests" lists several monitors in one'),
    resolved: [{ monitors: ["a", "b", "c"].map((name) => ({ name: `mon-${name}`, port: 6789 })) }],
    // The host file keeps what libvirt has.
    document: { pools: [{ monitors: [{ name: "mon-a:6789,mon-b:6789,mon-c:6789", port: null }] }] },
  });
});

test("below --root, a copy of a pool and the input file of virsh secret-define are not configuration", async () => {
  const base = temporaryFolder();
  cpSync(resolve("test/fixtures/virtinst", PLAIN), join(base, "usr/share/virt-manager"), { recursive: true });
  for (const folder of ["storage/autostart", "secrets"])
    mkdirSync(join(base, "etc/libvirt", folder), { recursive: true });
  const guests = pool("guests", "kvm", TWO, "usage='client.virt secret'");
  writeFileSync(join(base, "etc/libvirt/storage/guests.xml"), guests);
  writeFileSync(join(base, "etc/libvirt/storage/guests-old.xml"), guests.replace("198.51.100.11", "198.51.100.99"));
  writeFileSync(join(base, `etc/libvirt/secrets/${UUID}.xml`), secret);
  writeFileSync(join(base, "etc/libvirt/secrets/0-rbd-virt.xml"), secret.replace("aaaaaaaa", "00000000"));
  const { resolved, notes } = json((await cli(["inspect", "--json", "--root", base])).stdout);
  expect(resolved).toMatchObject([{ pool: "guests", auth: { uuid: UUID, usage: "client.virt secret" } }]);
  expect(resolved[0].monitors).toHaveLength(2);
  expect(notes.filter((note: string) => note.includes("was ignored"))).toEqual([
    expect.stringContaining("guests-old.xml"),
    expect.stringContaining("0-rbd-virt.xml"),
  ]);
});

describe("a manual edit of _build_xml", () => {
  const EDIT = [
    "auth = re.compile('<source protocol')",
    "start_xml = auth.sub('<auth/><source protocol', start_xml)",
    'final_xml = final_xml.replace(\'<host name="m1"/>\', \'<host name="m1"/><host name="m2"/>\')',
  ];
  const edited = (layout: string, lines: readonly string[]) => {
    const made = target(layout);
    const [first] = made.standIn.returns;
    made.edit(/^( +)(log|logging)\.debug\(/m, (_: string, indent: string, log: string) =>
      [...lines.map((line) => indent + line.replaceAll("start_xml", first)), `${indent}${log}.debug(`].join("\n"),
    );
    return made;
  };

  test.each([
    ["an affected host", "usage='client.virt secret'"],
    ["a host that is not affected", `uuid='${UUID}'`],
  ])("is refused on %s, with the lines to delete, its bugs and how to restore the file", async (_, reference) => {
    const options = host(pool("guests", "kvm", TWO, reference));
    const { path, folder } = edited(PLAIN, EDIT);
    const before = readFileSync(path, "utf8");
    const first = before.split("\n").findIndex((line) => line.includes("re.compile")) + 1;
    for (const words of [[], ["--check"]]) {
      const { code, stdout, stderr } = await cli(["apply", ...words, ...options, "--virtinst", folder]);
      expect(code).toBe(4);
      expect(stdout).toBe("");
      expect(stderr).toContain(`manual edit in line ${first}, ${first + 1}, ${first + 2}`);
      for (const part of ["NameError", "TypeError", "file disks", "Restore", "--force"]) expect(stderr).toContain(part);
      expect(readFileSync(path, "utf8")).toBe(before);
    }
  });

  test("is patched with --force, and stays when the patch is removed", async () => {
    const { path, folder } = edited(PLAIN, EDIT);
    const before = readFileSync(path, "utf8");
    const options = host(pool("guests", "kvm", TWO, "usage='client.virt secret'"));
    expect(await cli(["apply", "--force", ...options, "--virtinst", folder])).toMatchObject({ code: 0 });
    expect(await cli(["revert", "--virtinst", folder])).toMatchObject({ code: 0 });
    expect(readFileSync(path, "utf8")).toBe(before);
  });
});
