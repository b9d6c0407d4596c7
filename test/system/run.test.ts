import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { run } from "../../src/system/run";
import { temporaryFile, temporaryFolder, whenMade } from "../support/cli";

const sh = (script: string, options: Parameters<typeof run>[2] = {}) => run("sh", ["-c", script], options);

/** Whether a file is written no more, which may take a moment on a busy machine. */
async function standsStill(path: string): Promise<boolean> {
  for (let tries = 0; tries < 10; tries++) {
    const then = readFileSync(path, "utf8");
    await sleep(500);
    if (readFileSync(path, "utf8") === then) return true;
  }
  return false;
}

describe("run", () => {
  test("passes the input to a program, and returns its output", async () => {
    const ran = await sh("cat; echo no >&2", { input: "gr\u00fc\u00df" });
    expect(ran).toEqual({ status: 0, stdout: "gr\u00fc\u00df", stderr: "no\n", fault: null, why: "" });
  });

  test("runs a program in the root directory, with messages in English, and with additions to the environment", async () => {
    const { stdout } = await sh("pwd; echo $LC_ALL $LANGUAGE $MORE", { env: { MORE: "more" } });
    expect(stdout).toBe("/\nC C more\n");
    expect((await sh("echo $LC_ALL", { env: { LC_ALL: "C.UTF-8" } })).stdout).toBe("C.UTF-8\n");
  });

  test.each([
    ["says nothing", "exit 3", 3, "it failed with exit code 3 and no message"],
    ["says more than three lines", "printf 'a\\nb\\nc\\nd\\n' >&2; exit 1", 1, "b; c; d"],
    ["says very much in one line", "printf '%02000d' 7 >&2; exit 1", 1, `${"0".repeat(999)}7`],
    ["is ended by a signal", "kill -SEGV $$", null, "it was ended by SIGSEGV"],
  ])("reports the exit code and the reason of a program that %s", async (_, script, status, why) => {
    expect(await sh(script)).toMatchObject({ status, fault: null, why });
  });

  test("reports a program that is not installed", async () => {
    const missing = { status: null, fault: "ENOENT", why: "it is not installed, or not in PATH" };
    expect(await run("no-such-program", [])).toMatchObject(missing);
  });

  test("reports a file that may not be run", async () => {
    const path = temporaryFile("file", "#!/bin/sh\n");
    expect(await run(path, [])).toMatchObject({ fault: "EACCES", why: "it could not be run (EACCES)" });
  });

  test("does not fail if a program reads nothing of a long input", async () =>
    expect(await sh("exit 0", { input: "x".repeat(1_000_000) })).toMatchObject({ status: 0, fault: null }));

  test("ends a program after its time, also if it ignores SIGTERM, with all that it started", async () => {
    const folder = temporaryFolder();
    const script = `trap '' TERM; (trap '' TERM; while :; do date +%s%N > ${folder}/alive; sleep 0.05; done) & wait`;
    const late = { status: null, fault: "ETIMEDOUT", why: "it did not end within 1 seconds" };
    expect(await sh(script, { seconds: 1 })).toMatchObject(late);
    expect(await standsStill(join(folder, "alive"))).toBe(true);
  });

  test("does not wait for a child that keeps the output of an ended program open", async () => {
    const begin = Date.now();
    expect(await sh("echo done; sleep 50 & exit 0")).toMatchObject({ status: 0, stdout: "done\n", fault: null });
    expect(Date.now() - begin).toBeLessThan(20_000);
  });

  test("leaves no file descriptor open, even if a child in another session keeps the output open", async () => {
    const open = () => readdirSync("/proc/self/fd").length;
    await sh("exit 0");
    const before = open();
    expect(await sh("setsid sleep 20 & exit 0")).toMatchObject({ status: 0 });
    // Streams are closed in a later turn.
    for (let tries = 0; open() > before && tries < 100; tries++) await sleep(20);
    expect(open()).toBe(before);
  });

  test("leaves no timer and no signal handler", async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const [before, listening] = [timers(), process.listenerCount("SIGTERM")];
    await sh("exit 0");
    await run("no-such-program", []);
    expect(timers()).toBeLessThanOrEqual(before);
    expect(process.listenerCount("SIGTERM")).toBe(listening);
  });

  test("gives a program a minute by default", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const ended = vi.fn();
    const running = run("sleep", ["100"]).finally(ended);
    await vi.advanceTimersByTimeAsync(59_999);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toHaveBeenCalled();
    expect((await running).why).toBe("it did not end within 60 seconds");
  });

  test("ends a program, and all that it started, before a signal ends this process", async () => {
    const folder = temporaryFolder();
    const real = process.kill;
    // What this process does to itself would end the tests.
    const kill = vi.spyOn(process, "kill").mockImplementation((id, signal) => id === process.pid || real(id, signal));
    onTestFinished(() => kill.mockRestore());
    const running = sh(`(while :; do date +%s%N > ${folder}/alive; sleep 0.05; done) & wait`);
    await whenMade(join(folder, "alive"));
    process.emit("SIGTERM", "SIGTERM");
    expect(await running).toMatchObject({ status: null, fault: null, why: "it was ended by SIGKILL" });
    expect(kill).toHaveBeenLastCalledWith(process.pid, "SIGTERM");
    expect(await standsStill(join(folder, "alive"))).toBe(true);
  });

  test("reads 64 MiB of output and not a byte more, and keeps the last MiB of standard error", async () => {
    const half = 2 ** 25;
    const print = (out: number, err: number) =>
      sh(`head -c ${out} /dev/zero; head -c ${err} /dev/zero >&2; echo last >&2`);
    const { fault, stdout, stderr } = await print(half, half - 5);
    expect([fault, stdout.length, stderr.length, stderr.slice(-5)]).toEqual([null, half, 2 ** 20, "last\n"]);
    const why = "it printed more than 64 MiB";
    expect(await print(half, half - 4)).toMatchObject({ status: null, fault: "ENOBUFS", why });
  });
});
