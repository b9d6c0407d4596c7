import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { FIXTURES, HOST, image, json, TOOL } from "../support/cli";
import { virtinstIn } from "./support/disk";
import { badWords, leftovers, SAYS_TIME_RESTORED, type State, stateOf, wholeOf } from "./support/judge";
import { faultTest, folder, NODE, SYSTEM, script, slowTest, tool, type Watched, watch } from "./support/run";
import { JOBS, perform, Stand, wrap } from "./support/stand";

/** A refusal with proper words, in time. */
function properly(ran: Watched, ...codes: readonly number[]): void {
  expect(ran.over, `${ran.seconds} seconds, ${ran.memory} MB: ${ran.stderr}`).toBeNull();
  expect(badWords(ran)).toBeNull();
  expect(ran.stderr).not.toMatch(/Unexpected error/);
  expect(codes, ran.stderr).toContain(ran.code);
}

describe("a hostile cp", () => {
  const NEEDS = ["root", "getfattr"] as const;
  /** What cp does instead; which ends there may be; what must be said. */
  const WAYS: readonly (readonly [string, string, RegExp | null])[] = [
    ["copies the content too", 'for last; do :; done; shift $(($# - 2)); exec $real "$1" "$2"', null],
    ["does nothing", "exit 0", /attributes|mode|owner|copied/i],
    ["fails without a word", "exit 1", /attributes|cp/i],
    ["fails with many words", 'yes "no such luck" | head -c 300000 >&2; exit 1', /attributes|cp/i],
    ["is killed", "kill -9 $$", /signal|SIGKILL|killed/i],
    ["is killed when it is done", '$real "$@"; kill -9 $$', /signal|SIGKILL|killed/i],
    ["writes to its destination", 'for last; do :; done; $real "$@" && echo more >> "$last"', null],
  ];
  for (const [name, lines, words] of WAYS)
    faultTest(`that ${name}: the file is the old one, or the new one with all that belongs to it`, NEEDS, async () => {
      const stand = await Stand.make();
      const one = stand.copy("pristine");
      wrap(one, "cp", lines);
      const ran = await perform(JOBS.apply, one);
      properly(ran, 0, 6);
      const found = wholeOf(one.target, stand.choice(JOBS.apply));
      expect(found).toBe(ran.code === 0 ? "new" : "old");
      if (ran.code !== 0) expect(ran.stdout).toBe("");
      if (words && ran.code !== 0) expect(ran.stderr).toMatch(words);
      if (name === "is killed") expect(ran.code).toBe(6);
      expect(ran.stderr.length).toBeLessThan(4000);
      expect(leftovers(dirname(one.target))).toEqual([]);
    });

  faultTest("an attribute for which there is no room leaves the file untouched", ["strace", ...NEEDS], async () => {
    const stand = await Stand.make();
    const one = stand.copy("pristine");
    wrap(one, "cp", 'exec strace -qq -o /dev/null -e trace=fsetxattr -e inject=fsetxattr:error=ENOSPC $real "$@"');
    const ran = await perform(JOBS.apply, one);
    properly(ran, 6);
    expect(ran.stderr).toMatch(/No space|no space|attribute/);
    expect(wholeOf(one.target, stand.choice(JOBS.apply))).toBe("old");
    expect(leftovers(dirname(one.target))).toEqual([]);
  });

  slowTest("that hangs is ended, and says so", NEEDS, async () => {
    const stand = await Stand.make();
    const one = stand.copy("pristine");
    wrap(one, "cp", "trap '' TERM\nsleep 1000");
    const ran = await perform(JOBS.apply, one);
    properly(ran, 6);
    expect(ran.stderr).toMatch(/minute|seconds|time/i);
    expect(wholeOf(one.target, stand.choice(JOBS.apply))).toBe("old");
    expect(leftovers(dirname(one.target))).toEqual([]);
  });

  faultTest("a touch that fails on revert: the time is not reported as restored", NEEDS, async () => {
    for (const lines of ["exit 1", "kill -9 $$", "exit 0"]) {
      const stand = await Stand.make();
      const one = stand.copy("patched");
      wrap(one, "touch", lines);
      const ran = await perform(JOBS.revert, one);
      properly(ran, 0, 6);
      const found = wholeOf(one.target, stand.choice(JOBS.revert));
      expect(["old", "new"]).toContain(found);
      if (ran.code === 0) expect(found).toBe("new");
      const { modified } = stateOf(one.target) as State;
      const back = modified === stand.states.pristine.modified;
      if (!back && found === "new") {
        expect(ran.stdout).not.toMatch(SAYS_TIME_RESTORED);
        // Which time it has now, at least to the second.
        expect(ran.stdout + ran.stderr).toMatch(/\btime\b/);
        const second = modified / 1_000_000_000n;
        const named = new Date(Number(second) * 1000).toISOString().slice(0, 19);
        expect([String(second), named].some((name) => `${ran.stdout}${ran.stderr}`.includes(name))).toBe(true);
      }
      expect(leftovers(dirname(one.target))).toEqual([]);
    }
  });
});

