import { describe, expect, test } from "vitest";
import type { Pool, Secret } from "../../src/host/config";
import { resolvePools } from "../../src/host/resolve-pools";
import { settleUsers } from "../../src/host/users";

const UUID = "01234567-89ab-cdef-0123-456789abcdef";
const OTHER = "11111111-89ab-cdef-0123-456789abcdef";
const SECRETS: Secret[] = [UUID, OTHER].map((uuid) => ({ uuid, usageType: "ceph", usageName: `s ${uuid}` }));
const login = (username: string, uuid = UUID) => ({ auth: { username, secret: { uuid } } });
const on = (...names: string[]) => ({ monitors: names.map((name) => ({ name, port: 6789 })) });
const pool = (name: string, ...more: Partial<Pool>[]): Pool =>
  Object.assign({ name, active: true, cephPool: "vms", ...on("m1"), ...login("u") }, ...more);
/** What becomes of pools, beside a virtinst whose disks state their user or do not. */
const settled = (pools: Pool[], { told = false, only = [] as string[] } = {}) =>
  settleUsers(
    resolvePools({ elsewhere: false, virtinst: null, host: "h", source: "SOURCE", pools, secrets: SECRETS }, only),
    () => told,
  );

describe("pools of one Ceph pool with different users", () => {
  const pools = [pool("p"), pool("q", login("v", OTHER)), pool("r"), pool("s", { cephPool: "iso" })];

  test("are used if disks have their user", () => {
    const { cephPools, broken, notes } = settled(pools, { told: true });
    expect(cephPools.map(({ libvirtPools }) => libvirtPools)).toEqual([["p", "r"], ["q"], ["s"]]);
    expect([broken, notes]).toEqual([[], []]);
  });

  test("are all broken if disks do not have their user; other pools are used", () => {
    const { pools: whole, cephPools, resolved, broken, notes } = settled(pools);
    expect(whole.map((one) => one.pool)).toEqual(["s"]);
    expect(cephPools.map(({ libvirtPools }) => libvirtPools)).toEqual([["s"]]);
    expect(resolved).toHaveLength(4);
    expect(broken).toEqual([{ pools: ["p", "q", "r"], failure: expect.objectContaining({ kind: "pools" }) }]);
    expect(notes).toEqual([]);
  });

  test("are the only reason to check whether disks have their user", () => {
    const never = () => {
      throw new Error("asked");
    };
    const resolve = (all: Pool[], only: string[] = []) =>
      resolvePools(
        { elsewhere: false, virtinst: null, host: "h", source: "SOURCE", pools: all, secrets: SECRETS },
        only,
      );
    for (const table of [resolve([pool("p"), pool("r")]), resolve(pools, ["s"]), resolve([])])
      expect(settleUsers(table, never)).toBe(table);
    expect(() => settleUsers(resolve(pools), never)).toThrow("asked");
  });
});

