import { describe, expect, it } from "vitest";
import {
  overlap,
  type PoolFacts,
  poolNames,
  sameCredentials,
  sameMonitor,
  sha256,
  splitMonitor,
} from "../../src/patch/facts";

const at = (name: string, port: number | null = null) => ({ name, port });
const pool = (names: readonly string[], more: Partial<PoolFacts> = {}): PoolFacts => ({
  pool: "p",
  cephPool: "vms",
  monitors: names.map((name) => at(name)),
  auth: null,
  ...more,
});

it.each([
  ["the same", at("m", 1), at("m", 1), true],
  ["another name", at("m", 1), at("n", 1), false],
  ["another port", at("m", 1), at("m", 2), false],
  ["a port that is missing", at("m"), at("m", 2), true],
  ["a port that is missing, the other way round", at("m", 2), at("m"), true],
  ["capitals", at("MON.Example"), at("mon.example"), true],
  ["brackets", at("[::1]"), at("::1"), true],
  ["half of the brackets, and a name that is shorter", at("[ab"), at("a"), false],
  ["the other half, and a name that is shorter", at("ab]"), at("b"), false],
])("a monitor and %s", (_, a, b, same) => expect(sameMonitor(a, b)).toBe(same));

it.each([
  ["a monitor in common", pool(["a", "b"]), pool(["c", "b"]), true],
  ["none in common", pool(["a"]), pool(["b"]), false],
  ["none listed by either", pool([]), pool([]), true],
  ["none listed by one", pool([]), pool(["a"]), false],
  ["another Ceph pool", pool(["a"]), pool(["a"], { cephPool: "iso" }), false],
])("two pools with %s", (_, a, b, same) => expect(overlap(a, b)).toBe(same));

describe("credentials", () => {
  const auth = { username: "u", uuid: "1" };
  it.each([
    ["the same", auth, { ...auth }, true],
    ["none on both", null, null, true],
    ["none on one", auth, null, false],
    ["another user", auth, { ...auth, username: "v" }, false],
    ["another secret", auth, { ...auth, uuid: "2" }, false],
  ])("%s", (_, a, b, same) => expect(sameCredentials({ auth: a }, { auth: b })).toBe(same));
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
  [",a:6789, ,b,", 6790, [at("a", 6789), at("b", 6790)]],
  ["[v2:192.0.2.1:3300,v1:192.0.2.1:6789]", null, [at("[v2:192.0.2.1:3300,v1:192.0.2.1:6789]")]],
  ["v2:192.0.2.1:3300/0, v1:192.0.2.1:6789/0", null, [at("v2:192.0.2.1:3300/0, v1:192.0.2.1:6789/0")]],
  ["", 6789, [at("", 6789)]],
] as const)("the <host> element %j with port %s has the monitors %j", (name, port, monitors) => {
  expect(splitMonitor({ name, port })).toEqual(monitors);
});

it("credentials are equal if the UUIDs are, or the usages of unknown UUIDs", () => {
  const auth = (more: object) => ({ auth: { username: "u", uuid: "1", ...more } });
  expect(sameCredentials(auth({}), auth({ usage: "s" }))).toBe(true);
  expect(sameCredentials(auth({ uuid: "2" }), auth({ usage: "s" }))).toBe(false);
  expect(sameCredentials(auth({ uuid: "", usage: "s" }), auth({ uuid: "", usage: "s" }))).toBe(true);
  expect(sameCredentials(auth({ uuid: "", usage: "s" }), auth({ uuid: "", usage: "t" }))).toBe(false);
  expect(sameCredentials(auth({ uuid: "", usage: "s" }), auth({}))).toBe(false);
});

it("SHA-256 is that of the text as UTF-8, or of the bytes", () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(sha256("abc")).toBe(abc);
  expect(sha256(Buffer.from("abc"))).toBe(abc);
  expect(sha256("\u00e9")).toBe(sha256(Buffer.from([0xc3, 0xa9])));
});
