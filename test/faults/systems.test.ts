import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { HOST, TOOL } from "../support/cli";
import { ext4, mounted, virtinstIn } from "./support/disk";
import { badWords, leftovers, SAYS_TIME_RESTORED, type State, stateOf } from "./support/judge";
import { faultTest, folder, must, NODE, tool, type Watched, watch } from "./support/run";

type Made = ReturnType<typeof virtinstIn>;

const listOf = (target: string) => readdirSync(dirname(target)).sort();

function whole(path: string): State {
  const state = stateOf(path);
  expect(state).not.toBeNull();
  return state as State;
}

/** A refusal: exit 6, in proper words, with the file and its folder as they were. */
async function refused({ target, apply }: Made, words: RegExp): Promise<Watched> {
  const [before, names] = [whole(target), listOf(target)];
  const ran = await tool(apply);
  expect(ran, ran.stderr).toMatchObject({ code: 6, stdout: "" });
  expect(ran.stderr).toMatch(words);
  expect(badWords(ran)).toBeNull();
  expect(whole(target)).toEqual(before);
  expect(listOf(target)).toEqual(names);
  return ran;
}

/** There and back: all but the text is kept, and at the end all is as it was, the time too. */
async function thereAndBack({ target, apply, revert, top }: Made): Promise<Watched> {
  const before = whole(target);
  const names = listOf(target);
  const applied = await tool(apply);
  expect(applied, applied.stderr).toMatchObject({ code: 0 });
  expect(applied.stdout).toMatch(/^patched: /);
  const patched = whole(target);
  expect(patched.text).not.toBe(before.text);
  expect({ ...patched, text: "", modified: 0n }).toEqual({ ...before, text: "", modified: 0n });
  const verified = await tool(["verify", "--static", ...HOST, "--virtinst", top]);
  expect(verified.stdout).toMatch(/^current: /);
  expect(verified.code).toBe(0);
  const reverted = await tool(revert);
  expect(reverted, reverted.stderr).toMatchObject({ code: 0 });
  expect(reverted.stdout).toMatch(SAYS_TIME_RESTORED);
  expect(whole(target)).toEqual(before);
  expect(listOf(target)).toEqual(names);
  return applied;
}

/** Fills a file system to its last block. */
function fill(point: string): void {
  const part = Buffer.alloc(4096, "x");
  for (const size of [4096, 1024])
    for (let number = 0, room = true; room; number++)
      try {
        writeFileSync(join(point, `filler-${size}-${number}`), part.subarray(0, size));
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
        room = false;
      }
}

describe("no room", () => {
  async function full(point: string, take: () => void) {
    const made = virtinstIn(point);
    take();
    await refused(made, /no space|full/i);
    for (const name of readdirSync(point).filter((name) => name.startsWith("filler")))
      rmSync(join(point, name), { force: true });
    await thereAndBack(made);
  }

  faultTest("a full ext4", ["root", "loop", "getfattr"], async () => {
    const point = ext4(2, "-b", "1024");
    await full(point, () => fill(point));
  });

  faultTest("an ext4 without a free inode", ["root", "loop", "getfattr"], async () => {
    const point = ext4(2, "-b", "1024", "-N", "64");
    await full(point, () => {
      expect(() => {
        for (let number = 0; ; number++) writeFileSync(join(point, `filler-${number}`), "");
      }).toThrow(/ENOSPC/);
    });
  });

  faultTest("a full tmpfs", ["root", "mount", "getfattr"], async () => {
    const point = mounted("-t", "tmpfs", "-o", "size=256k", "none");
    await full(point, () => fill(point));
  });
});