describe("a hostile virsh", () => {
  const run = (lines: string, seconds: number) => {
    const bin = folder();
    script(bin, "virsh", lines);
    const { top } = virtinstIn(folder());
    return tool(["apply", "--virtinst", top], { env: { PATH: `${bin}:${SYSTEM}` }, seconds, megabytes: 1000 });
  };

  // Lines that look like a listing, and lines that do not; on either stream.
  test.each([
    ["rubbish", "yes", 1000],
    ["pools", "yes ' pool active yes'", 1000],
    ["one line", "yes | tr -d '\\n'", 1000],
    ["errors", "yes 'error: no' >&2", 300],
  ])("that prints %s without end is ended", async (_, lines, megabytes) => {
    const ran = await run(lines, 60);
    properly(ran, 3);
    expect(ran.stderr).toMatch(/virsh|qemu:\/\/\/system/);
    expect(ran.memory).toBeLessThan(megabytes);
  });

  slowTest("whose child holds the pipes", [], async () => {
    const ran = await run("sleep 1000 & wait", 75);
    properly(ran, 3);
    expect(ran.stderr).toMatch(/within 60 seconds/);
  });

  slowTest("that has ended, and whose child holds the pipes", [], async () => {
    properly(await run("sleep 1000 &", 75), 3);
  });
});

describe("a hostile Python", () => {
  const READ = "cat > /dev/null";
  async function refuses(lines: string, seconds = 60) {
    const { target, apply } = virtinstIn(folder());
    const before = stateOf(target);
    const python = script(folder(), "python3", lines);
    const ran = await tool([...apply, "--python", python], { seconds });
    properly(ran, 4, 5);
    expect(ran.stdout).toBe("");
    expect(stateOf(target)).toEqual(before);
    expect(leftovers(dirname(target))).toEqual([]);
  }

  test.each([
    "{}",
    "[]",
    "null",
    '"compile"',
    '{"compile": null}',
    '{"compile": []}',
    '{"compile": [null]}',
    '{"compile": [1, {}]}',
    "",
  ])("that answers %j compiles nothing", (answer) => refuses(`${READ}; printf '%s' '${answer}'`));

  test("that dies when it has read its input", () => refuses(`${READ}; kill -SEGV $$`));
  test("that dies at once", () => refuses("kill -SEGV $$"));
  test("that answers and dies", () =>
    refuses(`${READ}; echo '{"version": "3.11", "compile": [null, null]}'; kill -9 $$`));
  slowTest("that hangs and ignores being asked to end", [], () => refuses("trap '' TERM INT HUP; sleep 1000", 80));
});

