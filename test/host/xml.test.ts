import { describe, expect, test } from "vitest";
import { Failure } from "../../src/failure";
import { documentsIn, readPool, readSecret, readUuid } from "../../src/host/xml";

const pool = (source: string, type = "rbd") => `<pool type='${type}'><name>p</name><source>${source}</source></pool>`;
const AUTH = "<auth type='ceph' username='u'><secret usage='s'/></auth>";

describe("readPool", () => {
  test("reads monitors in their order, with and without ports and brackets", () => {
    const read = readPool(
      pool(`<host name='b' port='1'/><host name='[::1]' port='6789'/><host name='::2'/><name>c</name>${AUTH}`),
      "f",
    );
    expect(read).toEqual({
      name: "p",
      active: null,
      cephPool: "c",
      monitors: [
        { name: "b", port: 1 },
        { name: "[::1]", port: 6789 },
        { name: "::2", port: null },
      ],
      auth: { username: "u", secret: { usage: "s" } },
    });
  });

  test("accepts attributes in any order, comments, namespaces and unknown elements", () => {
    const xml = `<?xml version="1.0"?>
      <!-- made by hand -->
      <pool xmlns:rbd='http://libvirt.org/schemas/storagepool/rbd/1.0' type="rbd">
        <novel><source><name>wrong</name></source></novel>
        <name>p<!-- not this --></name>
        <source>
          <!-- <host name='no'/> -->
          <auth username="&lt;u&gt;" novel="1" type="ceph"><secret novel="" uuid='0123456789ABCDEF0123456789ABCDEF'/></auth>
          <name><![CDATA[a&b]]></name>
        </source>
        <rbd:config_opts><rbd:option name='client_mount_timeout' value='45'/></rbd:config_opts>
      </pool>`;
    expect(readPool(xml, "f")).toMatchObject({
      name: "p",
      cephPool: "a&b",
      monitors: [],
      auth: { username: "<u>", secret: { uuid: "01234567-89ab-cdef-0123-456789abcdef" } },
    });
  });

  test("returns null for a pool of another type", () => expect(readPool(pool("", "dir"), "f")).toBeNull());

  test.each([
    ["no end", "<pool>", /well-formed/],
    ["another document", "<domain/>", /the root element is <domain>, not <pool>/],
    ["no Ceph pool", pool(AUTH), /no Ceph pool: its <source> has no <name>/],
    ["an invalid port", pool("<name>c</name><host name='m' port='1 or 1'/>"), /port/],
    ["a host without a name", pool("<name>c</name><host port='1'/>"), /no name/],
    ["auth without a user", pool("<name>c</name><auth type='ceph'><secret usage='s'/></auth>"), /no username/],
    ["auth without a secret", pool("<name>c</name><auth type='ceph' username='u'/>"), /neither by uuid nor by usage/],
    ["a pool without a name", "<pool type='dir'/>", /the pool has no name/],
    ["an invalid UUID", pool("<name>c</name><auth username='u'><secret uuid='x'/></auth>"), /not a UUID/],
  ])("refuses %s, naming the file", (_, xml, message) => {
    const read = () => readPool(xml, "some.xml");
    expect(read).toThrow(Failure);
    expect(read).toThrow(message);
    expect(read).toThrow(/^some\.xml: /);
  });

  test("takes the text of an element in all its parts, without that of its children", () => {
    const read = readPool(pool("<name>a<!-- x -->b<c>d</c><![CDATA[&]]></name>"), "f");
    expect(read?.cephPool).toBe("ab&");
  });

  test("accepts the ports 1 to 65535", () => {
    for (const port of [1, 65535])
      expect(readPool(pool(`<name>c</name><host name='m' port='${port}'/>`), "f")?.monitors).toEqual([
        { name: "m", port },
      ]);
    for (const port of ["0", "65536", "00000", "", "-1", "123456", " 1"])
      expect(() => readPool(pool(`<name>c</name><host name='m' port='${port}'/>`), "f")).toThrow(
        `f: monitor m: invalid port ${JSON.stringify(port)}.`,
      );
  });

  test("accepts any line ends", () => {
    expect(() => readPool("<pool>\r\n<a>\r</pool>", "f")).toThrow(/\(line 3, /);
    expect(readPool(pool("<name>a\r\nb\rc</name>"), "f")?.cephPool).toBe("a\nb\nc");
  });

  test("refuses XML that is nested too deeply, has a DTD or is empty, with a hint", () => {
    const hint = "Pass the output of virsh (pool-dumpxml, secret-dumpxml or dumpxml), one XML document per file.";
    for (const [xml, why] of [
      ["<pool>".repeat(100_000), "the XML is nested too deeply"],
      ["<!DOCTYPE pool>\n<pool/>", "the XML has a DTD"],
      ["", "not well-formed XML (line 1, column 1)"],
    ] as const)
      expect(() => readPool(xml, "f")).toThrow(expect.objectContaining({ kind: "pools", message: `f: ${why}.`, hint }));
  });

  test("takes the UUID if an auth also has a usage, and refuses an empty usage", () => {
    const auth = (attributes: string) =>
      readPool(pool(`<name>c</name><auth username='u'><secret ${attributes}/></auth>`), "f")?.auth?.secret;
    const uuid = "01234567-89ab-cdef-0123-456789abcdef";
    expect(auth(`uuid='${uuid}' usage='s'`)).toEqual({ uuid });
    expect(auth(`uuid='${uuid}' usage=''`)).toEqual({ uuid });
    expect(() => auth("usage=''")).toThrow("f: the <auth> of pool p names its secret neither by uuid nor by usage.");
    expect(() => auth("uuid='' usage='s'")).toThrow('f: "" is not a UUID.');
  });

  test("refuses a pool without a source", () => {
    expect(() => readPool("<pool type='rbd'><name>p</name></pool>", "f")).toThrow(
      "f: pool p has no Ceph pool: its <source> has no <name>.",
    );
  });

  test("does not quote text that is not XML", () =>
    expect(() => readPool("root:secret-hash:0:0\nmore", "f")).toThrow(/^(?!.*secret-hash)/));
});

describe("readSecret", () => {
  test("reads uuid and usage of secrets of any type", () => {
    const xml = (usage: string) => `<secret><uuid>01234567-89AB-cdef-0123-456789abcdef</uuid>${usage}</secret>`;
    const uuid = "01234567-89ab-cdef-0123-456789abcdef";
    expect(readSecret(xml("<usage type='ceph'><name>n</name></usage>"), "f")).toEqual({
      uuid,
      usageType: "ceph",
      usageName: "n",
    });
    expect(readSecret(xml("<usage type='volume'><volume>/v</volume></usage>"), "f")).toEqual({
      uuid,
      usageType: "volume",
      usageName: "/v",
    });
    expect(readSecret(xml("<usage type='iscsi'><target>t</target></usage>"), "f")).toEqual({
      uuid,
      usageType: "iscsi",
      usageName: "t",
    });
    // What it is not used for has no name, and that is not an empty one.
    expect(readSecret(xml("<usage type='ceph'/>"), "f").usageName).toBeNull();
    expect(readSecret(xml("<usage type='ceph'><name/></usage>"), "f").usageName).toBe("");
    expect(readSecret(xml("<usage><name>n</name></usage>"), "f")).toMatchObject({ usageType: null, usageName: "n" });
    expect(readSecret(xml(""), "f")).toEqual({ uuid, usageType: null, usageName: null });
  });
});

test("a secret without a UUID is refused", () =>
  expect(() => readSecret("<secret/>", "f")).toThrow("f: the secret has no <uuid>."));

test.each(["0123456789abcdef0123456789abcdef0", "x0123456789abcdef0123456789abcdef"])("%s is not a UUID", (text) =>
  expect(() => readUuid(text, "f")).toThrow(`f: "${text}" is not a UUID.`),
);

test("a UUID is printed as libvirt prints it", () =>
  expect(readUuid(" 0123456789ABCDEF0123456789ABCDEF\n", "f")).toBe("01234567-89ab-cdef-0123-456789abcdef"));

const POOL = "<pool type='rbd'>\n  <name>a</name>\n</pool>";

test.each([
  ["one", `${POOL}\n`, [POOL]],
  ["behind other words", `virsh # ${POOL}\n\n`, [POOL]],
  [
    "several, with something between them",
    `${POOL}\n\nerror: no\n<secret>\n</secret>\n${POOL}`,
    [POOL, "<secret>\n</secret>", POOL],
  ],
  ["but not one without an end", `${POOL}\n<pool>\n <name/>\n`, [POOL]],
  ["but not one with a space beside its end tag", "<pool>\n</pool> \n </pool>\n", []],
])("the XML documents in the output of virsh are found: %s", (_, printed, documents) => {
  expect(documentsIn(printed, ["pool", "secret"])).toEqual(documents);
});
