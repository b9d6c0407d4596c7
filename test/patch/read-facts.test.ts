import { describe, expect, it } from "vitest";
import { readFacts } from "../../src/patch/read-facts";
import { FACTS, patched } from "../support/patched";

const { helper } = patched().blocks;
const EMPTY = { libvirtPools: [], name: "", monitors: [], auth: null };
/** What is read of these lines in a pool's entry. */
const entry = (...lines: readonly string[]) => readFacts(["        {", ...lines].join("\n"));

describe("the facts in a block", () => {
  it("are those that it was rendered from", () => expect(readFacts(helper)).toEqual(FACTS));

  it("are none where there is no entry", () => {
    expect(readFacts("")).toEqual([]);
    expect(readFacts('            "ceph_pool": u"vms",\n                \'<host name="m"/>\',\n')).toEqual([]);
    expect(readFacts("    {")).toEqual([]);
  });

  it("are empty where an entry has no lines", () => expect(entry()).toEqual([EMPTY]));

  it("of format 1 are one libvirt pool each", () => {
    expect(entry('            "pool": u"a, b",', '            "ceph_pool": u"vms",')).toEqual([
      { ...EMPTY, libvirtPools: ["a, b"], name: "vms" },
    ]);
  });

  it("of format 1 have a monitor's name and port before its element", () => {
    expect(
      entry(
        '            "username": u"libvirt",',
        `                (u"192.0.2.11", u"6789", '<host name="192.0.2.11" port="6789"/>'),`,
        `                (u"h", None, '<host name="h"/>'),`,
        `                (u"i", None, '<host name="i"/>',`,
      ),
    ).toEqual([
      {
        ...EMPTY,
        monitors: [
          { name: "192.0.2.11", port: 6789 },
          { name: "h", port: null },
        ],
      },
    ]);
  });

  it("have an auth without its secret, and a secret without its auth, as it stands there", () => {
    expect(entry(`            "auth": '<auth username="u&#39;">',`)).toEqual([
      { ...EMPTY, auth: { username: "u'", uuid: "" } },
    ]);
    expect(entry('            "auth": None,', `            "secret": '<secret type="ceph" uuid="1"/>',`)).toEqual([
      EMPTY,
    ]);
  });
});

describe("what is not to the letter as this tool writes it is not read", () => {
  it.each([
    ["a name", '            "ceph_pool": u"\\u0041",', EMPTY],
    ["another kind of literal", '            "ceph_pool": "vms",', EMPTY],
    [
      "a libvirt pool's name",
      '            "libvirt_pools": [u"\\u0041", u"b"],',
      { ...EMPTY, libvirtPools: ["", "b"] },
    ],
    ["no name at all", '            "libvirt_pools": [],', EMPTY],
    ["a monitor's name", `                '<host name="a'b"/>',`, { ...EMPTY, monitors: [{ name: "", port: null }] }],
    ["a user", `            "auth": '<auth username="a'b">',`, { ...EMPTY, auth: { username: "", uuid: "" } }],
    [
      "an auth without a user",
      `            "auth": '<auth name="a">',`,
      { ...EMPTY, auth: { username: "", uuid: "" } },
    ],
    ["a line further in", '             "ceph_pool": u"vms",', EMPTY],
    ["a line with something before it", 'x            "ceph_pool": u"vms",', EMPTY],
    ["a line with something behind it", '            "ceph_pool": u"vms",  # x', EMPTY],
    ["a monitor further in", `                 '<host name="m"/>',`, EMPTY],
    ["a monitor with something before it", `x                '<host name="m"/>',`, EMPTY],
    ["a monitor with something behind it", `                '<host name="m"/>',  # x`, EMPTY],
    ["a port that is no number", `                '<host name="m" port="x"/>',`, EMPTY],
    ["a field that it does not know", '            "other": u"vms",', EMPTY],
  ])("%s", (_, line, pool) => expect(entry(line)).toEqual([pool]));
});
