import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeBundle } from "../support/bundle";
import { built, PLAIN, target } from "../support/cli";
import { borrowVirtinst, makeFolder, must, run, SHARE, undoAll } from "./support/machine";

const HOST = ["usage"].flatMap((name) => [
  `--pool-xml=${resolve(`test/fixtures/host/pool-${name}.xml`)}`,
  `--secret-xml=${resolve(`test/fixtures/host/secret-${name}.xml`)}`,
]);
const FILE = `${SHARE}/virtinst/install/installer.py`;

let bundle: string;

beforeAll(() => {
  borrowVirtinst();
  const folder = makeFolder();
  bundle = join(folder, "standalone.py");
  const { code, stderr } = built(["bundle", ...HOST, "-o", bundle]);
  if (code !== 0) throw new Error(stderr);
});

afterAll(undoAll);

/** Runs it as an administrator does: as a program. */
function bundled(...words: string[]) {
  return run("env", ["-i", `PATH=${withoutNode()}`, bundle, ...words]);
}

/** A folder with what the bundle may run, and without Node. */
function withoutNode(): string {
  const folder = makeFolder();
  for (const name of ["sh", "env", "python3", "virt-install", "cp", "stat", "touch", "timeout"]) {
    mkdirSync(folder, { recursive: true });
    must("ln", ["-sf", `/usr/bin/${name}`, join(folder, name)]);
  }
  return folder;
}

test("Debian's own virtinst, on a machine without Node: the bytes of apply, verify, revert", () => {
  expect(run("env", ["-i", `PATH=${withoutNode()}`, "sh", "-c", "command -v node"]).code).not.toBe(0);
  const pristine = readFileSync(FILE);
  const { mtimeMs, mode } = statSync(FILE);

  built(["apply", ...HOST]);
  const patched = readFileSync(FILE);
  built(["revert"]);
  expect(readFileSync(FILE)).toEqual(pristine);

  expect(bundled("verify", "--static").code).toBe(1);
  expect(bundled("apply")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^patched: /) });
  expect(readFileSync(FILE)).toEqual(patched);
  expect(bundled("apply").stdout).toMatch(/^current: /);
  const verified = bundled("verify");
  expect(verified.stdout).toMatch(/^function passed \(7 of 7 checks\): /m);
  expect(verified.stdout).toMatch(/^virt-install passed \(3 of 3 checks\): /m);
  expect(verified.code).toBe(0);
  expect(built(["verify", ...HOST]).code).toBe(0);
  expect(bundled("revert").stdout).toMatch(/^reverted: /);
  expect(readFileSync(FILE)).toEqual(pristine);
  expect(statSync(FILE)).toMatchObject({ mtimeMs, mode });
});

test("below --root, a link in the image leads nowhere else", () => {
  const root = makeFolder();
  const place = join(root, "usr/share/virt-manager/virtinst/install");
  mkdirSync(place, { recursive: true });
  copyFileSync(FILE, join(place, "real.py"));
  chmodSync(join(place, "real.py"), 0o644);
  must("ln", ["-s", "/usr/share/virt-manager/virtinst/install/real.py", join(place, "installer.py")]);
  const before = readFileSync(FILE);
  const image = readFileSync(join(place, "real.py"));
  expect(bundled("apply", "--root", root)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^patched: /) });
  expect(readFileSync(FILE)).toEqual(before);
  expect(readFileSync(join(place, "real.py")).equals(image)).toBe(false);
  expect(bundled("verify", "--static", "--root", root).code).toBe(0);
  expect(bundled("revert", "--root", root).code).toBe(0);
  expect(readFileSync(join(place, "real.py"))).toEqual(image);
});

test("a link to a secret's value in the place of byte code is not opened", () => {
  const secret = join(makeFolder(), "x.base64");
  writeFileSync(secret, "VALUE");
  const { path, folder } = target(PLAIN);
  symlinkSync(secret, `${path}c`);
  const log = join(makeFolder(), "log");
  const own = makeBundle();
  const strace = ["-f", "-qq", "-o", log, "-e", "trace=open,openat"];
  expect(run("strace", [...strace, "python3", own, "apply", "--virtinst", folder]).code).toBe(0);
  expect(readFileSync(path, "utf8")).toContain("# >>> virtinst-rbd-patch");
  const opened = readFileSync(log, "latin1");
  expect(opened).toContain("installer.py");
  expect(opened).not.toMatch(/x\.base64|installer\.pyc"/);
});
