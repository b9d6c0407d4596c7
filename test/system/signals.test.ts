import { expect, onTestFinished, test, vi } from "vitest";
import { beforeSignal } from "../../src/system/signals";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** How many listen to each signal: with none, it does what it does to any process. */
const listeners = () => SIGNALS.map((signal) => process.listenerCount(signal));

test.each(SIGNALS)("on %s, what is registered runs once, the latest first, and then the process ends", (signal) => {
  const did: string[] = [];
  const before = listeners();
  const kill = vi.spyOn(process, "kill").mockImplementation((_, name) => {
    did.push(`${name}: ${listeners().join() === before.join() ? "no" : "some"} listeners`);
    return true;
  });
  onTestFinished(() => kill.mockRestore());
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
