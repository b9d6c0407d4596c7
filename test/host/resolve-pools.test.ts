import { describe, expect, test } from "vitest";
import { Failure } from "../../src/failure";
import type { HostConfig, Pool, Secret } from "../../src/host/config";
import { choosePools, resolvePools } from "../../src/host/resolve-pools";

const UUID = "01234567-89ab-cdef-0123-456789abcdef";
const OTHER = "11111111-89ab-cdef-0123-456789abcdef";
const pool = (name: string, more: Partial<Pool> = {}): Pool => ({
  name,
  active: true,
  cephPool: "vms",
  monitors: [{ name: "m1", port: 6789 }],
  auth: { username: "u", secret: { uuid: UUID } },
  ...more,
});
const ceph = (uuid: string, usageName: string | null): Secret => ({ uuid, usageType: "ceph", usageName });
const config = (pools: Pool[], secrets: Secret[] | null = [ceph(UUID, "s")]): HostConfig => ({
  host: "h",
  source: "SOURCE",
  elsewhere: false,
  virtinst: null,
  pools,
  secrets,
});
const usage = (name: string) => ({ auth: { username: "u", secret: { usage: name } } });

describe("the pools of a host:", () => {
  test("one that names its secret by usage keeps that reference, beside the UUID", () => {
    expect(resolvePools(config([pool("p", usage("s"))]), []).pools[0]?.auth).toEqual({
      username: "u",
      uuid: UUID,
      usage: "s",
    });
  });

  test("if the secrets cannot be read, the pool's own reference is used, with a note", () => {
    const { pools, notes } = resolvePools(config([pool("p"), pool("q", { ...usage("s"), cephPool: "iso" })], null), []);
    expect(pools.map(({ auth }) => auth)).toEqual([
      { username: "u", uuid: UUID },
      { username: "u", uuid: "", usage: "s" },
    ]);
    expect(notes).toEqual([
      expect.stringMatching(/^The secret of pool "p" \(uuid .*\) was not checked/),
      expect.stringMatching(/^The secret of pool "q" \(usage "s"\) was not checked/),
    ]);
  });

  test("a <host> element that lists several monitors is split", () => {
    const monitors = [{ name: "a:6789,[2001:db8::1]:6790", port: null }];
    expect(resolvePools(config([pool("p", { monitors })]), []).pools[0]?.monitors).toEqual([
      { name: "a", port: 6789 },
      { name: "[2001:db8::1]", port: 6790 },
    ]);
  });

  test.each([
    ["a secret by uuid that is not defined", config([pool("p")], []), [], /names a secret with uuid .*no such secret/],
    ["a secret by usage that is not defined", config([pool("p", usage("x"))]), [], /usage "x".*no such secret/],
    [
      "a secret of another type",
      config([pool("p", usage("s"))], [{ uuid: UUID, usageType: "volume", usageName: "s" }]),
      [],
      /usage type volume, not ceph/,
    ],
    [
      "a secret without a type",
      config([pool("p")], [{ uuid: UUID, usageType: null, usageName: null }]),
      [],
      /usage type none, not ceph\.$/,
    ],
    [
      "one cluster, one user, two secrets",
      config(
        [pool("p"), pool("q", { auth: { username: "u", secret: { uuid: OTHER } } })],
        [ceph(UUID, "s"), ceph(OTHER, "t")],
      ),
      [],
      /"p", "q".*different credentials\.$/,
    ],
  ])("those with %s are broken, with a hint", (_, host, only, message) => {
    const { pools, cephPools, broken } = resolvePools(host, only);
    expect(broken).toEqual([{ pools: host.pools.map(({ name }) => name), failure: expect.any(Failure) }]);
    expect(broken[0]?.failure).toMatchObject({
      kind: "pools",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/.{20}/),
    });
    expect([pools, cephPools]).toEqual([[], []]);
  });

  test("a host without an rbd pool is an error only if --pool names one", () => {
    const none = { pools: [], cephPools: [], resolved: [], broken: [], byUser: [], others: [], notes: [] };
    expect(resolvePools(config([]), [])).toEqual(none);
    expect(() => resolvePools(config([]), ["q"])).toThrow(
      expect.objectContaining({
        kind: "pools",
        message: 'SOURCE: there is no rbd pool named "q".',
        hint: "There are no rbd pools. Omit --pool, or check the source of the host configuration.",
      }),
    );
  });

  test("pools beside a broken one are used", () => {
    const names = (all: readonly { pool: string }[]) => all.map((one) => one.pool);
    const undefinedSecret = pool("a", { ...usage("x"), cephPool: "iso" });
    const { pools, cephPools, resolved, broken } = resolvePools(
      config([undefinedSecret, pool("b"), pool("c", { auth: null }), pool("d", { cephPool: "ssd" })]),
      [],
    );
    expect(names(pools)).toEqual(["d"]);
    expect(cephPools.map(({ libvirtPools }) => libvirtPools)).toEqual([["d"]]);
    expect(names(resolved)).toEqual(["b", "c", "d"]);
    expect(broken.map((one) => one.pools)).toEqual([["a"], ["b", "c"]]);
  });

  test("pools with the same credentials, another port or another Ceph pool do not contradict each other", () => {
    const secrets = [ceph(UUID, "s"), ceph(OTHER, "t")];
    const other = { auth: { username: "u", secret: { uuid: OTHER } } };
    for (const [second, entries] of [
      [pool("q"), 1],
      [pool("q", { ...other, cephPool: "images" }), 2],
      [pool("q", { ...other, monitors: [{ name: "m1", port: 3300 }] }), 2],
    ] as const) {
      const { pools, cephPools } = resolvePools(config([pool("p"), second], secrets), []);
      expect(pools).toHaveLength(2);
      expect(cephPools).toHaveLength(entries);
    }
  });

  test("pools of one Ceph pool with different users are listed in byUser, not broken", () => {
    const v = { auth: { username: "v", secret: { uuid: UUID } } };
    const { pools, cephPools, broken, byUser } = resolvePools(config([pool("p"), pool("q", v), pool("r")]), []);
    expect(pools.map((one) => one.pool)).toEqual(["p", "q", "r"]);
    expect(cephPools.map(({ libvirtPools }) => libvirtPools)).toEqual([["p", "r"], ["q"]]);
    expect([broken, byUser]).toEqual([[], [{ pools: ["p", "q", "r"], failure: expect.any(Failure) }]]);
    expect(byUser[0]?.failure).toMatchObject({
      kind: "pools",
      message:
        'SOURCE: the pools "p", "q", "r" name the same Ceph pool "vms" on the same monitors, but have different credentials, and no virtinst was found that writes the user of a pool into disks (1.5 and later do).',
      hint: "Choose the pools of one user with --pool p --pool r or --pool q, or upgrade to virt-manager 1.5 or later.",
    });
  });

  test.each<[title: string, pools: Pool[]]>([
    [
      "a third one has no user",
      [pool("p"), pool("q", { auth: { username: "v", secret: { uuid: UUID } } }), pool("r", { auth: null })],
    ],
    [
      "a third one has another secret for a user",
      [
        pool("p"),
        pool("q", { auth: { username: "v", secret: { uuid: UUID } } }),
        pool("r", { auth: { username: "u", secret: { uuid: OTHER } } }),
      ],
    ],
  ])("pools with different users are broken if %s", (_, pools) => {
    const { broken, byUser } = resolvePools(config(pools, [ceph(UUID, "s"), ceph(OTHER, "t")]), []);
    expect([broken.map((one) => one.pools), byUser]).toEqual([[["p", "q", "r"]], []]);
  });

  test("the secret that a pool names is used", () => {
    const secrets = [ceph(OTHER, "t"), ceph(UUID, "s")];
    expect(resolvePools(config([pool("p")], secrets), []).pools[0]?.auth?.uuid).toBe(UUID);
    expect(resolvePools(config([pool("p", usage("s"))], secrets), []).pools[0]?.auth?.uuid).toBe(UUID);
    const iscsi: Secret = { uuid: OTHER, usageType: "iscsi", usageName: "s" };
    expect(resolvePools(config([pool("p", usage("s"))], [iscsi, ceph(UUID, "s")]), []).pools[0]?.auth?.uuid).toBe(UUID);
  });

  test("an unknown --pool is an error that lists the rbd pools", () => {
    const attempt = () => resolvePools(config([pool("p"), pool("q")]), ["x", "p", "y"]);
    expect(attempt).toThrow(
      expect.objectContaining({
        message: 'SOURCE: there is no rbd pool named "x" or "y".',
        hint: 'The rbd pools are: "p", "q".',
      }),
    );
  });

  test("the error for contradicting pools lists them by name, with a --pool to choose", () => {
    const other = pool("q", { auth: null });
    const apart = pool("r", { cephPool: "iso" });
    const failure = (...pools: Pool[]) => resolvePools(config(pools), []).broken.map((one) => one.failure);
    expect(failure(other, apart, pool("p"))).toEqual([
      expect.objectContaining({
        message:
          'SOURCE: the pools "p", "q" name the same Ceph pool "vms" on the same monitors, but have different credentials.',
        hint: "Choose one pool with --pool p or --pool q.",
      }),
    ]);
    // The last is tied to the others by one of them only.
    const far = pool("t", { monitors: [{ name: "m2", port: 6789 }] });
    const tie = pool("s", { monitors: [...far.monitors, { name: "m1", port: null }] });
    expect(failure(far, other, apart, tie, pool("p"))).toEqual([
      expect.objectContaining({
        message:
          'SOURCE: the pools "p", "q", "s", "t" name the same Ceph pool "vms" on the same monitors, but have different credentials.',
        hint: "Choose the pools of one user with --pool p --pool s --pool t or --pool q.",
      }),
    ]);
  });
});

