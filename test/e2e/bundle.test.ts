import { readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeBundle } from "../support/bundle";
import { built, HOST } from "../support/cli";
import { expectDone, INSTALLER, makeFolder, requireCleanVirtinst, run, undoAll } from "./support/machine";

afterAll(undoAll);

test("on a machine without Node, the standalone script patches, verifies and reverts Debian's virtinst as the tool does", () => {
  requireCleanVirtinst();
  // The programs that the standalone script may run, and no Node.
  const path = makeFolder();
  for (const name of ["sh", "env", "python3", "virt-install", "cp", "stat", "touch", "timeout"])
    symlinkSync(`/usr/bin/${name}`, join(path, name));
  const bundle = makeBundle(HOST, join(makeFolder(), "standalone.py"));
  const alone = (...command: string[]) => run("env", ["-i", `PATH=${path}`, ...command]);
  expect(alone("sh", "-c", "command -v node").code).not.toBe(0);
  const original = readFileSync(INSTALLER);
  const { mtimeMs, mode } = statSync(INSTALLER);

  expectDone(built(["apply", ...HOST]));
  const patched = readFileSync(INSTALLER);
  expectDone(built(["revert"]));
  expect(readFileSync(INSTALLER)).toEqual(original);

  expect(alone(bundle, "verify", "--static").code).toBe(1);
  expect(alone(bundle, "apply")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^patched: /) });
  expect(readFileSync(INSTALLER)).toEqual(patched);
  expect(alone(bundle, "apply").stdout).toMatch(/^current: /);
  const verified = alone(bundle, "verify");
  expect(verified.stdout).toMatch(/^function passed \(7 of 7 checks\): /m);
  expect(verified.stdout).toMatch(/^virt-install passed \(3 of 3 checks\): /m);
  expect(verified.code).toBe(0);
  expectDone(built(["verify", ...HOST]));
  expect(alone(bundle, "revert").stdout).toMatch(/^reverted: /);
  expect(readFileSync(INSTALLER)).toEqual(original);
  expect(statSync(INSTALLER)).toMatchObject({ mtimeMs, mode });
});
