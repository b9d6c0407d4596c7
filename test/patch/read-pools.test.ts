import { describe, expect, it } from "vitest";
import { readCephPools } from "../../src/patch/read-pools";
import { CEPH_POOLS, patched } from "../support/patched";

const { block } = patched();
const EMPTY = { libvirtPools: [], name: "", monitors: [], auth: null };
/** What is read of these lines in a pool's entry. */
const entry = (...lines: readonly string[]) => readCephPools(["        {", ...lines].join("\n"));

describe("the pools in a block", () => {
  it("are the pools that it was rendered from", () => expect(readCephPools(block)).toEqual(CEPH_POOLS));

  it("are none if there is no entry", () => {
    expect(readCephPools("")).toEqual([]);
    expect(readCephPools('            "ceph_pool": u"vms",\n                \'<host name="m"/>\',\n')).toEqual([]);
    expect(readCephPools("    {")).toEqual([]);
  });

  it("are empty if an entry has no lines", () => expect(entry()).toEqual([EMPTY]));

  it("have the usage of a secret", () => {
    expect(
      entry(
        `            "auth": '<auth username="u">',`,
        `            "secret": '<secret type="ceph" usage="a&#39;b"/>',`,
      ),
    ).toEqual([{ ...EMPTY, auth: { username: "u", uuid: "", usage: "a'b" } }]);
  });

  it("have an auth without a secret, and no secret without an auth", () => {
    expect(entry(`            "auth": '<auth username="u&#39;">',`)).toEqual([
      { ...EMPTY, auth: { username: "u'", uuid: "" } },
    ]);
    expect(entry('            "auth": None,', `            "secret": '<secret type="ceph" uuid="1"/>',`)).toEqual([
      EMPTY,
    ]);
  });
});

describe("a line that this tool does not write is not read:", () => {
  it.each([
    ["no name at all", '            "libvirt_pools": [],', EMPTY],
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
    ["a port that is not a number", `                '<host name="m" port="x"/>',`, EMPTY],
    ["a field that it does not know", '            "other": u"vms",', EMPTY],
  ])("%s", (_, line, pool) => expect(entry(line)).toEqual([pool]));
});
