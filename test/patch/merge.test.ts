import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergePools } from "../../src/patch/merge";
import { type Monitor, type ResolvedPool, sameMonitor } from "../../src/patch/pools";

const AUTH = { username: "libvirt", uuid: "u-1" };
const at = (name: string, port: number | null = null): Monitor => ({ name, port });
const pool = (
  name: string,
  monitors: readonly (string | Monitor)[],
  more: Partial<ResolvedPool> = {},
): ResolvedPool => ({
  pool: name,
  cephPool: "rbd",
  monitors: monitors.map((monitor) => (typeof monitor === "string" ? at(monitor) : monitor)),
  auth: AUTH,
  ...more,
});
/** The names of the libvirt pools in each entry. */
const groups = (pools: readonly ResolvedPool[]) => mergePools(pools).map(({ libvirtPools }) => libvirtPools.join(" "));

describe("libvirt pools are merged into", () => {
  it("one entry, by usage, if they name the same secret by uuid and by usage", () => {
    const byUsage = pool("b", ["m1"], { auth: { ...AUTH, usage: "s" } });
    expect(mergePools([pool("a", ["m1"]), byUsage])).toMatchObject([
      { libvirtPools: ["a", "b"], auth: { ...AUTH, usage: "s" } },
    ]);
  });

  it("no entries if there are none", () => expect(mergePools([])).toEqual([]));

  it("one entry with all monitors and the auth if there is one", () => {
    const monitors = [at("m1", 6789), at("::2")];
    expect(mergePools([pool("a", monitors, { cephPool: "ssd" })])).toEqual([
      { libvirtPools: ["a"], name: "ssd", monitors, auth: AUTH },
    ]);
    expect(mergePools([pool("a", [], { auth: null })])[0]).toMatchObject({ monitors: [], auth: null });
  });

  it.each<[title: string, pools: ResolvedPool[], entries: string[]]>([
    ["a monitor in common", [pool("a", ["m1", "m2"]), pool("b", ["m3", "m2"])], ["a b"]],
    ["no monitor in common", [pool("a", ["m1"]), pool("b", ["m2"])], ["a", "b"]],
    ["no monitors on both", [pool("a", []), pool("b", [])], ["a b"]],
    ["no monitors on one", [pool("a", []), pool("b", ["m1"])], ["a", "b"]],
    ["another user", [pool("a", ["m1"]), pool("b", ["m1"], { auth: { ...AUTH, username: "x" } })], ["a", "b"]],
    ["another secret", [pool("a", ["m1"]), pool("b", ["m1"], { auth: { ...AUTH, uuid: "u-2" } })], ["a", "b"]],
    [
      "a monitor in common through another user's pool",
      [pool("a", ["m1"]), pool("b", ["m1", "m2"], { auth: { ...AUTH, username: "x" } }), pool("c", ["m2"])],
      ["a c", "b"],
    ],
    ["another Ceph pool", [pool("a", ["m1"]), pool("b", ["m1"], { cephPool: "ssd" })], ["a", "b"]],
    [
      "a monitor in common with each of two pools",
      [pool("a", ["m1"]), pool("b", ["m2"]), pool("c", ["m2", "m1"])],
      ["a b c"],
    ],
    [
      "a fifth pool with monitors of two pairs",
      [pool("a", ["1"]), pool("b", ["9"]), pool("c", ["1", "2"]), pool("d", ["3"]), pool("e", ["2", "3"])],
      ["a c d e", "b"],
    ],
    [
      "others between them, sorted by the first pool of each entry",
      [pool("a", ["1"]), pool("b", ["2"]), pool("c", ["3"]), pool("d", ["2", "4"]), pool("e", ["1"])],
      ["a e", "b d", "c"],
    ],
  ])("one entry for each Ceph pool, cluster and credentials: pools with %s", (_, pools, entries) =>
    expect(groups(pools)).toEqual(entries),
  );
});

