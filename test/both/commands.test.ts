// What the tool and the standalone script do alike, over all layouts: bytes, exit codes and JSON keys.
import { chmodSync, linkSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { Both, type Place } from "../support/both";
import { eachLayout, HOST_BY_UUID, poolsOfOneCephPool, temporaryFile } from "../support/cli";

eachLayout(({ name: layout, python: major }) => {
  const python = major === 2 ? "python2.7" : "python3";
  test("apply, apply again, verify, revert, revert again", async () => {
    const both = new Both({ layout, python });
    expect(await both.run("apply", "--check", "--diff")).toMatchObject({ code: 1, status: "would be patched" });
    expect(await both.run("apply", "--diff")).toMatchObject({ code: 0, status: "patched", state: "current" });
    expect(await both.run("apply")).toMatchObject({ code: 0, status: "current", changed: false });
    expect(await both.run("verify")).toMatchObject({ code: 0, behaviour: { status: "passed" } });
    expect(await both.run("revert", "--check", "--diff")).toMatchObject({ code: 1, status: "would be reverted" });
    expect(await both.run("revert")).toMatchObject({ code: 0, status: "reverted", restored: true, timeRestored: true });
    expect(await both.run("revert")).toMatchObject({ code: 0, status: "not-patched", restored: null });
    expect(await both.run("verify", "--static")).toMatchObject({ code: 1, state: "not-patched" });
  });
});

describe("affected", () => {
  const disk = (place: Place) => join(place.top, "virtinst/devices/disk.py");
  const withDiskCode = (both: Both, change: (code: string) => string) =>
    both.each((place) => writeFileSync(disk(place), change(readFileSync(disk(place), "utf8"))));

  test("no: auth is copied, and no pool names its secret by usage", async () => {
    const both = new Both({ pools: HOST_BY_UUID });
    expect(await both.run("apply")).toMatchObject({ code: 0, status: "not needed", affected: "no" });
    expect((await both.run("verify", "--static")).code).toBe(0);
  });
  test("yes: no auth is copied", async () => {
    const both = withDiskCode(new Both({ pools: HOST_BY_UUID }), (code) => code.replaceAll("auth_secret_uuid", "x"));
    expect(await both.run("apply", "--check")).toMatchObject({ code: 1, affected: "yes" });
  });
  test("no: no auth is copied, and the pool has neither auth nor a second monitor", async () => {
    const pool = "<pool type='rbd'><name>p</name><source><host name='m'/><name>c</name></source></pool>";
    const pools = [`--pool-xml=${temporaryFile("p.xml", pool)}`];
    const both = withDiskCode(new Both({ pools }), (code) => code.replaceAll("auth_secret_uuid", "x"));
    expect(await both.run("apply")).toMatchObject({ code: 0, status: "not needed", affected: "no" });
  });
  test("yes: several monitors in one element", async () => {
    const pool = "<pool type='rbd'><name>p</name><source><host name='m:1,n:2'/><name>c</name></source></pool>";
    expect(
      (await new Both({ pools: [`--pool-xml=${temporaryFile("p.xml", pool)}`] }).run("apply", "--check")).code,
    ).toBe(1);
  });
  test("unsupported: no network disks", async () => {
    const both = withDiskCode(new Both(), () => "# source_protocol\n");
    expect(await both.run("verify", "--static")).toMatchObject({ code: 1, affected: "unsupported" });
    expect(await both.run("apply")).toMatchObject({ code: 4, error: expect.anything() });
  });
  test("unknown: no disk code", async () => {
    const both = new Both().each((place) => renameSync(disk(place), `${disk(place)}.away`));
    expect(await both.run("apply")).toMatchObject({ code: 0, affected: "unknown" });
  });
});

test("a host that is not affected is patched with --force", async () => {
  expect(await new Both({ pools: HOST_BY_UUID }).run("apply", "--force")).toMatchObject({ code: 0, status: "patched" });
});

describe("a manual edit", () => {
  const edited = (pools?: readonly string[]) =>
    new Both(pools ? { pools } : {}).each(({ edit }) =>
      edit((text) =>
        text.replace(/^( +)log\.debug/m, '$1final_xml = re.sub(\n$1    "a", "b", final_xml)\n$1log.debug'),
      ),
    );
  test("is refused, also if the host is not affected", async () => {
    expect((await edited().run("apply")).code).toBe(4);
    expect((await edited(HOST_BY_UUID).run("apply", "--check")).code).toBe(4);
  });
  test("is patched with --force", async () => {
    expect(await edited(HOST_BY_UUID).run("apply", "--force")).toMatchObject({ code: 0, status: "patched" });
  });
});

describe("names and modes of a file", () => {
  test("a mode, a hard link and a symbolic link to it", async () => {
    const both = new Both().each(({ path, top }) => {
      chmodSync(path, 0o640);
      linkSync(path, join(top, "other"));
      renameSync(path, `${path}.real`);
      symlinkSync(basename(`${path}.real`), path);
    });
    expect((await both.run("apply")).notes.join()).toMatch(/hard links/);
    expect((await both.run("revert")).code).toBe(0);
  });
});

test("pools whose names end in what looks like a literal", async () => {
  const both = new Both({ pools: poolsOfOneCephPool({ gpu: [11], ubuntu: [11], "menu, u": [11] }) });
  await both.run("apply");
  expect((await both.run("revert")).pools).toEqual(["gpu", "menu, u", "ubuntu"]);
});

test("pools that only their users tell apart: refused if no auth is copied", async () => {
  const pool = (name: string, user: string) =>
    `<pool type='rbd'><name>${name}</name><source><host name='m'/><name>c</name><auth type='ceph' username='${user}'><secret uuid='2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b${name}'/></auth></source></pool>`;
  const pools = ["1", "2"].map((name) => `--pool-xml=${temporaryFile(`${name}.xml`, pool(name, `u${name}`))}`);
  expect(await new Both({ pools }).run("apply")).toMatchObject({ code: 0, status: "not needed" });
  const both = new Both({ pools }).each(({ top }) => {
    const path = join(top, "virtinst/devices/disk.py");
    writeFileSync(path, readFileSync(path, "utf8").replaceAll("auth_secret_uuid", "x"));
  });
  expect(await both.run("apply")).toMatchObject({ code: 3, error: expect.anything() });
});
