// What verify of the tool and of the standalone script makes of the virt-install of the host.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Both } from "../support/both";
import { HOST_BY_UUID } from "../support/cli";
import { standInProgram } from "../support/programs";

const AUTH = '<auth username="libvirt"><secret type="ceph" usage="client.libvirt secret"/></auth>';
const [FIRST = "", ...OTHERS] = [11, 12, 13].map((number) => `<host name="192.0.2.${number}" port="6789"/>`);
const rbd = (auth = AUTH, hosts = [FIRST, ...OTHERS]) =>
  `<disk>${auth}<source protocol="rbd" name="vms/virtinst-rbd-patch-1">${hosts.join("")}</source></disk>`;
const cdrom = (auth = "") => `<disk device="cdrom">${auth}<source file="/cd.iso"/></disk>`;
const prints = (...disks: string[]) => `echo '<domain><devices>${disks.join("")}</devices></domain>'`;
const FRAME = '  File "/x/virtinst/install/installer.py", line 9, in _build_xml';
const raises = (error: string) =>
  `printf '%s\\n' 'Traceback (most recent call last):' '${FRAME}' '${error}' >&2; exit 1`;

test("verify runs virt-install --print-xml with a disk of each pool, fails if one lacks anything, and leaves no file", async () => {
  const both = new Both();
  expect((await both.run("apply")).code).toBe(0);
  for (const [script, status, code] of [
    [prints(rbd(), cdrom()), "passed", 0],
    [prints(rbd(""), cdrom()), "failed", 5],
    [prints(rbd(AUTH, [FIRST]), cdrom()), "failed", 5],
    [prints(cdrom()), "failed", 5],
    [prints(rbd(), cdrom(AUTH)), "failed", 5],
    [raises("NameError: no re"), "failed", 5],
    [raises("ImportError: No module named libvirt"), "skipped", 0],
    ["exit 3", "skipped", 0],
  ] as const) {
    const said = 'echo "$PYTHONDONTWRITEBYTECODE $XDG_CACHE_HOME $*" > "$0.said"';
    both.each(({ top }) => standInProgram(top, `${said}\n${script}`));
    const { code: exit, install } = await both.run("verify");
    expect([script, exit, install.status]).toEqual([script, code, status]);
  }
  for (const { top } of both.places) {
    const said = readFileSync(join(top, "virt-install.sh.said"), "utf8");
    const [, folder = ""] = /^1 (\/\S+) .*--print-xml .*--disk vol=virtinst-rbd-patch-1\//.exec(said) ?? [];
    expect([folder === "", existsSync(folder)]).toEqual([false, false]);
  }
});

test("verify --static runs no virt-install", async () => {
  const both = new Both().each(({ top }) => standInProgram(top, 'touch "$0.run"'));
  expect((await both.run("apply")).code).toBe(0);
  expect(await both.run("verify", "--static")).toMatchObject({ code: 0, state: "current" });
  const unaffected = new Both({ pools: HOST_BY_UUID }).each(({ top }) => standInProgram(top, 'touch "$0.run"'));
  expect(await unaffected.run("verify", "--static")).toMatchObject({ code: 0, state: "not-patched" });
  for (const { top } of [...both.places, ...unaffected.places])
    expect(existsSync(join(top, "virt-install.sh.run"))).toBe(false);
});
