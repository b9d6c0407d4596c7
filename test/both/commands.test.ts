// Commands with which the tool and the standalone script do the same: bytes, exit codes and JSON keys.
import * as fs from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { Both, type Place } from "../support/both";
import { eachLayout, HOST_BY_UUID, poolsOfUsers, temporaryFile } from "../support/cli";

eachLayout(({ name: layout, python: major }) => {
  const python = major === 2 ? "python2.7" : "python3";
  test("apply patches the file, apply again changes nothing, and revert restores the content and the time", async () => {
    const both = new Both({ layout, python });
    const seen = () => both.places.map(({ path }) => [fs.readFileSync(path, "latin1"), fs.statSync(path).mtimeMs]);
    const original = seen();
    expect(await both.run("apply", "--check", "--diff")).toMatchObject({ code: 1, status: "would be patched" });
    expect(seen()).toEqual(original);
    expect(await both.run("apply", "--diff")).toMatchObject({ code: 0, status: "patched", state: "current" });
    expect(await both.run("apply")).toMatchObject({ code: 0, status: "current", changed: false });
    expect(await both.run("apply", "--check")).toMatchObject({ code: 0, status: "current" });
    expect(await both.run("verify")).toMatchObject({ code: 0, behaviour: { status: "passed" } });
    expect(await both.run("revert", "--check", "--diff")).toMatchObject({ code: 1, status: "would be reverted" });
    expect(await both.run("revert")).toMatchObject({ code: 0, status: "reverted", restored: true, timeRestored: true });
    expect(seen()).toEqual(original);
    expect(await both.run("revert")).toMatchObject({ code: 0, status: "not-patched", restored: null });
    expect(await both.run("verify", "--static")).toMatchObject({ code: 1, state: "not-patched" });
  });
});

describe("a host", () => {
  const disk = (place: Place) => join(place.top, "virtinst/devices/disk.py");
  const withDiskCode = (both: Both, change: (code: string) => string) =>
    both.each((place) => fs.writeFileSync(disk(place), change(fs.readFileSync(disk(place), "utf8"))));

  test("is not affected if auth is copied and no pool names its secret by usage: only --force patches it", async () => {
    const both = new Both({ pools: HOST_BY_UUID });
    const notes = [expect.stringMatching(/^Not affected: .*copies auth.*--force/)];
    const original = fs.readFileSync(both.places[0].path);
    expect(await both.run("apply")).toMatchObject({ code: 0, status: "not needed", tool: { notes } });
    expect(fs.readFileSync(both.places[0].path).equals(original)).toBe(true);
    expect((await both.run("verify", "--static")).code).toBe(0);
    expect(await both.run("apply", "--force")).toMatchObject({ code: 0, status: "patched" });
  });
  test("is affected if auth is not copied", async () => {
    const both = withDiskCode(new Both({ pools: HOST_BY_UUID }), (code) => code.replaceAll("auth_secret_uuid", "x"));
    expect(await both.run("apply", "--check")).toMatchObject({ code: 1, affected: "yes" });
  });
  test("is unsupported if virtinst writes no network disks", async () => {
    const both = withDiskCode(new Both(), () => "# source_protocol\n");
    expect(await both.run("verify", "--static")).toMatchObject({ code: 1, affected: "unsupported" });
    const message = expect.stringMatching(/no network disks: upgrade to virt-manager 1\.2 or later/);
    expect(await both.run("apply")).toMatchObject({ code: 4, error: { message }, tool: { error: { message } } });
  });
  test("is patched if the disk code is missing, which makes the answer unknown", async () => {
    const both = new Both().each((place) => fs.renameSync(disk(place), `${disk(place)}.away`));
    expect(await both.run("apply")).toMatchObject({ code: 0, affected: "unknown" });
  });
});

describe("a manual edit", () => {
  const edited = (pools?: readonly string[]) =>
    new Both(pools ? { pools } : {}).each(({ edit }) =>
      edit((text) =>
        text.replace(/^( +)log\.debug/m, '$1final_xml = re.sub(\n$1    "a", "b", final_xml)\n$1log.debug'),
      ),
    );
  test("is refused with its lines, even if the host is not affected; --force patches it, and revert keeps it", async () => {
    const message = expect.stringMatching(/manual edit in line \d+/);
    expect(await edited().run("apply")).toMatchObject({ code: 4, error: { message }, tool: { error: { message } } });
    const both = edited(HOST_BY_UUID);
    const before = fs.readFileSync(both.places[0].path);
    expect((await both.run("apply", "--check")).code).toBe(4);
    expect(await both.run("apply", "--force")).toMatchObject({ code: 0, status: "patched" });
    expect((await both.run("revert")).code).toBe(0);
    expect(fs.readFileSync(both.places[0].path).equals(before)).toBe(true);
  });
});

test("apply keeps the mode of the file and a symbolic link to it, and reports hard links, which keep the old content", async () => {
  const both = new Both().each(({ path, top }) => {
    fs.chmodSync(path, 0o640);
    fs.linkSync(path, join(top, "other"));
    fs.renameSync(path, `${path}.real`);
    fs.symlinkSync(basename(`${path}.real`), path);
  });
  const original = fs.readFileSync(both.places[0].path);
  const applied = await both.run("apply");
  for (const { notes } of [applied, applied.tool]) expect(notes.join()).toMatch(/hard links/);
  for (const { path, top } of both.places) {
    expect(fs.lstatSync(path).isSymbolicLink()).toBe(true);
    expect(fs.statSync(`${path}.real`).mode & 0o7777).toBe(0o640);
    expect(fs.readFileSync(`${path}.real`, "latin1")).toContain("_virtinst_rbd_patch");
    expect(fs.readFileSync(join(top, "other")).equals(original)).toBe(true);
  }
  expect((await both.run("revert")).code).toBe(0);
});

test("apply sets a time in a later second, so that Python does not use old byte code", async () => {
  const both = new Both().each(({ path }) => fs.utimesSync(path, 4e9, 4e9));
  expect((await both.run("apply")).code).toBe(0);
  for (const { path } of both.places) expect(fs.statSync(path).mtimeMs).toBeGreaterThan(4e12);
});

test("revert lists all pools of the patch, even if their names contain separators or look like Python literals", async () => {
  const USER = ["libvirt", "libvirt"] as const;
  const both = new Both({ pools: poolsOfUsers({ gpu: USER, ubuntu: USER, "menu, u": USER }) });
  expect((await both.run("apply")).status).toBe("patched");
  expect((await both.run("revert")).pools).toEqual(["gpu", "menu, u", "ubuntu"]);
});

test("two pools of one Ceph pool with different users are refused if virtinst does not copy the user", async () => {
  const pool = (name: string, user: string) =>
    `<pool type='rbd'><name>${name}</name><source><host name='m'/><name>c</name><auth type='ceph' username='${user}'><secret uuid='2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b${name}'/></auth></source></pool>`;
  const pools = ["1", "2"].map((name) => `--pool-xml=${temporaryFile(`${name}.xml`, pool(name, `u${name}`))}`);
  expect(await new Both({ pools }).run("apply")).toMatchObject({ code: 0, status: "not needed" });
  const both = new Both({ pools }).each(({ top }) => {
    const path = join(top, "virtinst/devices/disk.py");
    fs.writeFileSync(path, fs.readFileSync(path, "utf8").replaceAll("auth_secret_uuid", "x"));
  });
  expect(await both.run("apply")).toMatchObject({ code: 3, error: expect.anything() });
});
