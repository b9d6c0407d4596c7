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

describe("whether a host is affected depends on its pools and its disk code:", () => {
  test.each([
    ["guest-1.0", "cephx", "yes", [BY_UUID], /copies only the first monitor of a pool, and no auth/],
    ["guest-1.4", "no cephx and one monitor", "no", [OPEN], /no pool has several monitors or auth/],
    ["guest-1.4", "no cephx and two monitors", "yes", [{ ...OPEN, monitors: TWO }], /first monitor/],
    ["installer-2.0", "a secret by uuid and one by usage", "yes", [BY_UUID, BY_USAGE], /"s" names its secret by usage/],
    ["installer-4.0", "a secret by usage", "yes", [BY_USAGE], /by usage/],
    ["installer-4.0", "a secret by uuid, and no cephx", "no", [BY_UUID, OPEN], /copies auth and all monitors/],
    ["installer-4.0", "several monitors in one element", "yes", [LIST], /several monitors in one/],
    ["guest-1.4", "no pool", "no", [], /^this host has no rbd pool$/],
  ] as const)("for the disk code of %s, with %s, affected is %s", (layout, _, affected, pools, reason) => {
    const found = findAffected(findVirtinst(FILES, copyVirtinst(layout)), pools, FILES);
    expect(found.affected).toBe(affected);
    expect(found.reason).toMatch(reason);
  });

  test.each([
    ["a port in the name", "mon-a:6789", true],
    ["an IPv6 address in brackets with a port", "[2001:db8::1]:6789", true],
    ["a list without ports", "mon-a,mon-b", true],
    ["an IPv6 address", "2001:db8::1", false],
  ] as const)("a <host> with %s makes a host affected on 1.5 and later: %s, %s", (_, name, isList) => {
    const pool: PoolNeeds = { name: "p", monitors: [{ name, port: null }], auth: null };
    expect(affectedBy([pool])[3]?.affected).toBe(isList ? "yes" : "no");
  });
});

describe("the installed disk code decides, not the version:", () => {
  test.each([
    ["writes no network disks", "unsupported", "path = 1", false],
    ["has a longer name than that of network disks", "unsupported", "source_protocols = my_source_protocol = 1", false],
    ["writes network disks", "yes", "source_protocol = 1", false],
    ["names auth only in a comment", "yes", "source_protocol = 1\n   \t# auth_secret_uuid\n# auth_secret_uuid", false],
    ["copies auth", "no", "source_protocol = 1\n# why\nauth_secret_uuid = 1  # why", true],
  ] as const)("with code that %s, affected is %s", (_, affected, code, copies) => {
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
