import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { affectedBy, copiesAuth, findAffected, type PoolNeeds } from "../../src/virtinst/affected";
import { findVirtinst } from "../../src/virtinst/find";
import { copyVirtinst } from "../support/cli";

const FILES = new HostFiles();
const ONE = [{ name: "192.0.2.11", port: 6789 }];
const TWO = [...ONE, { name: "192.0.2.12", port: 6789 }];
const BY_UUID: PoolNeeds = { name: "u", monitors: TWO, auth: { username: "libvirt", secret: { uuid: "x" } } };
const BY_USAGE: PoolNeeds = { name: "s", monitors: TWO, auth: { username: "libvirt", secret: { usage: "x" } } };
const OPEN: PoolNeeds = { name: "o", monitors: ONE, auth: null };
const LIST: PoolNeeds = { ...OPEN, name: "l", monitors: [{ name: "a:6789,b:6789", port: null }] };

describe("whether a host is affected depends on its pools and on the disk code", () => {
  test.each([
    ["guest-1.0", "cephx", [BY_UUID], "yes", /copies only the first monitor of a pool, and no auth/],
    ["guest-1.4", "no cephx and one monitor", [OPEN], "no", /no pool has several monitors or auth/],
    ["guest-1.4", "no cephx and two monitors", [{ ...OPEN, monitors: TWO }], "yes", /first monitor/],
    ["installer-2.0", "a secret by uuid and one by usage", [BY_UUID, BY_USAGE], "yes", /"s" names its secret by usage/],
    ["installer-4.0", "a secret by usage", [BY_USAGE], "yes", /by usage/],
    ["installer-4.0", "a secret by uuid, and no cephx", [BY_UUID, OPEN], "no", /copies auth and all monitors/],
    ["installer-4.0", "several monitors in one element", [LIST], "yes", /several monitors in one/],
    ["guest-1.4", "no pool", [], "no", /^this host has no rbd pool$/],
  ] as const)("that of %s, with %s", (layout, _, pools, affected, reason) => {
    const found = findAffected(findVirtinst(FILES, copyVirtinst(layout)), pools, FILES);
    expect(found.affected).toBe(affected);
    expect(found.reason).toMatch(reason);
  });

  test.each([
    ["a port in the name", "mon-a:6789", true],
    ["an IPv6 address in brackets with a port", "[2001:db8::1]:6789", true],
    ["a list without ports", "mon-a,mon-b", true],
    ["an IPv6 address", "2001:db8::1", false],
  ] as const)("a pool whose <host> is %s is affected on 1.5 and later: %s, %s", (_, name, isList) => {
    const pool: PoolNeeds = { name: "p", monitors: [{ name, port: null }], auth: null };
    expect(affectedBy([pool])[3]?.affected).toBe(isList ? "yes" : "no");
  });
});

describe("the installed disk code decides, not the version", () => {
  test.each([
    ["writes no network disks", "path = 1", "unsupported", false],
    ["has a longer name than that of network disks", "source_protocols = my_source_protocol = 1", "unsupported", false],
    ["writes network disks", "source_protocol = 1", "yes", false],
    ["names auth only in a comment", "source_protocol = 1\n   \t# auth_secret_uuid\n# auth_secret_uuid", "yes", false],
    ["copies auth", "source_protocol = 1\n# why\nauth_secret_uuid = 1  # why", "no", true],
  ] as const)("code that %s", (_, code, affected, copies) => {
    const virtinst = copyVirtinst("guest-1.4");
    writeFileSync(join(virtinst, "virtinst/devicedisk.py"), code);
    const installation = findVirtinst(FILES, virtinst);
    expect(findAffected(installation, [BY_UUID], FILES).affected).toBe(affected);
    expect(copiesAuth(installation, FILES)).toBe(copies);
  });

  test("if both files are there, that of 2.0 and later decides", () => {
    const virtinst = copyVirtinst("installer-4.0");
    writeFileSync(join(virtinst, "virtinst/devicedisk.py"), "path = 1\n");
    expect(findAffected(findVirtinst(FILES, virtinst), [BY_UUID], FILES).affected).toBe("no");
  });

  test("the answers for a standalone script have the path as a placeholder", () => {
    expect(affectedBy([BY_USAGE]).map(({ affected }) => affected)).toEqual(["unknown", "unsupported", "yes", "yes"]);
    for (const { reason } of affectedBy([BY_USAGE])) expect(reason.split("%s")).toHaveLength(2);
  });
});