describe("a virt-install that hangs", () => {
  slowTest("is ended once, with its children, and is no failure of the patch", [], async () => {
    const { apply, top } = virtinstIn(folder());
    properly(await tool(apply), 0);
    const seen = join(folder(), "seen");
    script(top, "virt-install", `trap '' TERM\nsleep 1000 &\necho $$ $! >> '${seen}'\nwait; sleep 1000`);
    const ran = await tool(["verify", "--json", ...HOST, "--virtinst", top], { seconds: 90 });
    properly(ran, 0);
    const { status, reason } = json(ran.stdout).install;
    expect({ status, reason }).toEqual({
      status: "skipped",
      reason: expect.stringMatching(/virt-install: it did not end within 60 seconds$/),
    });
    const [ids = "", ...more] = readFileSync(seen, "utf8").trim().split("\n");
    expect(more).toEqual([]);
    // A machine without a proper init keeps what has ended.
    for (const id of ids.split(" "))
      expect(existsSync(`/proc/${id}`) ? readFileSync(`/proc/${id}/stat`, "utf8") : ") Z").toMatch(/\) Z/);
  });
});

describe("standard output and standard error", () => {
  /** Runs the tool with its streams as a shell sets them. */
  const shell = (words: readonly string[], streams: string) =>
    watch(["sh", "-c", `exec "$0" "$@" ${streams}`, NODE, TOOL, ...words]);

  test("that are full: exit 6, and what was done is said where it can be", async () => {
    const { target, apply, revert, top } = virtinstIn(folder());
    const before = stateOf(target);
    const applied = await shell(apply, "> /dev/full");
    properly(applied, 6);
    expect(stateOf(target)?.text).not.toBe(before?.text);
    expect(applied.stderr).toMatch(/\bpatched\b/);
    properly(await shell(["inspect", ...HOST, "--virtinst", top], "> /dev/full"), 6);
    properly(await shell(["render", ...HOST, "--virtinst", top], "> /dev/full"), 6);
    properly(await shell(["verify", "--static", ...HOST, "--virtinst", top, "--json"], "> /dev/full"), 6);
    properly(await shell(["--help"], "> /dev/full"), 6);
    properly(await shell(["--version"], "> /dev/full"), 6);
    properly(await shell([...apply, "-q"], "> /dev/full"), 0);
    const reverted = await shell(revert, "> /dev/full");
    properly(reverted, 6);
    expect(reverted.stderr).toMatch(/\breverted\b/);
    expect(stateOf(target)).toEqual(before);
  });

  test("standard error that is full: exit 6 where there was something to say", async () => {
    const { target, apply, revert, top } = virtinstIn(folder());
    // Without the secrets of the host it has a note, which it cannot print.
    const noted = ["apply", HOST[0] as string, "--virtinst", top];
    properly(await shell(noted, "2> /dev/full"), 6);
    properly(await shell(revert, "2> /dev/full"), 0, 6);
    properly(await shell([...noted, "-q"], "2> /dev/full"), 0);
    properly(await shell(["verify", "--no-such-option"], "2> /dev/full"), 2, 6);
    const wrong = ["apply", "--pool-xml", join(top, "missing.xml"), "--virtinst", top];
    properly(await shell(wrong, "2> /dev/full"), 3, 6);
    properly(await shell(apply, "> /dev/full 2> /dev/full"), 0, 6);
    expect(leftovers(dirname(target))).toEqual([]);
  });

  test.each([">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])("closed by %s", async (streams) => {
    const { target, apply, revert, top } = virtinstIn(folder());
    const before = stateOf(target);
    properly(await shell(apply, streams), 0, 6);
    expect(stateOf(target)?.text).not.toBe(before?.text);
    properly(await shell(["inspect", ...HOST, "--virtinst", top], streams), 0, 6);
    properly(await shell(["verify", ...HOST, "--virtinst", top], streams), 0, 6);
    // A descriptor that was free must not become the target's: nothing that is printed may go into it.
    properly(await shell(revert, streams), 0, 6);
    expect(stateOf(target)).toEqual(before);
  });
});

