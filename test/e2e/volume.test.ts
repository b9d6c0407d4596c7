import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { built, json } from "../support/cli";
import { atEnd, borrowVirtinst, expectDone, makeFolder, must, SHARE, undoAll } from "./support/machine";
import { testDriver } from "./support/test-driver";

const SECRET = resolve("test/fixtures/host/secret-usage.xml");
const USAGE = "client.libvirt secret";
const SECRET_TEXT = `usage "${USAGE}"`;
const INSTALLER = `${SHARE}/virtinst/install/installer.py`;

let folder: string;
let host: string[];

beforeAll(() => {
  borrowVirtinst();
  folder = makeFolder();
  host = ["--connect", testDriver(folder), "--secret-xml", SECRET];
});

afterAll(undoAll);

function verifyVolume(more: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const { code, stdout } = built(["verify", "--json", ...host, "--vol", "libvirtpool/virt-1", ...more], { env });
  const { volume, install, behaviour, state } = json(stdout);
  return { code, volume, install, behaviour, state };
}

describe("verify --vol, through Debian's own virt-install", () => {
  test("before apply: exit 5, with the difference", () => {
    const { code, volume } = verifyVolume();
    expect(code).toBe(5);
    expect(volume).toMatchObject({
      status: "failed",
      schema: { status: "failed" },
      causes: [],
    });
    expect(volume.disks[0].facts).toContainEqual({
      label: "secret",
      expected: SECRET_TEXT,
      found: "none",
      right: false,
    });
  });

  test("after apply: user, secret and each monitor are right, and the schema accepts the domain", () => {
    expectDone(built(["apply", ...host]));
    const { code, volume } = verifyVolume();
    expect(code).toBe(0);
    expect(volume).toMatchObject({ status: "passed", schema: { status: "passed" }, causes: [] });
    expect(volume.disks).toEqual([{ name: "vms/virt-1", facts: expect.any(Array) }]);
    expect(volume.disks[0].facts.map(({ label, right }: { label: string; right: boolean }) => [label, right])).toEqual([
      ["user", true],
      ["secret", true],
      ["monitor", true],
      ["monitor", true],
      ["monitor", true],
    ]);
  });

  test("stale byte code is caught", () => {
    const cache = must("/usr/bin/python3", [
      "-c",
      `import importlib.util; print(importlib.util.cache_from_source(${JSON.stringify(INSTALLER)}))`,
    ]).trim();
    const { mtimeMs, size } = statSync(INSTALLER);
    // Byte code of the file before the patch that states the time and size of the file after it.
    const old = join(folder, "old.py");
    writeFileSync(old, readFileSync(INSTALLER, "utf8").replace(/^ *# >>> [\s\S]*?# <<< .*\n/gm, ""));
    must("/usr/bin/python3", ["-m", "py_compile", old]);
    const stale = readFileSync(
      must("/usr/bin/python3", [
        "-c",
        `import importlib.util; print(importlib.util.cache_from_source(${JSON.stringify(old)}))`,
      ]).trim(),
    );
    stale.writeUInt32LE(Math.floor(mtimeMs / 1000), 8);
    stale.writeUInt32LE(size, 12);
    const before = readFileSync(cache);
    try {
      writeFileSync(cache, stale);
      expect(verifyVolume()).toMatchObject({ state: "current", code: 5, volume: { status: "failed" } });
    } finally {
      writeFileSync(cache, before);
    }
    expect(verifyVolume().code).toBe(0);
  });

  test("a wrapper that hides which virtinst is used is refused, unless --virtinst names it", () => {
    const wrapper = join(folder, "virt-install");
    writeFileSync(wrapper, '#!/bin/sh\nprogram=/usr/bin/virt-install\n"$program" "$@"\n');
    chmodSync(wrapper, 0o755);
    const env = { PATH: `${folder}:${process.env.PATH}` };
    const refused = built(["verify", ...host], { env });
    expect(refused.stderr).toContain(`It is unknown which virtinst ${wrapper} uses.`);
    expect(refused.code).toBe(4);
    expect(built(["verify", ...host, "--virtinst", SHARE], { env }).code).toBe(0);
    rmSync(wrapper);
  });

  test("a wrong usage in the patch is caught by the volume, by the behaviour and by the state", () => {
    const text = readFileSync(INSTALLER);
    try {
      writeFileSync(INSTALLER, text.toString().replaceAll(`usage="${USAGE}"`, 'usage="other"'));
      const { code, volume, behaviour, state } = verifyVolume();
      expect({ state, behaviour: behaviour.status }).toEqual({ state: "modified", behaviour: "failed" });
      expect(code).toBe(5);
      expect(volume.disks[0].facts).toContainEqual({
        label: "secret",
        expected: SECRET_TEXT,
        found: 'usage "other"',
        right: false,
      });
    } finally {
      writeFileSync(INSTALLER, text);
    }
  });

  test("output that is not XML is a failure of virt-install, not of the host configuration", () => {
    const text = readFileSync(INSTALLER);
    try {
      const into =
        "        final_xml = final_xml.replace('<devices>', '<devices><')\n        return initial_xml, final_xml\n";
      writeFileSync(INSTALLER, text.toString().replace("        return initial_xml, final_xml\n", into));
      const { code, volume } = verifyVolume();
      expect(code).toBe(5);
      expect(volume).toMatchObject({ status: "failed", reason: expect.stringMatching(/--print-xml --disk vol=.*/) });
      expect(volume.disks).toEqual([]);
    } finally {
      writeFileSync(INSTALLER, text);
    }
  });

  test("a volume that does not exist is skipped, with virt-install's own message", () => {
    const { code, volume, install } = verifyVolume(["--vol", "libvirtpool/nothing"]);
    expect(code).toBe(1);
    expect(volume).toMatchObject({
      status: "skipped",
      reason: expect.stringMatching(/: .*Storage volume not found.*'nothing'/),
    });
    expect(install.status).toBe("passed");
  });

  test.each([
    [["--vol", "nothing"], 2, /not POOL\/VOLUME/],
    [["--vol", "other/virt-1"], 3, /not among the rbd pools libvirtpool/],
  ])("%j exits %i", (words, exit, message) => {
    const { code, stderr } = built(["verify", ...host, ...words]);
    expect(stderr).toMatch(message);
    expect(code).toBe(exit);
  });

  test("needs live libvirt", () => {
    const { code, stderr } = built([
      "verify",
      "--pool-xml",
      resolve("test/fixtures/host/pool-usage.xml"),
      "--secret-xml",
      SECRET,
      "--vol",
      "libvirtpool/virt-1",
    ]);
    expect(stderr).toMatch(/--vol needs live libvirt/);
    expect(code).toBe(2);
  });

  test("leaves nothing behind", () => {
    expectDone(built(["revert", "--virtinst", SHARE]));
    expect(
      must("dpkg", ["--verify", "virtinst"])
        .split("\n")
        .filter((line) => line.includes(SHARE)),
    ).toEqual([]);
  });
});

describe("a read-only /usr", () => {
  test("says so, names images and ostree, and exits 6", () => {
    const mounted = join(folder, "usr");
    mkdirSync(mounted);
    must("mount", ["-t", "tmpfs", "tmpfs", mounted]);
    atEnd(`umount ${mounted}`, () => must("umount", [mounted]));
    cpSync("test/fixtures/virtinst/installer-4.0", join(mounted, "vm"), { recursive: true });
    must("mount", ["-o", "remount,ro", mounted]);
    const { code, stderr } = built(["apply", ...host, "--virtinst", join(mounted, "vm")]);
    expect(stderr).toMatch(/read-only.*\n.*ostree.*image.*--root/);
    expect(code).toBe(6);
  });
});
