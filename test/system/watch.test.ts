import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Folder } from "../../src/system/folder";
import { HostFiles } from "../../src/system/host-files";
import { Watch } from "../../src/system/watch";
import { temporaryFolder } from "../support/cli";

/** A file that is watched in its folder, and one beside it. */
function watched() {
  const folder = temporaryFolder();
  const [file, other] = [join(folder, "guest.py"), join(folder, "other")];
  for (const path of [file, other]) writeFileSync(path, "old\n");
  const held = new HostFiles().hold(folder);
  const watch = new Watch(held, "guest.py");
  onTestFinished(() => watch.end());
  return { folder, file, other, watch };
}

/** How many folders this process watches, by the kernel's account. */
function watches(): number {
  const lines = readdirSync("/proc/self/fdinfo").flatMap((name) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${name}`, "utf8").split("\n");
    } catch {
      return [];
    }
  });
  return lines.filter((line) => line.startsWith("inotify ")).length;
}

/** Does something some turns later: the kernel tells of it when the run has asked already. */
async function after(turns: number, act: () => void): Promise<void> {
  for (let at = 0; at < turns; at++) await turn();
  act();
}

describe("what happened to a name", () => {
  test("nothing", async () => {
    const { watch } = watched();
    expect([watch.blind, await watch.seen(0)]).toEqual([null, []]);
  });

  test("all of it, in order, and nothing of what happened beside it", async () => {
    const { file, other, watch } = watched();
    appendFileSync(other, "more\n");
    expect(await watch.seen(0)).toEqual([]);
    chmodSync(file, 0o600);
    expect(await watch.seen(0)).toEqual(["change"]);
    renameSync(other, file);
    expect(await watch.seen(1)).toEqual(["change", "rename"]);
    appendFileSync(file, "more\n");
    rmSync(file);
    expect(await watch.seen(2)).toEqual(["change", "rename", "change", "rename"]);
  });

  test("what the kernel tells late is waited for, whatever it told before", async () => {
    const { file, other, watch } = watched();
    chmodSync(file, 0o600);
    const [seen] = await Promise.all([watch.seen(1), after(50, () => renameSync(other, file))]);
    expect(seen).toEqual(["change", "rename"]);
  });

  test("what never comes is not waited for without end", async () => {
    const { watch } = watched();
    let turns = 0;
    let waits = true;
    const count = async () => {
      for (; waits && turns < 5000; turns++) await turn();
    };
    const counted = count();
    expect(await watch.seen(1)).toEqual([]);
    waits = false;
    await counted;
    expect(turns).toBeGreaterThan(500);
    expect(turns).toBeLessThan(2000);
  });

  test("what was given is as it was then", async () => {
    const { file, watch } = watched();
    const seen = await watch.seen(0);
    chmodSync(file, 0o600);
    await watch.seen(0);
    expect(seen).toEqual([]);
  });
});

test("a watch ends, and keeps no process waiting", async () => {
  const before = watches();
  const waiting = () => process.getActiveResourcesInfo().filter((name) => name.includes("FSEvent")).length;
  const idle = waiting();
  const { folder, watch, file } = watched();
  expect(watches()).toBe(before + 1);
  expect(waiting()).toBe(idle);
  mkdirSync(join(folder, "sub"));
  watch.end();
  expect(watches()).toBe(before);
  chmodSync(file, 0o600);
  expect(await watch.seen(0)).toEqual([]);
});

test("where nothing can be watched, the reason is there, and nothing is waited for", async () => {
  const folder = { descriptor: 99_999 } as Folder;
  const watch = new Watch(folder, "guest.py");
  expect(watch.blind).toBe("no such file or directory");
  let turns = 0;
  let waits = true;
  const counted = (async () => {
    for (; waits && turns < 5000; turns++) await turn();
  })();
  expect(await watch.seen(1)).toEqual([]);
  waits = false;
  await counted;
  expect(turns).toBeLessThan(100);
  watch.end();
});
