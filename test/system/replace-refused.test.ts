import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Failure } from "../../src/failure";
import { replaceFile } from "../../src/system/replace";
import { must } from "../support/attributes";
import { temporaryFolder } from "../support/cli";
import { file, hold } from "../support/replace";

const ran = (program: string, ...args: readonly string[]) => spawnSync(program, args).status === 0;

/** Why this machine lets nobody do what a test needs; empty where it does. */
const IS_ROOT = process.getuid?.() === 0;
const NO_MOUNT = IS_ROOT && ran("unshare", "--mount", "true") ? "" : "not run: this is no root who may mount";

/** A test that says why it is not run where it is not. */
function testWhere(lacking: string, name: string, work: () => Promise<void>): void {
  if (lacking) test.skip(`${name} (${lacking})`, () => {});
  else test(name, work);
}

/** A small file system that goes when the test ends. */
function mounted(options: string): string {
  const path = join(temporaryFolder(), "mounted");
  mkdirSync(path);
  must("mount", "-t", "tmpfs", "-o", options, "tmpfs", path);
  onTestFinished(() => void must("umount", "-l", path));
  return path;
}

describe("a system that refuses leaves the old file", () => {
  testWhere(NO_MOUNT, "with no room for the new one", async () => {
    const one = file(mounted("size=64k"));
    expect(await one.replace(Buffer.alloc(200_000, "x"))).toMatchObject({
      message: `${one.whole} cannot be replaced: no space left on the device.`,
      hint: "Nothing was changed. Mend the cause, then run this again.",
    });
    expect(readFileSync(one.whole, "utf8")).toBe("old\n");
    expect(one.names()).toEqual(["guest.py"]);
  });

  testWhere(NO_MOUNT, "with no room for a second name", async () => {
    const one = file(mounted("size=64k,nr_inodes=3"));
    expect(await one.replace()).toMatchObject({ message: expect.stringContaining("no space left on the device") });
    expect(readFileSync(one.whole, "utf8")).toBe("old\n");
    expect(one.names()).toEqual(["guest.py"]);
  });

  testWhere(NO_MOUNT, "on a file system that is mounted read-only", async () => {
    const one = file(mounted("size=64k"));
    must("mount", "-o", "remount,ro", one.path);
    expect(await one.replace()).toMatchObject({
      message: `${one.whole} cannot be replaced: the file system is read-only.`,
      hint: expect.stringContaining("patch the image instead: mount it and use --root"),
    });
  });

  testWhere(NO_MOUNT, "on which another is mounted", async () => {
    const one = file();
    const other = join(temporaryFolder(), "other");
    writeFileSync(other, "old\n");
    const inner = hold(one.path);
    must("mount", "--bind", other, one.whole);
    onTestFinished(() => void must("umount", "-l", one.whole));
    const old = inner.read("guest.py");
    await expect(replaceFile(inner, "guest.py", old, Buffer.from("new\n"))).rejects.toMatchObject({
      message: expect.stringMatching(/guest\.py cannot be replaced: .*busy.*\.$/),
      hint: "Something is mounted on it: patch the file that was mounted there.",
    });
    expect(readFileSync(one.whole, "utf8")).toBe("old\n");
    expect(one.names()).toEqual(["guest.py"]);
  });

  test("in a folder where nobody may make a file", async () => {
    const [path, name] = IS_ROOT ? ["/sys/kernel", "uevent_seqnum"] : [temporaryFolder(), "guest.py"];
    if (!IS_ROOT) {
      writeFileSync(join(path, name), "old\n");
      chmodSync(path, 0o555);
      onTestFinished(() => chmodSync(path, 0o755));
    }
    const folder = hold(path);
    const writing = replaceFile(folder, name, folder.read(name), Buffer.from("new\n"));
    await expect(writing).rejects.toMatchObject({
      message: expect.stringMatching(/^\/.* cannot be replaced: (permission denied|the file system is read-only)\.$/),
      hint: expect.stringMatching(/^Run this as root; if you are root|^On an image-based system/),
    });
  });
});

/** What this process has open, and which folders it watches. */
function open(): string[] {
  return readdirSync("/proc/self/fd").flatMap((name) => {
    try {
      const lines = readFileSync(`/proc/self/fdinfo/${name}`, "utf8").split("\n");
      return [name, ...lines.filter((line) => line.startsWith("inotify "))];
    } catch {
      return [];
    }
  });
}

test.each([
  ["that went well", 0],
  ["that failed", 1],
])("a run %s leaves nothing open", async (_, failed) => {
  // Node's own are open by then.
  await file().replace();
  const one = file();
  if (failed) appendFileSync(one.whole, "theirs\n");
  const before = open().length;
  expect((await one.replace()) instanceof Failure).toBe(failed === 1);
  expect(open().length).toBe(before);
  expect(process.listenerCount("SIGTERM")).toBe(0);
});

test("where the kernel's account cannot be had, that is said", async () => {
  const one = file();
  const { descriptor } = one.folder;
  const replacing = one.replace();
  let asked = 0;
  // The watch is the next to ask for it.
  Object.defineProperty(one.folder, "descriptor", { get: () => (asked++ === 0 ? 99_999 : descriptor) });
  expect(await replacing).toMatchObject({
    notes: [
      `Whether somebody else replaced ${one.whole}, or changed its attributes, in the same moment was not watched: no such file or directory.`,
    ],
  });
  expect(readFileSync(one.whole, "utf8")).toBe("new\n");
});

test("a folder that does not keep a name safe from a power cut is reported, with the new text in place", async () => {
  const one = file();
  const replacing = one.replace();
  const leadsThere = (name: string) =>
    existsSync(`/proc/self/fd/${name}`) && readlinkSync(`/proc/self/fd/${name}`) === one.path;
  const [held] = readdirSync("/proc/self/fd").filter(
    (name) => leadsThere(name) && name !== String(one.folder.descriptor),
  );
  // What takes the descriptor's number is a folder of the kernel's, which synchronises none.
  closeSync(Number(held));
  expect(openSync("/proc/self", "r")).toBe(Number(held));
  expect(await replacing).toMatchObject({
    message: expect.stringMatching(/guest\.py was replaced, but that is perhaps not safe from a power cut: .*invalid/),
    hint: expect.stringContaining("dmesg"),
  });
  expect(readFileSync(one.whole, "utf8")).toBe("new\n");
  expect(one.names()).toEqual(["guest.py"]);
});

test("a cp that empties the old file, or writes to the new one, has changed nothing by that", async () => {
  for (const [lines, old] of [
    ['"$real" "$@"; : > /proc/self/fd/4', "old\n"],
    [": > guest", "old\n"],
  ] as const) {
    const one = file();
    const bin = temporaryFolder();
    writeFileSync(join(bin, "cp"), `#!/bin/sh\nreal=/bin/cp\n${lines}\n`.replace("guest", one.whole));
    chmodSync(join(bin, "cp"), 0o755);
    vi.stubEnv("PATH", `${bin}:${process.env.PATH}`);
    const said = await one.replace();
    vi.unstubAllEnvs();
    expect(said).toBeInstanceOf(Failure);
    // What cp did to the old file itself stays as it is.
    expect(readFileSync(one.whole, "utf8")).toBe(lines.startsWith(":") ? "" : old);
    expect(one.names()).toEqual(["guest.py"]);
  }
});
