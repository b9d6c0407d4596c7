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
