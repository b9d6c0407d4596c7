import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FIXTURES, HOST, json, NODE, TOOL } from "../support/cli";
import { badWords, leftovers, SAYS_TIME_RESTORED, stateOf, wholeOf } from "./support/judge";
import { faultTest, folder, SYSTEM, script, slowTest, tool, type Watched, watch } from "./support/run";
import { JOBS, makeStand, perform, virtinstIn, wrap } from "./support/stand";

/** Expects a run to end in time with one of these exit codes, and with messages for an administrator. */
function expectProper(ran: Watched, ...codes: readonly number[]): void {
  expect(ran.over, ran.stderr).toBeNull();
  expect(badWords(ran)).toBeNull();
  expect(ran.stderr).not.toMatch(/Unexpected error/);
  expect(ran.stderr.length).toBeLessThan(4000);
  expect(codes, ran.stderr).toContain(ran.code);
}

describe("apply leaves the old file, or the new one with its attributes, if cp", () => {
  const NEEDS = ["root", "getfattr"] as const;
  async function applyWith(lines: string, words: RegExp) {
    const stand = await makeStand();
    const one = stand.copy("pristine");
    wrap(one, "cp", lines);
    const ran = await perform(JOBS.apply, one);
    expectProper(ran, 0, 6);
    expect(wholeOf(one.target, stand.choice(JOBS.apply))).toBe(ran.code === 0 ? "new" : "old");
    if (ran.code !== 0) expect([ran.stdout, ran.stderr]).toEqual(["", expect.stringMatching(words)]);
    expect(leftovers(one.target)).toEqual([]);
    return ran.code;
  }
  const LAST = "for last; do :; done;";
  for (const [name, lines, words] of [
    ["copies the content too", `${LAST} shift $(($# - 2)); exec $real "$1" "$2"`, /./],
    ["does nothing", "exit 0", /attributes|mode|owner|copied/i],
    ["fails without a message", "exit 1", /attributes|cp/i],
    ["fails with a long message", 'yes "no such luck" | head -c 300000 >&2; exit 1', /attributes|cp/i],
    ["is killed after its work", '$real "$@"; kill -9 $$', /signal|SIGKILL|killed/i],
    ["writes to the file", `${LAST} $real "$@" && echo more >> "$last"`, /./],
  ] as const)
    faultTest(name, NEEDS, async () => void (await applyWith(lines, words)));
  faultTest("is killed, which is reported", NEEDS, async () => {
    expect(await applyWith("kill -9 $$", /signal|SIGKILL|killed/i)).toBe(6);
  });
  slowTest("hangs, which is reported", NEEDS, async () => {
    expect(await applyWith("trap '' TERM\nsleep 1000", /minute|seconds|time/i)).toBe(6);
  });
});

faultTest("revert without a working touch leaves the old file, or names both times", ["root", "getfattr"], async () => {
  for (const lines of ["exit 1", "kill -9 $$", "exit 0"]) {
    const [end, code] = lines === "exit 0" ? (["new", 0] as const) : (["old", 6] as const);
    const stand = await makeStand();
    const one = stand.copy("patched");
    wrap(one, "touch", lines);
    const ran = await perform(JOBS.revert, one);
    expectProper(ran, code);
    expect(wholeOf(one.target, stand.choice(JOBS.revert))).toBe(end);
    expect(leftovers(one.target)).toEqual([]);
    const now = stateOf(one.target).modified / 1_000_000_000n;
    if (end === "new") expect(ran.stderr).toContain(`modification time could not be restored: it is ${now}.`);
    expect(ran.stdout).not.toMatch(SAYS_TIME_RESTORED);
  }
});

describe("apply ends with exit code 3 if virsh", () => {
  async function refuses(lines: string, seconds: number, words: RegExp, megabytes = 1000) {
    const bin = folder();
    script(bin, "virsh", lines);
    const options = { env: { PATH: `${bin}:${SYSTEM}` }, seconds, megabytes };
    const ran = await tool(["apply", "--virtinst", virtinstIn(folder()).top], options);
    expectProper(ran, 3);
    expect(ran.stderr).toMatch(words);
  }
  test.each([
    ["lines that are not a table", "yes", 1000],
    ["pools", "yes ' pool active yes'", 1000],
    ["one line", "yes | tr -d '\\n'", 1000],
    ["errors", "yes 'error: no' >&2", 300],
  ])("prints %s without end", (_, lines, megabytes) => refuses(lines, 60, /virsh|qemu:\/\/\/system/, megabytes));
  slowTest("waits for a child that holds its output", [], () => refuses("sleep 1000 & wait", 75, /within 60 seconds/));
  slowTest("ends before a child that holds its output", [], () => refuses("sleep 1000 &", 75, /./));
});

describe("apply does not change the file if Python", () => {
  async function refuses(lines: string, seconds = 60) {
    const { target, apply } = virtinstIn(folder());
    const before = stateOf(target);
    const ran = await tool([...apply, "--python", script(folder(), "python3", lines)], { seconds });
    expectProper(ran, 4, 5);
    expect(ran.stdout).toBe("");
    expect(stateOf(target)).toEqual(before);
    expect(leftovers(target)).toEqual([]);
  }
  const READ = "cat > /dev/null";
  const ANSWERS = ["", "{}", "null", '"compile"', '{"compile": null}', '{"compile": [null]}', '{"compile": [1, {}]}'];
  test.each([
    ...ANSWERS.map((answer) => [`answers '${answer}'`, `${READ}; printf '%s' '${answer}'`]),
    ["dies at once", "kill -SEGV $$"],
    ["dies after it read its input", `${READ}; kill -SEGV $$`],
    ["dies after its answer", `${READ}; echo '{"version": "3.11", "compile": [null, null]}'; kill -9 $$`],
  ])("%s", (_, lines) => refuses(lines as string));
  slowTest("hangs and ignores signals", [], () => refuses("trap '' TERM INT HUP; sleep 1000", 80));
});

