import { readFileSync, writeSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { beforeSignal } from "../../src/system/signals";

vi.mock("node:fs", { spy: true });

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** How many listen to each signal: with none, it does what it does to any process. */
const listeners = () => SIGNALS.map((signal) => process.listenerCount(signal));

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

test.each(SIGNALS)("on %s, what is registered runs once, the latest first, and then the process ends", (signal) => {
  const did: string[] = [];
  const before = listeners();
  const kill = vi.spyOn(process, "kill").mockImplementation((_, name) => {
    did.push(`${name}: ${listeners().join() === before.join() ? "no" : "some"} listeners`);
    return true;
  });
  const forget = beforeSignal(() => void did.push("first"));
  beforeSignal(() => void did.push("second"));
  const removed = beforeSignal(() => void did.push("removed"));
  removed();
  expect(listeners()).toEqual(before.map((count) => count + 1));
  process.emit(signal, signal);
  expect(did).toEqual(["second", "first", `${signal}: no listeners`]);
  expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, signal);
  forget();
  expect(listeners()).toEqual(before);
});

test("no handler is left once all that was registered is removed", () => {
  const before = listeners();
  const [one, other] = [beforeSignal(() => undefined), beforeSignal(() => undefined)];
  one();
  expect(listeners()).not.toEqual(before);
  other();
  expect(listeners()).toEqual(before);
});

test("what the functions return is printed on standard error, and the process ends even if that fails", () => {
  const kill = vi.spyOn(process, "kill").mockReturnValue(true);
  const write = vi.mocked(writeSync).mockImplementation(() => {
    throw new Error("EPIPE");
  });
  for (const said of ["first", undefined, "second"]) beforeSignal(() => said);
  process.emit("SIGTERM", "SIGTERM");
  const lines = ["second", "first"].map((said) => [2, `virtinst-rbd-patch: ${said}\n`]);
  expect([write.mock.calls, kill.mock.calls]).toEqual([lines, [[process.pid, "SIGTERM"]]]);
});

test("cancelling a registration after the signal cancels no other registration", () => {
  vi.spyOn(process, "kill").mockReturnValue(true);
  const did: string[] = [];
  const early = beforeSignal(() => undefined);
  process.emit("SIGTERM", "SIGTERM");
  beforeSignal(() => void did.push("late"));
  early();
  process.emit("SIGTERM", "SIGTERM");
  expect(did).toEqual(["late"]);
});

test.each([
  ["the parent process ignores it", "0000000000000001", "/bin/sh", true],
  ["the parent process ignores it and others", "fffffffe7ffbf0ff", "/bin/sh", true],
  ["the parent process ignores others", "0000000000001000", "/bin/sh", false],
  ["nohup was started by name", "0000000000000000", "/usr/bin/nohup", true],
  ["another program was started", "0000000000000000", "/usr/bin/nohup/x", false],
  ["nothing is known", null, undefined, false],
])("if %s (%s, %s), SIGHUP is ignored: %s", async (_, mask, program, ignored) => {
  vi.stubEnv("_", program);
  const kill = vi.spyOn(process, "kill").mockReturnValue(true);
  vi.mocked(readFileSync).mockImplementation((path) => {
    expect(path).toBe(`/proc/${process.ppid}/status`);
    if (mask === null) throw new Error("ENOENT");
    return `Name:\tsh\nSigIgn:\t${mask}\nSigCgt:\t0000000000000000\n`;
  });
  vi.resetModules();
  const before = listeners();
  const fresh = await import("../../src/system/signals");
  vi.mocked(readFileSync).mockReset();
  const did: string[] = [];
  const forget = fresh.beforeSignal(() => void did.push("end"));
  expect(listeners()).toEqual(before.map((count) => count + 1));
  process.emit("SIGHUP", "SIGHUP");
  expect([did, kill.mock.calls.length]).toEqual(ignored ? [[], 0] : [["end"], 1]);
  forget();
  process.removeAllListeners("SIGHUP");
});
