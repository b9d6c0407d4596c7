import { spawnSync } from "node:child_process";
import {
  closeSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Failure } from "../../src/failure";
import {
  countNames,
  identify,
  isAbsent,
  modifiedTime,
  openRoot,
  sameFile,
  sameRights,
  seconds,
} from "../../src/system/folder";
import { HostFiles } from "../../src/system/host-files";
import { readNamed } from "../../src/system/read";
import { freshTime, setTime } from "../../src/system/times";
import { temporaryFolder } from "../support/cli";

function held() {
  const path = temporaryFolder();
  writeFileSync(join(path, "guest.py"), "text\n");
  mkdirSync(join(path, "sub"));
  return { path, folder: new HostFiles().hold(path) };
}

/** What was thrown. */
function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

const openNow = () => readdirSync("/proc/self/fd").length;

describe("the root of all paths", () => {
  test("that is not there is none, and so is what is no folder", () => {
    const { path } = held();
    for (const root of [join(path, "nowhere"), join(path, "guest.py"), join(path, "guest.py/x"), `/${"x".repeat(300)}`])
      expect(openRoot(root)).toBeNull();
  });

  test("that cannot be opened is reported: nobody takes it for an empty host", () => {
    const { path } = held();
    symlinkSync("circle", join(path, "circle"));
    expect(thrown(() => openRoot(join(path, "circle")))).toMatchObject({
      kind: "io",
      message: `${path}/circle cannot be opened: too many symbolic links.`,
      hint: "Run this as root.",
    });
  });

  test("is held for its place only, which takes no right to read it", () => {
    const root = openRoot(held().path) as number;
    onTestFinished(() => closeSync(root));
    expect(fstatSync(root).isDirectory()).toBe(true);
    expect(() => readFileSync(root)).toThrow();
  });
});

test.each([
  ["ENOENT", true],
  ["ENOTDIR", true],
  ["ENAMETOOLONG", true],
  ["EACCES", false],
  ["ELOOP", false],
  ["", false],
  [undefined, false],
])("%s says that there is nothing of that name: %s", (code, absent) => {
  expect(isAbsent(Object.assign(new Error("x"), { code }))).toBe(absent);
});

describe("a folder", () => {
  test.each<[string, (path: string) => void]>([
    [
      "a link by now",
      (path) => {
        renameSync(join(path, "sub"), join(path, "other"));
        symlinkSync("other", join(path, "sub"));
      },
    ],
    ["gone", (path) => renameSync(join(path, "sub"), join(path, "other"))],
    [
      "a file by now",
      (path) => {
        renameSync(join(path, "sub"), join(path, "other"));
        writeFileSync(join(path, "sub"), "");
      },
    ],
  ])("that is %s is not opened", (_, act) => {
    const { path } = held();
    act(path);
    const before = openNow();
    const failed = thrown(() => new HostFiles().hold(join(path, "sub")));
    expect(failed).toBeInstanceOf(Failure);
    expect(failed).toMatchObject({
      kind: "io",
      message: expect.stringMatching(/^\/.*\/sub cannot be opened: .+\.$/),
      hint: "If somebody changed it meanwhile, run this again.",
    });
    // The root is held.
    expect(openNow()).toBe(before + 1);
  });

  test("is where it was until its path leads elsewhere", () => {
    const { path } = held();
    const folder = new HostFiles().hold(join(path, "sub"));
    const before = openNow();
    expect(folder.isStillThere()).toBe(true);
    renameSync(join(path, "sub"), join(path, "other"));
    expect(folder.isStillThere()).toBe(false);
    mkdirSync(join(path, "sub"));
    expect(folder.isStillThere()).toBe(false);
    expect(openNow()).toBe(before);
  });

  test("lists its names, wherever its path leads", () => {
    const { path, folder } = held();
    expect(folder.list().sort()).toEqual(["guest.py", "sub"]);
    expect(folder.shown).toBe(path);
  });
});

describe("a file in a folder", () => {
  test("is read with all that says which it is, and stays open", () => {
    const { path, folder } = held();
    const file = folder.read("guest.py");
    onTestFinished(() => closeSync(file.descriptor));
    const { dev, ino, mode, uid, gid } = statSync(join(path, "guest.py"), { bigint: true });
    expect(file).toMatchObject({ dev, ino, mode, uid, gid, bytes: Buffer.from("text\n") });
    expect(identify(file.descriptor)).toEqual({ dev, ino, mode, uid, gid });
    utimesSync(join(path, "guest.py"), 5, 7);
    expect(modifiedTime(file.descriptor)).toBe("7.000000000");
  });

  test.each<[string, (path: string) => void, RegExp]>([
    ["a folder", (path) => mkdirSync(path), /^it is no regular file$/],
    ["a pipe that nobody writes to", (path) => spawnSync("mkfifo", [path]), /^it is no regular file$/],
    ["a link", (path) => symlinkSync("guest.py", path), /^it is a symbolic link by now$/],
    ["a link to nowhere", (path) => symlinkSync("nowhere", path), /^it is a symbolic link by now$/],
    ["nothing", () => {}, /no such file/],
  ])("is never %s", (_, make, message) => {
    const { path, folder } = held();
    make(join(path, "other"));
    const before = openNow();
    expect(() => folder.read("other")).toThrow(message);
    expect(openNow()).toBe(before);
  });
});

