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
import { Folder, openRoot } from "../../src/system/folder";
import { ChangedMeanwhile, replaceFile } from "../../src/system/replace";
import { temporaryFolder } from "../support/cli";

const ran = (program: string, ...args: readonly string[]) => spawnSync(program, args).status === 0;

/** Runs a program that has to work. */
function must(program: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
}

/** Why this machine lets nobody do what a test needs; empty where it does. */
const IS_ROOT = process.getuid?.() === 0;
const NO_MOUNT = IS_ROOT && ran("unshare", "--mount", "true") ? "" : "not run: this is no root who may mount";
const NO_FLAGS =
  IS_ROOT && ran("unshare", "--mount", "sh", "-c", 'f=$(mktemp) && chattr +i "$f" && chattr -i "$f" && rm "$f"')
    ? ""
    : "not run: there is no root, no chattr, or a file system without its flags";

/** A test that says why it is not run where it is not. */
function testWhere(lacking: string, name: string, work: () => Promise<void>): void {
  if (lacking) test.skip(`${name} (${lacking})`, () => {});
  else test(name, work);
}

const steps = (path: string) => path.split("/").filter(Boolean);
const hold = (path: string) => new Folder(openRoot("/") as number, steps(path), path);

/** A file to replace, in a folder of its own or a given one. */
function file(path = temporaryFolder(), content = "old\n") {
  const whole = join(path, "guest.py");
  writeFileSync(whole, content);
  const folder = hold(path);
  const old = folder.read("guest.py");
  const replace = async (text: string | Buffer = "new\n") => {
    try {
      return await replaceFile(folder, "guest.py", old, Buffer.from(text));
    } catch (error) {
      expect(error).toBeInstanceOf(Failure);
      expect(error).toMatchObject({ kind: "io" });
      return error as Failure;
    }
  };
  return { path, whole, folder, replace, names: () => readdirSync(path).sort() };
}

/** A small file system that goes when the test ends. */
function mounted(options: string): string {
  const path = join(temporaryFolder(), "mounted");
  mkdirSync(path);
  must("mount", "-t", "tmpfs", "-o", options, "tmpfs", path);
  onTestFinished(() => must("umount", "-l", path));
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
    onTestFinished(() => must("umount", "-l", one.whole));
    const old = inner.read("guest.py");
    await expect(replaceFile(inner, "guest.py", old, Buffer.from("new\n"))).rejects.toMatchObject({
      message: expect.stringMatching(/guest\.py cannot be replaced: .*busy.*\.$/),
      hint: "Something is mounted on it: patch the file that was mounted there.",
    });
    expect(readFileSync(one.whole, "utf8")).toBe("old\n");
    expect(one.names()).toEqual(["guest.py"]);
  });

  const LSATTR = /^Run this as root; if you are root, look for an immutable file \(lsattr\)/;

  testWhere(NO_FLAGS, "that is immutable", async () => {
    const one = file();
    must("chattr", "+i", one.whole);
    onTestFinished(() => must("chattr", "-i", one.whole));
    expect(await one.replace()).toMatchObject({
      message: `${one.whole} cannot be replaced: permission denied.`,
      hint: expect.stringMatching(LSATTR),
    });
    expect(readFileSync(one.whole, "utf8")).toBe("old\n");
    expect(one.names()).toEqual(["guest.py"]);
  });

  testWhere(NO_FLAGS, "in a folder that lets nobody remove anything: what is left there is named", async () => {
    const one = file();
    must("chattr", "+a", one.path);
    onTestFinished(() => must("chattr", "-a", one.path));
    const said = (await one.replace()) as Failure;
    expect(said.message).toMatch(
      /guest\.py cannot be replaced: permission denied\.( The temporary file \S+ cannot be removed: permission denied\. Remove it\.){2}$/,
    );
    const left = one.names().filter((name) => name !== "guest.py");
    for (const name of left) expect(said.message).toContain(`${one.path}/${name} `);
    expect(left).toHaveLength(2);
    expect(readFileSync(one.whole, "utf8")).toBe("old\n");
  });

  testWhere(NO_FLAGS, "that somebody changed in such a folder: that too, and what is left", async () => {
    const one = file();
    must("chattr", "+a", one.path);
    onTestFinished(() => must("chattr", "-a", one.path));
    appendFileSync(one.whole, "theirs\n");
    const said = (await one.replace()) as Failure;
    expect(said).not.toBeInstanceOf(ChangedMeanwhile);
    expect(said.message).toMatch(
      /was changed by somebody else meanwhile; nothing was written\. The temporary file \S+ cannot be removed: permission denied\. Remove it\.$/,
    );
    expect(said.hint).toBe("Look at the file, then run this again.");
    expect(readFileSync(one.whole, "utf8")).toBe("old\ntheirs\n");
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