describe("the monitors of an entry", () => {
  const dead = [at("192.0.2.9", 6789), at("192.0.2.1", 6789)];
  const own = [at("192.0.2.1", 6789), at("192.0.2.2", 6789), at("192.0.2.3", 6789)];

  it("are those of all its pools, so that a dead monitor does not hide the others", () => {
    expect(mergePools([pool("adead", dead), pool("libvirtpool", own)])).toEqual([
      { libvirtPools: ["adead", "libvirtpool"], name: "rbd", monitors: [...dead, ...own.slice(1)], auth: AUTH },
    ]);
  });

  it("are each listed once, as the first pool writes them", () => {
    expect(mergePools([pool("a", ["Mon1", "mon1", "[::1]"]), pool("b", ["::1", "MON1"])])).toMatchObject([
      { monitors: [at("Mon1"), at("[::1]")] },
    ]);
    expect(mergePools([pool("a", [at("m1", 1), at("m1", 2), at("m1", 1)])])[0]?.monitors).toEqual([
      at("m1", 1),
      at("m1", 2),
    ]);
  });

  // A missing port equals any, so that taking one for the other would lose a port.
  it.each([
    [["m1:1"], ["m1"], ["m1:2"]],
    [["m1"], ["m1:1", "m1:2"], ["m1"]],
    [["m1", "m1:1", "m1:2"], [], []],
  ])("include a monitor without a port and the same one with a port: %j %j %j", (...names) => {
    const monitor = (text: string) =>
      at(text.split(":")[0] as string, text.includes(":") ? Number(text.slice(3)) : null);
    const pools = names.map((own, index) => pool("abc"[index] as string, own.map(monitor)));
    expect(mergePools(pools)[0]?.monitors).toEqual([...new Set(names.flat())].map(monitor));
  });
});

const NAME = fc.constantFrom("m1", "m2", "m3", "m4", "m5");
const ANY_MONITOR = fc.tuple(NAME, fc.constantFrom(null, 1, 2)).map(([name, port]) => at(name, port));
const poolsWith = (monitor: fc.Arbitrary<Monitor>) =>
  fc
    .array(
      fc.record({
        cephPool: fc.constantFrom("rbd", "rbd", "rbd", "ssd"),
        monitors: fc.array(monitor, { maxLength: 3 }),
        auth: fc.constantFrom(AUTH, AUTH, AUTH, { ...AUTH, uuid: "u-2" }, null),
      }),
      { maxLength: 8 },
    )
    .map((all) => all.map((facts, index) => ({ ...facts, pool: `p${index}` })));

describe("random pools", () => {
  it("are each in one entry of their Ceph pool and credentials, in order, and no monitor is listed twice", () => {
    fc.assert(
      fc.property(poolsWith(ANY_MONITOR), (pools) => {
        const entries = mergePools(pools);
        const members = entries.map(({ libvirtPools }) => libvirtPools.map((name) => Number(name.slice(1))));
        expect(members.flat().sort()).toEqual(pools.map((_, index) => index));
        expect(members.map((own) => [...own].sort())).toEqual(members);
        expect(members.map(([first]) => first)).toEqual(members.map(([first]) => first).sort());
        for (const [index, { name, monitors, auth }] of entries.entries()) {
          const own = pools.filter((_, at) => members[index]?.includes(at));
          for (const { cephPool, auth: login } of own) expect([cephPool, login]).toEqual([name, auth]);
          for (const [place, monitor] of monitors.entries()) {
            expect(own.some((one) => one.monitors.includes(monitor))).toBe(true);
            const twins = (one: Monitor) => sameMonitor(one, monitor) && one.port === monitor.port;
            expect(monitors.slice(0, place).filter(twins)).toEqual([]);
          }
        }
      }),
    );
  });

  it("with the same Ceph pool and credentials are one entry if they share a monitor", () => {
    fc.assert(
      fc.property(poolsWith(ANY_MONITOR), (pools) => {
        const entries = mergePools(pools);
        for (const [index, one] of entries.entries())
          for (const other of entries.slice(0, index)) {
            if (one.name !== other.name || JSON.stringify(one.auth) !== JSON.stringify(other.auth)) continue;
            expect(one.monitors.filter((monitor) => other.monitors.some((same) => sameMonitor(monitor, same)))).toEqual(
              [],
            );
            expect(one.monitors.length + other.monitors.length).toBeGreaterThan(0);
          }
      }),
    );
  });
});