test("the names of an open file are counted as they are now", () => {
  const { path } = held();
  const descriptor = openSync(join(path, "guest.py"), "r");
  onTestFinished(() => closeSync(descriptor));
  expect(countNames(descriptor)).toBe(1);
  linkSync(join(path, "guest.py"), join(path, "other"));
  expect(countNames(descriptor)).toBe(2);
});

test("one file is told from another, whichever half of its number is the same", () => {
  const one = { dev: 1n, ino: 2n, mode: 3n, uid: 4n, gid: 5n };
  expect(sameFile(one, { ...one, mode: 0n, uid: 0n, gid: 0n })).toBe(true);
  for (const other of [{ dev: 9n }, { ino: 9n }]) expect(sameFile(one, { ...one, ...other })).toBe(false);
  expect(sameRights(one, { ...one, dev: 0n, ino: 0n })).toBe(true);
  for (const other of [{ mode: 9n }, { uid: 9n }, { gid: 9n }])
    expect(sameRights(one, { ...one, ...other })).toBe(false);
});

test.each([
  [0n, "0.000000000"],
  [1n, "0.000000001"],
  [-1n, "-0.000000001"],
  [1_400_000_000_123_456_789n, "1400000000.123456789"],
  [-1_500_000_000n, "-1.500000000"],
])("%s nanoseconds are %s seconds", (nanoseconds, text) => {
  expect(seconds(nanoseconds)).toBe(text);
});

describe("a time", () => {
  test.each([
    "0.000000000",
    "0.500000000",
    "1.000000000",
    "1400000000.123456789",
    "-1.000000000",
    "-0.500000000",
    "-2.250000000",
  ])("%s is set", async (time) => {
    const { path } = held();
    const descriptor = openSync(join(path, "guest.py"), "r+");
    onTestFinished(() => closeSync(descriptor));
    await setTime(descriptor, time);
    expect(modifiedTime(descriptor)).toBe(time);
  });

  test.each(["0.000000000", "1400000000.000000000"])("%s takes no program where it has no fraction", async (time) => {
    const { path } = held();
    const descriptor = openSync(join(path, "guest.py"), "r+");
    vi.stubEnv("PATH", path);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      closeSync(descriptor);
    });
    // One that would set another time.
    writeFileSync(join(path, "touch"), "#!/bin/sh\nexec /usr/bin/touch -d @5 /proc/self/fd/3\n", { mode: 0o755 });
    await setTime(descriptor, time);
    expect(modifiedTime(descriptor)).toBe(time);
  });

  test("that is new is now, later than the old one, and none that byte code was made for", () => {
    const now = Math.floor(Date.now() / 1000);
    expect(Number(freshTime([0]))).toBeGreaterThanOrEqual(now);
    expect(Number(freshTime([]))).toBeLessThan(now + 60);
    expect(freshTime([now + 100])).toBe(`${now + 101}.000000000`);
    expect(freshTime([now + 100, now + 101, now + 102])).toBe(`${now + 103}.000000000`);
    // 32 bits, as byte code has them.
    expect(freshTime([2 ** 33, 1, 2])).toBe(`${2 ** 33 + 3}.000000000`);
  });
});

describe("nothing stays open", () => {
  const files = new HostFiles();
  test.each<[string, (path: string) => unknown]>([
    ["a file that is located", (path) => files.locateFile(join(path, "link/../link/guest.py"))],
    ["a file that is read", (path) => files.read(join(path, "guest.py"))],
    ["a file that is too large", (path) => thrown(() => files.read(join(path, "guest.py"), 2))],
    ["a folder that is listed", (path) => files.list(join(path, "sub"))],
    ["what is not there", (path) => files.locate(join(path, "sub/nowhere"))],
    ["a circle of links", (path) => files.locate(join(path, "circle"))],
    ["a file that was named", (path) => readNamed(join(path, "guest.py"), "io")],
    ["a named file that is too large", (path) => thrown(() => readNamed(join(path, "guest.py"), "io", 2))],
  ])("of %s", (_, act) => {
    const { path } = held();
    symlinkSync(path, join(path, "link"));
    symlinkSync("circle", join(path, "circle"));
    const before = openNow();
    act(path);
    expect(openNow()).toBe(before);
  });
});