test("at most 1000 pools with 10000 monitors are accepted", () => {
  // Broken ones, which are compared with nothing.
  const lost = usage("lost");
  const many = (count: number) => Array.from({ length: count }, (_, at) => pool(`p${at}`, lost));
  const monitors = (count: number) => Array.from({ length: count }, (_, at) => ({ name: `m${at}`, port: 1 }));
  const wide = (count: number) => ["p", "q"].map((name) => pool(name, { ...lost, monitors: monitors(count) }));
  expect(resolvePools(config(many(1000)), []).broken).toHaveLength(1000);
  expect(resolvePools(config(wide(5000)), []).broken).toHaveLength(2);
  expect(resolvePools(config(many(1001)), ["p7"]).broken).toHaveLength(1);
  for (const [pools, found] of [
    [many(1001), "1001 rbd pools with 1001 monitors"],
    [wide(5001), "2 rbd pools with 10002 monitors"],
  ] as const)
    expect(() => resolvePools(config(pools), [])).toThrow(
      expect.objectContaining({
        kind: "pools",
        message: `SOURCE: there are ${found}. The limits are 1000 pools and 10000 monitors.`,
        hint: "Choose the pools that virt-install uses with --pool.",
      }),
    );
});

test("pools that --pool leaves out are listed in others, without an unknown UUID", () => {
  const rest = [pool("q", usage("s")), pool("r", usage("x")), pool("s", { auth: null })];
  const { others, broken, notes } = resolvePools(config([pool("p"), ...rest]), ["p"]);
  expect(others.map(({ pool: name, auth }) => [name, auth?.uuid])).toEqual([
    ["q", UUID],
    ["r", ""],
    ["s", undefined],
  ]);
  expect([broken, notes]).toEqual([[], []]);
  const unread = resolvePools(config([pool("p", { auth: null }), pool("q")], null), ["p"]);
  expect([unread.others[0]?.auth?.uuid, unread.notes]).toEqual([UUID, []]);
});

test("the pools of --pool are sorted by name, each once", () => {
  const names = (only: string[]) =>
    choosePools(config([pool("b"), pool("a"), pool("c")]), only).map(({ name }) => name);
  expect(names([])).toEqual(["a", "b", "c"]);
  expect(names(["c", "b", "c"])).toEqual(["b", "c"]);
});
