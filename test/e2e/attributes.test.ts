// Extended attributes and ACLs, with the programs that set and read them.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { readOldFile, replaceFile } from "../../src/system/replace";
import { Both } from "../support/both";
import { temporaryFolder } from "../support/cli";
import { must, standIns } from "../support/stand-ins";

const SELINUX = ["setfattr", "-n", "security.selinux", "-v", "system_u:object_r:usr_t:s0"] as const;

/** A file with attributes, and what replaces it: null, or the message of the failure. */
function file(...attributes: readonly (readonly [string, ...string[]])[]) {
  const path = join(temporaryFolder(), "guest.py");
  writeFileSync(path, "old\n");
  for (const [program, ...words] of attributes) must(program, ...words, path);
  const replace = () =>
    replaceFile(readOldFile(path), Buffer.from("new\n")).then(
      () => null,
      (error) => `${error.message} ${error.hint}`,
    );
  const read = () =>
    must("getfattr", "-d", "-m", "-", "-e", "hex", "--absolute-names", path) +
    must("getfacl", "-n", "--absolute-names", path);
  return { replace, read };
}

test("a file that is replaced keeps its ACL, its SELinux label and other extended attributes", async () => {
  const one = file(
    ["setfattr", "-n", "user.origin", "-v", "package"],
    ["setfattr", "-n", "user.empty"],
    ["setfattr", "-n", "user.bytes", "-v", "0x00ff0a3d0afe"],
    ["setfattr", "-n", "trusted.label", "-v", "one"],
    SELINUX,
    ["setfacl", "-m", "u:1234:rw,g:4321:r,m::rw"],
  );
  const before = one.read();
  expect(before.match(/^(?:user|trusted|security)\.|^(?:user|group):\d/gm)).toHaveLength(7);
  expect([await one.replace(), one.read()]).toEqual([null, before]);
});

test("a file whose attribute cannot be copied is not replaced", async () => {
  const one = file(SELINUX);
  const before = one.read();
  const inject = "-e trace=fsetxattr -e inject=fsetxattr:error=ENOSPC";
  vi.stubEnv("PATH", standIns({ cp: `exec strace -qq -o /dev/null ${inject} $real "$@"` }));
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await one.replace()).toMatch(/cannot be replaced: cp: .*No space left on device\. Nothing was written\./);
  expect(one.read()).toBe(before);
});

test("the tool and the script keep the SELinux label, and do not add the default ACL of the directory", async () => {
  const both = new Both().each(({ path }) => must("setfacl", "-d", "-m", "u:nobody:r", dirname(path)));
  both.each(({ path }) => must(...SELINUX, path));
  expect((await both.run("apply")).code).toBe(0);
  for (const { path } of both.places) expect(must("getfattr", "-n", SELINUX[2], path)).toContain(SELINUX[4]);
  expect((await both.run("revert")).code).toBe(0);
  for (const { path } of both.places) expect(must("getfacl", "-p", path)).not.toContain("nobody");
});