describe("the tool's own surroundings", () => {
  test("a Node that makes no code from strings", async () => {
    const { target, apply, revert, top } = virtinstIn(folder());
    const before = stateOf(target);
    const env = { NODE_OPTIONS: "--disallow-code-generation-from-strings" };
    for (const words of [
      ["inspect", "--json", ...HOST, "--virtinst", top],
      ["render", ...HOST, "--virtinst", top],
      apply,
      ["verify", ...HOST, "--virtinst", top],
      ["preview", ...HOST, "--virtinst", top],
      revert,
    ])
      properly(await tool(words, { env }), 0);
    expect(stateOf(target)).toEqual(before);
    const host = join(folder(), "host.json");
    writeFileSync(host, (await tool(["inspect", "--json", ...HOST, "--virtinst", top])).stdout);
    properly(await tool(["apply", "--host", host, "--virtinst", top], { env }), 0);
  });
});

describe("files that are none", () => {
  /** What a file that is named may be. */
  const KINDS: Readonly<Record<string, () => string>> = {
    "a device without end": () => "/dev/zero",
    "a folder": () => folder(),
    "a file of 100 MB": () => {
      const path = join(folder(), "large");
      closeSync(openSync(path, "w"));
      truncateSync(path, 100_000_000);
      return path;
    },
    "100 MB of text": () => {
      const path = join(folder(), "text");
      writeFileSync(path, Buffer.alloc(100_000_000, '{"a": "<pool type=\'rbd\'>", "--- a/virtinst/guest.py\n+++ b\n'));
      return path;
    },
  };
  const secret = `--secret-xml=${FIXTURES}/secret-usage.xml`;
  const USES: Readonly<Record<string, (path: string) => readonly string[]>> = {
    "--pool-xml": (path) => ["apply", "--pool-xml", path, secret],
    "--secret-xml": (path) => ["apply", `--pool-xml=${FIXTURES}/pool-usage.xml`, "--secret-xml", path],
    "--host": (path) => ["apply", "--host", path],
    "the patch": (path) => ["apply", path],
    "preview's domain": (path) => ["preview", path, ...HOST],
  };
  for (const [use, words] of Object.entries(USES))
    for (const [kind, make] of Object.entries(KINDS))
      test(`${kind} as ${use}`, async () => {
        const { top, target } = virtinstIn(folder());
        const before = stateOf(target);
        const path = make();
        const ran = await tool([...words(path), "--virtinst", top], { seconds: 15, megabytes: 500 });
        properly(ran, 3, 4, 6);
        expect(ran.stderr).toContain(path);
        expect(ran.stderr.length).toBeLessThan(4000);
        expect(stateOf(target)).toEqual(before);
      });
});

describe("a secret's value that is named by mistake", () => {
  const VALUE = "Zk9XqW7vJ3pLr8Ty0GdH5mNcB2sUe4Qi==";
  const windows = Array.from({ length: VALUE.length - 3 }, (_, at) => VALUE.slice(at, at + 4));
  /** The value as a file may hold it: bare, with a line's end, and so that a parser goes some way into it. */
  const FORMS = [
    VALUE,
    `${VALUE}\n`,
    `{"${VALUE}"`,
    `{"${VALUE}": 1}`,
    `<${VALUE.replace(/=/g, "")}>`,
    `"${VALUE}"`,
    "",
  ];
  const UUID = "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1";

  test("is never shown, not even in part", async () => {
    const base = image();
    const path = join(base, `etc/libvirt/secrets/${UUID}.base64`);
    const { top } = virtinstIn(folder());
    for (const form of FORMS) {
      writeFileSync(path, form);
      for (const words of [
        ["inspect", "--host", path],
        ["inspect", "--json", "--host", path],
        ["inspect", "--pool-xml", path],
        ["inspect", `--pool-xml=${FIXTURES}/pool-usage.xml`, "--secret-xml", path],
        ["apply", path],
        ["preview", path, ...HOST],
      ]) {
        const ran = await tool([...words, "--virtinst", top]);
        const shown = windows.filter((window) => `${ran.stdout}${ran.stderr}`.includes(window));
        const what = `${words.join(" ")}, ${JSON.stringify(form)}: ${ran.stderr}`;
        expect.soft(shown, what).toEqual([]);
        expect.soft([3, 4, 6], what).toContain(ran.code);
        expect.soft(ran.stderr).toContain(path);
        expect.soft(badWords(ran)).toBeNull();
      }
    }
  });
});