describe("what must not be written", () => {
  faultTest("a file system that was made read-only", ["root", "mount", "getfattr"], async () => {
    const point = mounted("-t", "tmpfs", "none");
    const made = virtinstIn(point);
    must("mount", "-o", "remount,ro", point);
    const { stderr } = await refused(made, /read-only/);
    expect(stderr).toContain(made.target);
  });

  /** Sets a flag on the file or its folder until the test ends. */
  function flagged(flag: string, which: "file" | "folder"): Made {
    const made = virtinstIn(ext4(4));
    const path = which === "file" ? made.target : dirname(made.target);
    must("chattr", `+${flag}`, path);
    onTestFinished(() => {
      must("chattr", `-${flag}`, path);
    });
    return made;
  }

  const NEEDS = ["root", "loop", "chattr", "getfattr"] as const;
  faultTest("an immutable file", NEEDS, async () => {
    await refused(flagged("i", "file"), /permi|immutable/i);
  });
  faultTest("an immutable folder", NEEDS, async () => {
    await refused(flagged("i", "folder"), /permi|immutable/i);
  });
  faultTest("a file that can only grow", NEEDS, async () => {
    await refused(flagged("a", "file"), /permi|append/i);
  });
  faultTest("a folder that can only grow: what cannot be removed again is named", NEEDS, async () => {
    const { target, apply } = flagged("a", "folder");
    const before = whole(target);
    const ran = await tool(apply);
    expect(ran, ran.stderr).toMatchObject({ code: 6, stdout: "" });
    expect(badWords(ran)).toBeNull();
    expect(whole(target)).toEqual(before);
    for (const name of leftovers(dirname(target))) expect(ran.stderr).toContain(name);
  });
});

describe("owners", () => {
  /** A copy of the tool that everybody may read, run by somebody else. */
  function as(user: number, words: readonly string[]) {
    const copy = join(folder(), "tool.cjs");
    copyFileSync(TOOL, copy);
    const readable = folder();
    const moved = words.map((word) => {
      const [, option, path] = /^(--(?:pool|secret)-xml=)(.*)$/.exec(word) ?? [];
      if (!option || !path) return word;
      const other = join(readable, `${option.slice(2, 6)}.xml`);
      copyFileSync(path, other);
      return `${option}${other}`;
    });
    return watch(["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", NODE, copy, ...moved], {
      cwd: "/",
    });
  }

  faultTest("a foreign owner is kept", ["root", "getfattr"], async () => {
    const made = virtinstIn(folder());
    chownSync(made.target, 1234, 4321);
    must("touch", "-d", "@1400000000.5", made.target);
    await thereAndBack(made);
    expect(statSync(made.target)).toMatchObject({ uid: 1234, gid: 4321 });
  });

  faultTest(
    "somebody who may write the folder, and does not own the file, is refused",
    ["root", "setpriv"],
    async () => {
      const made = virtinstIn(folder());
      chownSync(made.target, 1234, 4321);
      chmodSync(dirname(made.target), 0o777);
      const before = whole(made.target);
      const ran = await as(5678, made.apply);
      expect(ran, ran.stderr).toMatchObject({ code: 6, stdout: "" });
      expect(badWords(ran)).toBeNull();
      expect(ran.stderr).toContain(made.target);
      expect(whole(made.target)).toEqual(before);
      expect(leftovers(dirname(made.target))).toEqual([]);
    },
  );

  faultTest("the owner needs no root", ["root", "setpriv"], async () => {
    const made = virtinstIn(folder());
    for (const path of [made.target, dirname(made.target)]) chownSync(path, 1234, 1234);
    const before = whole(made.target);
    const applied = await as(1234, made.apply);
    expect(applied, applied.stderr).toMatchObject({ code: 0 });
    const reverted = await as(1234, made.revert);
    expect(reverted, reverted.stderr).toMatchObject({ code: 0 });
    expect(whole(made.target)).toEqual(before);
  });
});

