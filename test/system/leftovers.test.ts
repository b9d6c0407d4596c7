import { chmodSync, closeSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Folder } from "../../src/system/folder";
import { HostFiles } from "../../src/system/host-files";
import { removed, removeLeftovers, temporaryName } from "../../src/system/leftovers";
import { temporaryFolder } from "../support/cli";

function folder(...names: string[]) {
  const path = temporaryFolder();
  for (const name of names) writeFileSync(join(path, name), "left");
  return { path, held: new HostFiles().hold(path) };
}

const OLD_NAME = ".guest.py.virtinst-rbd-patch.1234-mabcdefg";

/**
 * Removes them, with the clock's hands moved by hand: what it says, and how many milliseconds it waited.
 *
 * @param act what happens after 300 milliseconds
 */
async function removing(held: Folder, act = () => {}): Promise<{ notes: string[]; waited: number }> {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  let notes: string[] | null = null;
  const end = removeLeftovers(held, true).then((said) => {
    notes = said;
  });
  let waited = -100;
  for (; !notes && waited < 20_000; waited += 100) {
    if (waited === 300) act();
    await vi.advanceTimersByTimeAsync(waited < 0 ? 0 : 100);
  }
  await end;
  return { notes: notes ?? [], waited };
}

const MINE = [
  "my.virtinst-rbd-patch.0123456789ab-mabcdefg",
  ".virtinst-rbd-patch.0123456789ab-mabcdefg.bak",
  ".my.virtinst-rbd-patch.copy-of-today",
  ".guest.py.virtinst-rbd-patch.before-ticket4711",
];

test("what a killed run left goes once it is old, whoever left it; nothing else does", async () => {
  const others = ["guest.py", ".guest.py.swp", ".virtinst-rbd-patch", ".virtinst-rbd-patch.notes", ...MINE];
  const [name, folderName, link] = [temporaryName(), temporaryName(), temporaryName()];
  const { path, held } = folder(...others, name, OLD_NAME);
  mkdirSync(join(path, folderName));
  symlinkSync("guest.py", join(path, link));
  const { notes, waited } = await removing(held);
  expect(waited).toBe(10_000);
  expect(notes.sort()).toEqual(
    [name, OLD_NAME].map((gone) => `${path}/${gone} was removed: a run left it that was killed.`).sort(),
  );
  expect(readdirSync(path).sort()).toEqual([...others, folderName, link].sort());
});

test("a young one is left to the next run where nothing is to be done, and an old one is not", async () => {
  const { path, held } = folder(temporaryName());
  const begin = Date.now();
  expect(await removeLeftovers(held, false)).toEqual([]);
  expect(Date.now() - begin).toBeLessThan(5_000);
  expect(readdirSync(path)).toHaveLength(1);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 11_000 });
  onTestFinished(() => void vi.useRealTimers());
  expect(await removeLeftovers(held, false)).toHaveLength(1);
  expect(readdirSync(path)).toEqual([]);
});

test("one that is still written to is another run's", async () => {
  const name = temporaryName();
  const { path, held } = folder(name);
  const write = () => writeFileSync(join(path, name), "more");
  expect(await removing(held, write)).toEqual({ notes: [], waited: 400 });
  expect(readdirSync(path)).toEqual([name]);
});

test("a young one that goes by itself is waited for no longer", async () => {
  const name = temporaryName();
  const { path, held } = folder(name);
  expect(await removing(held, () => removed(held, name))).toEqual({ notes: [], waited: 400 });
  expect(readdirSync(path)).toEqual([]);
});

test("a folder with nothing of that kind is not waited for", async () => {
  expect(await removing(folder("guest.py").held)).toEqual({ notes: [], waited: 0 });
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

test("one that goes while it is looked at is nobody's", async () => {
  const { path, held } = folder();
  const list = vi.spyOn(held, "list").mockReturnValue([temporaryName()]);
  onTestFinished(() => list.mockRestore());
  expect(await removeLeftovers(held, true)).toEqual([]);
  expect(readdirSync(path)).toEqual([]);
});

test("in a folder that cannot be listed there is nothing of ours", async () => {
  const { held } = folder(temporaryName());
  closeSync(held.descriptor);
  expect(await removeLeftovers(held, true)).toEqual([]);
});
