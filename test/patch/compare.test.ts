import { expect, it } from "vitest";
import { comparePools } from "../../src/patch/compare";
import type { CephPool } from "../../src/patch/pools";

const POOL: CephPool = {
  libvirtPools: ["libvirtpool"],
  name: "vms",
  monitors: [{ name: "192.0.2.1", port: 6789 }],
  auth: { username: "libvirt", uuid: "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1" },
};

it("equal pools have no differences", () => expect(comparePools([POOL], [{ ...POOL }])).toEqual([]));

it.each([
  ["monitors", "192.0.2.1:6789", "[2001:db8::1]:3300", { monitors: [{ name: "2001:db8::1", port: 3300 }] }],
  ["monitors", "192.0.2.1:6789", "none", { monitors: [] }],
  ["user", "libvirt", "other", { auth: { ...POOL.auth, username: "other" } }],
  ["secret", "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1", "9", { auth: { ...POOL.auth, uuid: "9" } }],
  ["secret", "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1", 'usage "s"', { auth: { ...POOL.auth, usage: "s" } }],
  ["Ceph pool", "vms", "images", { name: "images" }],
])("a difference in the %s is reported: %s in the patch, %s on this host", (fact, there, here, other) =>
  expect(comparePools([POOL], [{ ...POOL, ...(other as Partial<CephPool>) }])).toEqual([
    `${fact} of pool "libvirtpool": ${there} in the patch, ${here} on this host`,
  ]),
);

it("a pool with auth and one without it differ in user and secret", () =>
  expect(comparePools([POOL], [{ ...POOL, auth: null }])).toHaveLength(2));

it("a pool that this host does not have is reported", () =>
  expect(comparePools([POOL], [])).toEqual(['pool "libvirtpool" is not on this host']));

it("pools that are one entry in the patch and two on this host are reported", () => {
  const one = { ...POOL, libvirtPools: ["a", "b"] };
  const two = [
    { ...POOL, libvirtPools: ["a"] },
    { ...POOL, libvirtPools: ["b"] },
  ];
  expect(comparePools([one], two)).toEqual(["the pools are grouped differently"]);
});
