import { existsSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { inTemporaryFolder } from "../../src/system/temporary";

/** Uses a folder, and puts a file and a folder with one into it. */
function use(act: (folder: string) => Promise<unknown>) {
  let used = "";
  const result = inTemporaryFolder(async (folder) => {
    used = folder;
    writeFileSync(join(folder, "file"), "text");
    return await act(folder);
  });
  return { used: () => used, result };
}

test("a temporary folder is there for its use, the user's own, and gone afterwards", async () => {
  const before = process.listenerCount("SIGTERM");
  const { used, result } = use(async (folder) => {
    expect(statSync(folder).mode & 0o7777).toBe(0o700);
    expect(statSync(folder).uid).toBe(process.getuid?.());
    expect([dirname(folder), basename(folder)]).toEqual([tmpdir(), expect.stringMatching(/^virtinst-rbd-patch-\w+$/)]);
    return "done";
  });
  expect(await result).toBe("done");
  expect(existsSync(used())).toBe(false);
  expect(process.listenerCount("SIGTERM")).toBe(before);
});

test("it goes also where its use fails, whose failure stays", async () => {
  const { used, result } = use(async () => {
    throw new Error("no luck");
  });
  await expect(result).rejects.toThrow("no luck");
  expect(existsSync(used())).toBe(false);
});

test("it goes before a signal ends the process, and one that is gone already is no failure", async () => {
  // What this process does to itself would end the tests.
  const kill = vi.spyOn(process, "kill").mockReturnValue(true);
  onTestFinished(() => kill.mockRestore());
  const { result } = use(async (folder) => {
    process.emit("SIGTERM", "SIGTERM");
    expect(existsSync(folder)).toBe(false);
    expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, "SIGTERM");
    return "done";
  });
  expect(await result).toBe("done");
});
