import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished } from "vitest";
import { FIXTURES, HOST, NODE, TOOL } from "../support/cli";
import { badWords, leftovers, SAYS_TIME_RESTORED, stateOf } from "./support/judge";
import { faultTest, folder, must, tool, type Watched, watch } from "./support/run";
import { ext4, mounted, virtinstIn } from "./support/stand";

type Made = ReturnType<typeof virtinstIn>;

/** Expects exit code 6 with an error message, and an unchanged file. */
function expectRefused(ran: Watched, { target }: Made, before: ReturnType<typeof stateOf>): void {
  expect(ran, ran.stderr).toMatchObject({ code: 6, stdout: "" });
  expect(badWords(ran)).toBeNull();
  expect(stateOf(target)).toEqual(before);
}

/** Runs apply, which has to refuse and to leave nothing behind; returns what it says. */
async function refused(made: Made, words: RegExp): Promise<string> {
  const before = stateOf(made.target);
  const ran = await tool(made.apply);
  expectRefused(ran, made, before);
  expect(ran.stderr).toMatch(words);
  expect(leftovers(made.target)).toEqual([]);
  return ran.stderr;
}

/** Runs apply and revert: apply keeps all but the text and the time, and revert restores these. */
async function thereAndBack({ target, apply, revert, top }: Made, run = tool): Promise<void> {
  const before = stateOf(target);
  const applied = await run(apply);
  expect(applied, applied.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^patched: /) });
  const { text, ...patched } = stateOf(target);
  expect(text).not.toBe(before.text);
  expect({ ...before, ...patched, modified: before.modified }).toEqual(before);
  const verified = await run(["verify", "--static", ...HOST, "--virtinst", top]);
  expect(verified, verified.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^current: /) });
  const reverted = await run(revert);
  expect(reverted, reverted.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(SAYS_TIME_RESTORED) });
  expect(stateOf(target)).toEqual(before);
  expect(leftovers(target)).toEqual([]);
}

describe("apply on a full file system leaves the file unchanged, and succeeds once there is room", () => {
  /** Writes files of a size until there is no room. */
  function fill(point: string, size: number): void {
    expect(() => {
      for (let number = 0; ; number++) fs.writeFileSync(join(point, `filler-${size}-${number}`), Buffer.alloc(size));
    }).toThrow(/ENOSPC/);
  }
  const tmpfs = () => mounted("-t", "tmpfs", "-o", "size=256k", "none");
  for (const [name, need, make, sizes] of [
    ["ext4 without a free block", "loop", () => ext4(2, "-b", "1024"), [4096, 1024]],
    ["ext4 without a free inode", "loop", () => ext4(2, "-b", "1024", "-N", "64"), [0]],
    ["tmpfs", "mount", tmpfs, [4096]],
  ] as const)
    faultTest(name, ["root", need, "getfattr"], async () => {
      const point = make();
      const made = virtinstIn(point);
      for (const size of sizes) fill(point, size);
      await refused(made, /no space|full/i);
      for (const name of fs.readdirSync(point).filter((name) => name.startsWith("filler")))
        fs.rmSync(join(point, name));
      await thereAndBack(made);
    });
});

describe("apply reports why a file cannot be written, and leaves it unchanged", () => {
  faultTest("on a read-only file system", ["root", "mount", "getfattr"], async () => {
    const point = mounted("-t", "tmpfs", "none");
    const made = virtinstIn(point);
    must("mount", "-o", "remount,ro", point);
    expect(await refused(made, /read-only.*\n.*ostree.*image.*--root/)).toContain(made.target);
  });

  /** Sets an attribute of ext4 on the file or its folder until the test ends. */
  function flagged(flag: string, pick: (path: string) => string): Made {
    const made = virtinstIn(ext4(4));
    must("chattr", `+${flag}`, pick(made.target));
    onTestFinished(() => void must("chattr", `-${flag}`, pick(made.target)));
    return made;
  }
  const NEEDS = ["root", "loop", "chattr", "getfattr"] as const;
  for (const [name, flag, pick, words] of [
    ["if the file is immutable", "i", String, /permi|immutable/i],
    ["if its folder is immutable", "i", dirname, /permi|immutable/i],
    ["if the file is append-only", "a", String, /permi|append/i],
  ] as const)
    faultTest(name, NEEDS, async () => void (await refused(flagged(flag, pick), words)));

  faultTest("if its folder is append-only, and names the file that it cannot remove again", NEEDS, async () => {
    const made = flagged("a", dirname);
    const before = stateOf(made.target);
    const ran = await tool(made.apply);
    expectRefused(ran, made, before);
    for (const name of leftovers(made.target)) expect(ran.stderr).toContain(name);
  });
});

describe("a user who is not root", () => {
  /** Runs a copy of the tool that everybody may read as a user. */
  function as(user: number) {
    const readable = folder();
    fs.copyFileSync(TOOL, join(readable, "tool.cjs"));
    fs.cpSync(FIXTURES, join(readable, "host"), { recursive: true });
    const setpriv = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
    const program = [...setpriv, NODE, join(readable, "tool.cjs")];
    return (words: readonly string[]) =>
      watch([...program, ...words.map((word) => word.replace(FIXTURES, join(readable, "host")))], { cwd: "/" });
  }

  faultTest("may not change a file of somebody else, even in a writable folder", ["root", "setpriv"], async () => {
    const made = virtinstIn(folder());
    fs.chownSync(made.target, 1234, 4321);
    fs.chmodSync(dirname(made.target), 0o777);
    const before = stateOf(made.target);
    const ran = await as(5678)(made.apply);
    expectRefused(ran, made, before);
    expect(ran.stderr).toContain(made.target);
    expect(leftovers(made.target)).toEqual([]);
  });

  faultTest("can apply and revert on a file and folder of its own", ["root", "setpriv"], async () => {
    const made = virtinstIn(folder());
    for (const path of [made.target, dirname(made.target)]) fs.chownSync(path, 1234, 1234);
    await thereAndBack(made, as(1234));
  });
});

describe("apply and revert keep", () => {
  faultTest("mode and owner on a file system without extended attributes", ["root", "mount", "getfattr"], async () => {
    const made = virtinstIn(mounted("-t", "ramfs", "none"));
    expect(spawnSync("setfattr", ["-n", "user.x", "-v", "1", made.target]).status).not.toBe(0);
    await thereAndBack(made);
  });

  faultTest("a symbolic link to a file whose name is 250 characters long", ["getfattr"], async () => {
    const made = virtinstIn(folder());
    const real = join(made.top, "elsewhere", `${"n".repeat(247)}.py`);
    fs.mkdirSync(dirname(real));
    fs.renameSync(made.target, real);
    fs.symlinkSync(real, made.target);
    await thereAndBack({ ...made, target: real });
    expect(fs.lstatSync(made.target).isSymbolicLink()).toBe(true);
    expect(fs.readlinkSync(made.target)).toBe(real);
  });
});
