import { describe, expect, onTestFinished, test, vi } from "vitest";
import { beforeSignal, holdSignals } from "../../src/system/signals";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** How many listen to each signal: with none, it does what it does to any process. */
const listeners = () => SIGNALS.map((signal) => process.listenerCount(signal));

/**
 * What this process does to itself is only written down: it would end the tests. The signal comes by `emit`, since vitest
 * may run this in a thread, which gets none.
 */
function signals() {
  const ended: string[] = [];
  const kill = vi.spyOn(process, "kill").mockImplementation((id, signal) => {
    expect(id).toBe(process.pid);
    ended.push(`${signal}, with ${listeners().reduce((sum, count) => sum + count, 0) - quiet} listening`);
    return true;
  });
  const quiet = listeners().reduce((sum, count) => sum + count, 0);
  onTestFinished(() => kill.mockRestore());
  return { ended, send: (signal: (typeof SIGNALS)[number]) => process.emit(signal, signal) };
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("holdSignals", () => {
  test.each(SIGNALS)("%s waits until the work is done, and ends the process then", async (signal) => {
    const { ended, send } = signals();
    const before = listeners();
    const done = await holdSignals(async () => {
      expect(listeners()).toEqual(before.map((count) => count + 1));
      send(signal);
      await wait(10);
      expect(ended).toEqual([]);
      return "done";
    });
    expect(done).toBe("done");
    expect(ended).toEqual([`${signal}, with 0 listening`]);
    expect(listeners()).toEqual(before);
  });

  test("also where the work fails, whose failure stays", async () => {
    const { ended, send } = signals();
    const work = holdSignals(async () => {
      send("SIGTERM");
      throw new Error("no luck");
    });
    await expect(work).rejects.toThrow("no luck");
    expect(ended).toEqual(["SIGTERM, with 0 listening"]);
  });

  test("of two works in one another, until both are done", async () => {
    const { ended, send } = signals();
    await holdSignals(async () => {
      await holdSignals(async () => void send("SIGTERM"));
      expect(ended).toEqual([]);
      await wait(1);
      expect(ended).toEqual([]);
    });
    expect(ended).toEqual(["SIGTERM, with 0 listening"]);
  });

  test("without a signal nothing ends, and nobody listens any more", async () => {
    const { ended } = signals();
    const before = listeners();
    await holdSignals(async () => {});
    expect([ended, listeners()]).toEqual([[], before]);
  });

  test("a signal that was delivered is not delivered once more with the next work", async () => {
    const { ended, send } = signals();
    await holdSignals(async () => void send("SIGHUP"));
    await holdSignals(async () => {});
    expect(ended).toHaveLength(1);
  });
});

describe("beforeSignal", () => {
  test("what is to end does so before the process, once, and not after it was taken back", () => {
    const { ended, send } = signals();
    const before = listeners();
    const did: string[] = [];
    const forget = beforeSignal(() => did.push(`one, ${ended.length} ended`));
    const back = beforeSignal(() => did.push("taken back"));
    expect(listeners()).toEqual(before.map((count) => count + 1));
    back();
    expect(listeners()).toEqual(before.map((count) => count + 1));
    send("SIGTERM");
    expect(did).toEqual(["one, 0 ended"]);
    expect(ended).toEqual(["SIGTERM, with 0 listening"]);
    forget();
    expect(listeners()).toEqual(before);
  });

  test("what was taken back leaves nobody listening", () => {
    const before = listeners();
    beforeSignal(() => {})();
    expect(listeners()).toEqual(before);
  });

  test("waits for the work that holds signals, within which its own end keeps the others listening", async () => {
    const { ended, send } = signals();
    const did: string[] = [];
    const forget = beforeSignal(() => did.push("outer"));
    const before = listeners();
    await holdSignals(async () => {
      beforeSignal(() => {})();
      expect(listeners()).toEqual(before);
      send("SIGINT");
      expect(did).toEqual([]);
    });
    expect(did).toEqual(["outer"]);
    expect(ended).toEqual(["SIGINT, with 0 listening"]);
    forget();
  });

  test("work that ends leaves what is still to end before a signal", async () => {
    const { ended, send } = signals();
    const did: string[] = [];
    const forget = beforeSignal(() => did.push("one"));
    await holdSignals(async () => {});
    send("SIGTERM");
    expect([did, ended]).toEqual([["one"], ["SIGTERM, with 0 listening"]]);
    forget();
  });
});