describe("pools that --pool leaves out", () => {
  const note = (others: string, gets: string) =>
    `Volumes of pool ${others} get ${gets}: the pools are in the same Ceph pool "vms", and their disks cannot be distinguished.`;
  const U = 'the user "u" of pool "p" too';
  test.each<[title: string, others: Pool[], before: string[], since: string[]]>([
    ["another user", [pool("q", login("v"))], [note('"q"', U)], []],
    [
      "the same user, another secret",
      [pool("q", login("u", OTHER))],
      [note('"q"', 'the secret of pool "p" too')],
      [note('"q"', 'the secret of pool "p" too')],
    ],
    ["no user", [pool("q", { auth: null })], [note('"q"', U)], [note('"q"', U)]],
    [
      "the same user with another secret, and another user",
      [pool("q", login("u", OTHER)), pool("r", login("v"))],
      [note('"q", "r"', U)],
      [note('"q"', 'the secret of pool "p" too')],
    ],
    ["the same credentials", [pool("q")], [], []],
    ["other monitors", [pool("q", login("v"), on("m2"))], [], []],
  ])("and have %s: a note reports if their volumes get another user or secret", (_, others, before, since) => {
    for (const [told, notes] of [
      [false, before],
      [true, since],
    ] as const) {
      const facts = settled([pool("p"), ...others], { told, only: ["p"] });
      expect([facts.notes, facts.broken]).toEqual([notes, []]);
    }
  });

  test("the note for a pool without auth lists all pools of its entry", () => {
    const free = { auth: null };
    const pools = [pool("p", free), pool("p2", free), pool("q", login("v"))];
    expect(settled(pools, { only: ["p", "p2"] }).notes).toEqual([note('"q"', 'no user, like those of pool "p", "p2"')]);
    expect(settled(pools, { only: ["p", "p2"], told: true }).notes).toEqual([]);
  });

  test("only a pool on the same monitors gives its user", () => {
    const tied = [pool("p"), pool("p2", on("m1", "m2")), pool("s", login("w"), on("m3"))];
    const gets = (...names: string[]) =>
      settled([...tied, pool("q", login("v"), on(...names))], { only: ["p", "p2", "s"] }).notes;
    expect(gets("m1")).toEqual([note('"q"', 'the user "u" of pool "p", "p2" too')]);
    expect(gets("m2")).toEqual([note('"q"', 'the user "u" of pool "p", "p2" too')]);
    expect(gets("m3")).toEqual([note('"q"', 'the user "w" of pool "s" too')]);
  });

  test("no note is needed if several pools fit, because such a disk stays unchanged", () => {
    const pools = [pool("p"), pool("q", login("v")), pool("r", { auth: null })];
    expect(settled(pools, { only: ["p", "q"], told: true }).notes).toEqual([]);
  });

  test("an unknown secret counts as another secret", () => {
    const pools = [pool("p"), pool("q", { auth: { username: "u", secret: { usage: "x" } } })];
    expect(settled(pools, { only: ["p"] }).notes).toEqual([note('"q"', 'the secret of pool "p" too')]);
  });
});

describe("a note reports if a disk that lists no monitor cannot be matched to its pool", () => {
  const v = { auth: { username: "v", secret: { uuid: UUID } } };
  const note = (name: string, others: string) =>
    `Disks of pool ${name} list no monitor, and cannot be distinguished from disks of pool ${others}: they are left unchanged. Choose one of these pools with --pool.`;
  test.each<[title: string, pools: Pool[], notes: string[]]>([
    ["another user on the same Ceph pool", [pool("p"), pool("q", { ...v, monitors: [] })], [note('"q"', '"p"')]],
    ["no user on either", [pool("p", { auth: null }), pool("q", { auth: null, monitors: [] })], [note('"q"', '"p"')]],
    [
      "several other pools",
      [pool("a", { monitors: [{ name: "m9", port: 1 }] }), pool("p"), pool("p2"), pool("q", { ...v, monitors: [] })],
      [note('"q"', '"a", "p", "p2"')],
    ],
    [
      "several pools that are one entry",
      [pool("p"), pool("q", { ...v, monitors: [] }), pool("r", { ...v, monitors: [] })],
      [note('"q", "r"', '"p"')],
    ],
    ["the same user, which is one cluster", [pool("p"), pool("q", { monitors: [] })], []],
    ["another Ceph pool", [pool("p", { cephPool: "iso" }), pool("q", { ...v, monitors: [] })], []],
    ["monitors on both", [pool("p"), pool("q", { ...v, monitors: [{ name: "m2", port: 1 }] })], []],
  ])("with %s", (_, pools, notes) => expect(settled(pools).notes).toEqual(notes));
});

describe("a note reports if a disk with a user, but no monitor, cannot be matched to its pool", () => {
  const v = { ...login("v"), monitors: [] };
  test.each<[title: string, pools: Pool[], said: RegExp[]]>([
    ["another user", [pool("p"), pool("q", v)], []],
    [
      "a user, if its own pool has none",
      [pool("p"), pool("q", v, { auth: null })],
      [/"q" list no monitor.* disks of pool "p"/],
    ],
    ["the same user, another secret", [pool("p", login("v", OTHER)), pool("q", v)], [/ disks of pool "p"/]],
  ])("beside a pool with %s", (_, pools, said) =>
    expect(settled(pools, { told: true }).notes).toEqual(said.map((words) => expect.stringMatching(words))),
  );
});
