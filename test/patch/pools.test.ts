import { expect, it } from "vitest";
import {
  overlap,
  poolNames,
  type ResolvedPool,
  sameCredentials,
  sameMonitor,
  sha256,
  splitMonitor,
} from "../../src/patch/pools";

const at = (name: string, port: number | null = null) => ({ name, port });
const pool = (names: readonly string[], more: Partial<ResolvedPool> = {}): ResolvedPool => ({
  pool: "p",
  cephPool: "vms",
  monitors: names.map((name) => at(name)),
  auth: null,
  ...more,
});

it.each([
  ["itself", true, at("m", 1), at("m", 1)],
  ["another name", false, at("m", 1), at("n", 1)],
  ["another port", false, at("m", 1), at("m", 2)],
  ["one without a port", true, at("m"), at("m", 2)],
  ["one without a port, the other way round", true, at("m", 2), at("m")],
  ["one in capitals", true, at("MON.Example"), at("mon.example")],
  ["one in brackets", true, at("[::1]"), at("::1")],
  ["a shorter name without half of the brackets", false, at("[ab"), at("a")],
  ["a shorter name without the other half", false, at("ab]"), at("b")],
])("a monitor is the same as %s: %s", (_, same, a, b) => expect(sameMonitor(a, b)).toBe(same));

it.each([
  ["a monitor in common", true, pool(["a", "b"]), pool(["c", "b"])],
  ["none in common", false, pool(["a"]), pool(["b"])],
  ["none listed by either", true, pool([]), pool([])],
  ["none listed by one", false, pool([]), pool(["a"])],
  ["another Ceph pool", false, pool(["a"]), pool(["a"], { cephPool: "iso" })],
])("two pools with %s overlap: %s", (_, same, a, b) => expect(overlap(a, b)).toBe(same));

const AUTH = { username: "u", uuid: "1" };
it.each([
  ["the same values", true, AUTH, { ...AUTH }],
  ["no values on either side", true, null, null],
  ["no values on one side", false, AUTH, null],
  ["another user", false, AUTH, { ...AUTH, username: "v" }],
  ["another UUID", false, AUTH, { ...AUTH, uuid: "2" }],
  ["a usage on one", true, AUTH, { ...AUTH, usage: "s" }],
  ["a usage on one, and another UUID", false, { ...AUTH, uuid: "2" }, { ...AUTH, usage: "s" }],
  ["the same usage, without UUIDs", true, { ...AUTH, uuid: "", usage: "s" }, { ...AUTH, uuid: "", usage: "s" }],
  ["another usage, without UUIDs", false, { ...AUTH, uuid: "", usage: "s" }, { ...AUTH, uuid: "", usage: "t" }],
  ["the same usage, with a UUID on one", true, { ...AUTH, uuid: "", usage: "s" }, { ...AUTH, usage: "s" }],
  ["neither UUID nor usage", false, { ...AUTH, uuid: "" }, { ...AUTH, uuid: "" }],
  ["a usage without a UUID on one", false, { ...AUTH, uuid: "", usage: "s" }, AUTH],
])("credentials with %s are the same: %s", (_, same, a, b) => {
  expect(sameCredentials({ auth: a }, { auth: b })).toBe(same);
});

it("poolNames returns the names of all libvirt pools", () => {
  const ceph = (...libvirtPools: string[]) => ({ libvirtPools, name: "", monitors: [], auth: null });
  expect(poolNames([ceph("a", "b"), ceph("c")])).toEqual(["a", "b", "c"]);
});

it.each([
  ["a:6789,b:6790", null, [at("a", 6789), at("b", 6790)]],
  ["a, b", 6789, [at("a"), at("b", 6789)]],
  ["[2001:db8::1]:6789,[2001:db8::2]:6790", null, [at("[2001:db8::1]", 6789), at("[2001:db8::2]", 6790)]],
  ["2001:db8::1,2001:db8::2", null, [at("2001:db8::1"), at("2001:db8::2")]],
  ["a:6789", null, [at("a", 6789)]],
  ["2001:db8::1", 6789, [at("2001:db8::1", 6789)]],
  [", mon.example:6789 , b, ,", 6790, [at("mon.example", 6789), at("b", 6790)]],
  [",a:6789, ,b,", 6790, [at("a", 6789), at("b", 6790)]],
  ["[v2:192.0.2.1:3300,v1:192.0.2.1:6789]", null, [at("[v2:192.0.2.1:3300,v1:192.0.2.1:6789]")]],
  ["v2:192.0.2.1:3300/0, v1:192.0.2.1:6789/0", null, [at("v2:192.0.2.1:3300/0, v1:192.0.2.1:6789/0")]],
  ["", 6789, [at("", 6789)]],
] as const)("the <host> element %j with port %s has the monitors %j", (name, port, monitors) => {
  expect(splitMonitor({ name, port })).toEqual(monitors);
});

it("SHA-256 is that of the text as UTF-8, or of the bytes", () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(sha256("abc")).toBe(abc);
  expect(sha256(Buffer.from("abc"))).toBe(abc);
  expect(sha256("\u00e9")).toBe(sha256(Buffer.from([0xc3, 0xa9])));
});
