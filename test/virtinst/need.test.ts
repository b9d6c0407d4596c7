import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { findVirtinst } from "../../src/virtinst/find";
import { copiesAuth, findNeed, type PoolAuth } from "../../src/virtinst/need";
import { copyVirtinst } from "../support/cli";

const FILES = new HostFiles();
const BY_UUID: PoolAuth = { name: "u", auth: { secret: { uuid: "x" } } };
const BY_USAGE: PoolAuth = { name: "s", auth: { secret: { usage: "x" } } };
const OPEN: PoolAuth = { name: "o", auth: null };

test.each([
  ["guest-1.0", [BY_UUID], "required", /no auth/],
  ["guest-1.4", [OPEN], "required", /first monitor/],
  ["installer-2.0", [BY_UUID, BY_USAGE], "partial", /"s" names its secret by usage/],
  ["installer-4.0", [BY_USAGE], "partial", /by usage/],
  ["installer-4.0", [BY_UUID, OPEN], "not needed", /copies auth/],
  ["guest-1.4", [], "not needed", /^this host has no rbd pool$/],
] as const)("%s with %j: %s", (layout, pools, need, reason) => {
  const found = findNeed(findVirtinst(FILES, copyVirtinst(layout)), pools, FILES);
  expect(found.need).toBe(need);
  expect(found.reason).toMatch(reason);
});

test("the installed code decides, not the version: a backport, and code that writes no network disks", () => {
  const virtinst = copyVirtinst("guest-1.4");
  const need = () => findNeed(findVirtinst(FILES, virtinst), [BY_UUID], FILES).need;
  const copies = () => copiesAuth(findVirtinst(FILES, virtinst), FILES);
  expect(copies()).toBe(false);
  const code = join(virtinst, "virtinst/devicedisk.py");
  writeFileSync(code, "source_protocol = 1\nauth_secret_uuid = 2\n");
  expect([need(), copies()]).toEqual(["not needed", true]);
  writeFileSync(code, "source_protocol = 1\n# auth_secret_uuid is not copied\n");
  expect([need(), copies()]).toEqual(["required", false]);
  writeFileSync(code, "path = 1\n");
  expect(need()).toBe("impossible");
  rmSync(code);
  expect([need(), copies()]).toEqual(["unknown", false]);
});

test.each([
  ["path = 1", "impossible"],
  ["source_protocols = my_source_protocol = 1", "impossible"],
  ["source_protocol = 1", "required"],
  ["def _network_from_storage(): pass", "required"],
  ["network_from_storages = 1", "impossible"],
  ["source_protocol = 1\n   \t# auth_secret_uuid\n# auth_secret_uuid", "required"],
  ["source_protocol = 1\nauth_secret_uuids = my_auth_secret_uuid = 1", "required"],
  ["source_protocol = 1\n# why\nauth_secret_uuid = 1  # why", "not needed"],
] as const)("code such as %j: %s", (code, need) => {
  const virtinst = copyVirtinst("guest-1.4");
  writeFileSync(join(virtinst, "virtinst/devicedisk.py"), code);
  expect(findNeed(findVirtinst(FILES, virtinst), [BY_UUID], FILES).need).toBe(need);
});

test("of both places of disk code the newer decides", () => {
  const virtinst = copyVirtinst("installer-4.0");
  writeFileSync(join(virtinst, "virtinst/devicedisk.py"), "path = 1\n");
  expect(findNeed(findVirtinst(FILES, virtinst), [BY_UUID], FILES).need).toBe("not needed");
});

test("each need has its reason, with the code's path and the pools", () => {
  const virtinst = copyVirtinst("installer-4.0");
  const code = join(virtinst, "virtinst/devices/disk.py");
  const reason = (...pools: PoolAuth[]) => findNeed(findVirtinst(FILES, virtinst), pools, FILES).reason;
  expect(reason(BY_USAGE)).toBe(`${code} copies a secret's uuid only, and "s" names its secret by usage`);
  expect(reason(BY_USAGE, OPEN, { ...BY_USAGE, name: 't"' })).toBe(
    `${code} copies a secret's uuid only, and "s", "t\\"" name theirs by usage`,
  );
  expect(reason(BY_UUID)).toBe(`${code} copies auth and all monitors, and no pool names its secret by usage`);
  writeFileSync(code, "source_protocol = 1\n");
  expect(reason(BY_UUID)).toBe(`${code} copies only the first monitor of a pool, and no auth`);
  writeFileSync(code, "");
  expect(reason(BY_UUID)).toBe(
    `${code} writes no network disks at all, so there is nothing to complete: go to virt-manager 1.2 or later`,
  );
  rmSync(code);
  expect(reason(BY_UUID)).toBe(
    "virtinst's disk code (virtinst/devices/disk.py or virtinst/devicedisk.py) is not beside virtinst/install/installer.py",
  );
});
