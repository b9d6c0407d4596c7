import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { removed, removeLeftovers, temporaryName } from "../../src/system/leftovers";
import { temporaryFolder } from "../support/cli";

function folder(...names: string[]) {
  const path = temporaryFolder();
  for (const name of names) writeFileSync(join(path, name), "left");
  return { path, held: new HostFiles().hold(path) };
}

const OLD_NAME = ".guest.py.virtinst-rbd-patch.1234-mabcdefg";

test("what a killed run left goes once it is old, whoever left it; nothing else does", async () => {
  const others = [
    "guest.py",
    ".guest.py.swp",
    ".virtinst-rbd-patch",
    ".virtinst-rbd-patch.notes",
    "virtinst-rbd-patch.a-b",
  ];
  const { path, held } = folder(...others, temporaryName(), OLD_NAME);
  mkdirSync(join(path, ".virtinst-rbd-patch.folder-a"));
  symlinkSync("guest.py", join(path, ".virtinst-rbd-patch.link-a"));
  const begin = Date.now();
  expect(await removeLeftovers(held)).toEqual([]);
  expect(Date.now() - begin).toBeGreaterThan(9_000);
  expect(readdirSync(path).sort()).toEqual(
    [...others, ".virtinst-rbd-patch.folder-a", ".virtinst-rbd-patch.link-a"].sort(),
  );
});

test("a young one that goes by itself is waited for no longer", async () => {
  const name = temporaryName();
  const { path, held } = folder(name);
  const begin = Date.now();
  setTimeout(() => removed(held, name), 300);
  await removeLeftovers(held);
  expect(Date.now() - begin).toBeLessThan(5_000);
  expect(readdirSync(path)).toEqual([]);
});

test("a folder with nothing of that kind is not waited for", async () => {
  const begin = Date.now();
  expect(await removeLeftovers(folder("guest.py").held)).toEqual([]);
  expect(Date.now() - begin).toBeLessThan(1_000);
});

test("names differ, and are short whatever the target's is", () => {
  const names = new Set(Array.from({ length: 100 }, temporaryName));
  expect(names.size).toBe(100);
  expect(Math.max(...[...names].map((name) => name.length))).toBeLessThan(60);
});

test("what cannot be removed is named", () => {
  const { path, held } = folder();
  mkdirSync(join(path, "full"));
  chmodSync(path, 0o755);
  expect(removed(held, "full")).toEqual([
    `The temporary file ${path}/full cannot be removed: it is a directory. Remove it.`,
  ]);
  expect(removed(held, "gone")).toEqual([]);
});
