// Extended attributes and ACLs, with the programs that set and read them.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { readOldFile, replaceFile } from "../../src/system/replace";
import { Both } from "../support/both";
import { temporaryFolder } from "../support/cli";
import { must, standIns } from "../support/stand-ins";

/** A file, and what replaces it: null, or the message of the failure. */
function file() {
  const path = join(temporaryFolder(), "guest.py");
  writeFileSync(path, "old\n");
  const replace = () =>
    replaceFile(readOldFile(path), Buffer.from("new\n")).then(
      () => null,
      (error) => `${error.message} ${error.hint}`,
    );
  const attributes = () =>
    must("getfattr", "-d", "-m", "-", "-e", "hex", "--absolute-names", path) +
    must("getfacl", "-n", "--absolute-names", path);
  return { path, replace, attributes };
}

describe("a file that is replaced keeps", () => {
  test.each<[string, (path: string) => void]>([
    ["an attribute", (path) => must("setfattr", "-n", "user.origin", "-v", "package", path)],
    ["an empty one", (path) => must("setfattr", "-n", "user.empty", path)],
    ["one of any bytes", (path) => must("setfattr", "-n", "user.bytes", "-v", "0x00ff0a3d0afe", path)],
    ["an ACL", (path) => must("setfacl", "-m", "u:1234:rw,g:4321:r,m::rw", path)],
    ["a label", (path) => must("setfattr", "-n", "trusted.label", "-v", "one", path)],
    [
      "an SELinux label",
      (path) => must("setfattr", "-n", "security.selinux", "-v", "system_u:object_r:usr_t:s0", path),
    ],
  ])("%s", async (_, set) => {
    const one = file();
    set(one.path);
    const before = one.attributes();
    expect([await one.replace(), one.attributes()]).toEqual([null, before]);
  });
});

test("a file whose attribute cannot be copied is not replaced", async () => {
  const one = file();
  must("setfattr", "-n", "user.origin", "-v", "package", one.path);
  const before = one.attributes();
  const inject = "-e trace=fsetxattr -e inject=fsetxattr:error=ENOSPC";
  vi.stubEnv("PATH", standIns({ cp: `exec strace -qq -o /dev/null ${inject} $real "$@"` }));
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await one.replace()).toMatch(/cannot be replaced: cp: .*No space left on device\. Nothing was written\./);
  expect(one.attributes()).toBe(before);
});

test("the default ACL of a folder is not given to the patched file", async () => {
  const both = new Both().each(({ path }) => must("setfacl", "-d", "-m", "u:nobody:r", dirname(path)));
  expect((await both.run("apply")).code).toBe(0);
  expect((await both.run("revert")).code).toBe(0);
  for (const { path } of both.places) expect(must("getfacl", "-p", path)).not.toContain("nobody");
});