describe("names", () => {
  test("another hard link keeps the old text, and the tool says so", async () => {
    const { target, apply } = virtinstIn(folder());
    const other = join(dirname(target), "other.py");
    linkSync(target, other);
    const before = readFileSync(target, "utf8");
    const ran = await tool(apply);
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(ran.stderr).toMatch(/2 names|hard link/);
    expect(readFileSync(other, "utf8")).toBe(before);
    expect(readFileSync(target, "utf8")).not.toBe(before);
    expect(leftovers(dirname(target))).toEqual([]);
  });

  /** Moves the target elsewhere, and leaves a link in its place. */
  function linked(name: string): Made & { readonly real: string } {
    const made = virtinstIn(folder());
    const elsewhere = join(dirname(dirname(made.top)), `${made.top.split("/").at(-2)}/elsewhere`);
    mkdirSync(elsewhere);
    const real = join(elsewhere, name);
    renameSync(made.target, real);
    symlinkSync(real, made.target);
    return { ...made, real };
  }

  test.each([
    ["a short name", "real.py"],
    ["a name of 250 characters", `${"n".repeat(247)}.py`],
  ])("a link to %s stays a link, and its file is replaced", async (_, name) => {
    const { real, target, ...made } = linked(name);
    await thereAndBack({ ...made, target: real });
    expect(lstatSync(target).isSymbolicLink()).toBe(true);
    expect(readlinkSync(target)).toBe(real);
  });
});

describe("what belongs to the file", () => {
  faultTest("a folder's default ACL does not come upon it", ["setfacl", "getfattr"], async () => {
    const made = virtinstIn(folder());
    must("setfacl", "-d", "-m", "u:1234:rwx,g:4321:rwx", dirname(made.target));
    const acl = () => must("getfacl", "-n", "-p", made.target);
    const before = acl();
    const applied = await tool(made.apply);
    expect(applied, applied.stderr).toMatchObject({ code: 0 });
    expect(acl()).toBe(before);
    await tool(made.revert);
    await thereAndBack(made);
    expect(acl()).toBe(before);
  });

  faultTest("its own ACL stays", ["setfacl", "getfattr"], async () => {
    const made = virtinstIn(folder());
    must("setfacl", "-m", "u:1234:rw-,g:4321:r--,m::r--", made.target);
    const acl = () => must("getfacl", "-n", "-p", made.target);
    const before = acl();
    await thereAndBack(made);
    const applied = await tool(made.apply);
    expect(applied.code).toBe(0);
    expect(acl()).toBe(before);
  });

  faultTest("its extended attributes stay, a security label among them", ["root", "loop", "getfattr"], async () => {
    const made = virtinstIn(ext4(4));
    const all = { "user.x": "some value", "user.empty": "", "security.selinux": "system_u:object_r:usr_t:s0" };
    for (const [name, value] of Object.entries(all)) must("setfattr", "-n", name, "-v", value, made.target);
    expect(whole(made.target).attributes.split("\n")).toHaveLength(3);
    await thereAndBack(made);
  });

  faultTest("a file system without extended attributes", ["root", "mount", "getfattr"], async () => {
    const made = virtinstIn(mounted("-t", "ramfs", "none"));
    // It has to be one; else this would test nothing.
    expect(spawnSync("setfattr", ["-n", "user.x", "-v", "1", made.target]).status).not.toBe(0);
    await thereAndBack(made);
  });

  test.each(["0444", "0600", "4755"])("its mode %s", async (mode) => {
    const made = virtinstIn(folder());
    chmodSync(made.target, Number.parseInt(mode, 8));
    await thereAndBack(made);
  });
});

describe("its time, to the nanosecond", () => {
  const TIMES = [
    ["1969", "-1000.123456789"],
    ["1970", "0.000000001"],
    ["2014", "1400000000.999999999"],
    ["2286", "10000000000.123456789"],
    ["2500", "16725225600.987654321"],
  ] as const;
  // A tmpfs keeps every time; ext4 ends in 2446.
  for (const [year, seconds] of TIMES)
    faultTest(`a file of ${year}`, ["root", "mount", "getfattr"], async () => {
      const made = virtinstIn(mounted("-t", "tmpfs", "none"));
      must("touch", "-d", `@${seconds}`, made.target);
      const time = () => must("stat", "-c", "%.9Y", made.target).trim();
      const before = time();
      expect(before.endsWith(seconds.split(".")[1] as string) || year === "1969").toBe(true);
      await thereAndBack(made);
      expect(time()).toBe(before);
    });
});