slowTest("verify ends a virt-install that hangs, with its children, and reports it as skipped", [], async () => {
  const { apply, top } = virtinstIn(folder());
  expectProper(await tool(apply), 0);
  const seen = join(folder(), "seen");
  const program = `#!/usr/bin/python3
import os, signal, subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "1000"])
open("${seen}", "a").write("%d %d\\n" % (os.getpid(), child.pid))
child.wait()
`;
  writeFileSync(join(top, "virt-install"), program, { mode: 0o755 });
  const ran = await tool(["verify", "--json", ...HOST, "--virtinst", top], { seconds: 90 });
  expectProper(ran, 0);
  const reason = expect.stringMatching(/virt-install: it did not end within 60 seconds$/);
  expect(json(ran.stdout).install).toMatchObject({ status: "skipped", reason });
  const [ids = "", ...more] = readFileSync(seen, "utf8").trim().split("\n");
  expect(more).toEqual([]);
  // Without a proper init, a process that has ended stays as a zombie.
  for (const id of ids.split(" "))
    expect(existsSync(`/proc/${id}`) ? readFileSync(`/proc/${id}/stat`, "utf8") : ") Z").toMatch(/\) Z/);
});

describe("output that cannot be written:", () => {
  const shell = (words: readonly string[], streams: string) =>
    watch(["sh", "-c", `exec "$0" "$@" ${streams}`, NODE, TOOL, ...words]);

  test("if standard output is full, the exit code is 6, and standard error reports what was done", async () => {
    const { target, apply, revert, top } = virtinstIn(folder());
    const before = stateOf(target);
    const all = [...HOST, "--virtinst", top];
    const full = async (words: readonly string[], code: number, said = /./) => {
      const ran = await shell(words, "> /dev/full");
      expectProper(ran, code);
      if (code !== 0) expect(ran.stderr).toMatch(said);
    };
    await full(apply, 6, /\bpatched\b/);
    expect(stateOf(target).text).not.toBe(before.text);
    for (const words of [["inspect"], ["render"], ["verify", "--static", "--json"]]) await full([...words, ...all], 6);
    for (const word of ["--help", "--version"]) await full([word], 6);
    await full([...apply, "-q"], 0);
    await full(revert, 6, /\breverted\b/);
    expect(stateOf(target)).toEqual(before);
  });

  test("if standard error is full, the exit code is 6 only if there is a message for it", async () => {
    const { target, apply, revert, top } = virtinstIn(folder());
    // Without the secrets of the host there is a note.
    const noted = ["apply", HOST[0] as string, "--virtinst", top];
    const missing = ["apply", "--pool-xml", join(top, "missing.xml"), "--virtinst", top];
    for (const [words, ...codes] of [
      [noted, 6],
      [revert, 0, 6],
      [[...noted, "-q"], 0],
      [["verify", "--no-such-option"], 2, 6],
      [missing, 3, 6],
    ] as const)
      expectProper(await shell(words, "2> /dev/full"), ...codes);
    expectProper(await shell(apply, "> /dev/full 2> /dev/full"), 0, 6);
    expect(leftovers(target)).toEqual([]);
  });

  test.each([">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])(
    "with closed streams (%s), nothing is printed into the patched file",
    async (streams) => {
      const { target, apply, revert, top } = virtinstIn(folder());
      const before = stateOf(target);
      const all = [...HOST, "--virtinst", top];
      expectProper(await shell(apply, streams), 0, 6);
      expect(stateOf(target).text).not.toBe(before.text);
      for (const words of [["inspect", ...all], ["verify", ...all], revert])
        expectProper(await shell(words, streams), 0, 6);
      expect(stateOf(target)).toEqual(before);
    },
  );
});

describe("a file of 100 MB, a device and a directory are refused by name, and nothing is written, as", () => {
  test.each<[string, (path: string) => readonly string[]]>([
    ["--pool-xml", (path) => ["apply", "--pool-xml", path, `--secret-xml=${FIXTURES}/secret-usage.xml`]],
    ["--secret-xml", (path) => ["apply", `--pool-xml=${FIXTURES}/pool-usage.xml`, "--secret-xml", path]],
    ["--host", (path) => ["apply", "--host", path]],
    ["the patch for apply", (path) => ["apply", path]],
    ["the domain for preview", (path) => ["preview", path, ...HOST]],
  ])("%s", async (_, words) => {
    const { top, target } = virtinstIn(folder());
    const before = stateOf(target);
    const large = join(folder(), "large");
    writeFileSync(large, '{"a": "<pool type=\'rbd\'>", "--- a/virtinst/guest.py\n+++ b\n');
    truncateSync(large, 100_000_000);
    for (const path of ["/dev/zero", folder(), large]) {
      const ran = await tool([...words(path), "--virtinst", top], { seconds: 15, megabytes: 500 });
      expectProper(ran, 3, 4, 6);
      expect(ran.stderr).toContain(path);
      expect(stateOf(target)).toEqual(before);
    }
  });
});
