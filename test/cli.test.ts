import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { built, cli, HOST, json, PLAIN, shell, TOOL, target, temporaryFile, temporaryFolder } from "./support/cli";
import { standInProgram } from "./support/programs";

test.each([
  [["inspect", "--host", "/nonexistent"], 3, /nonexistent cannot be read: no such file/],
  [["inspect", ...HOST, "--pool", "other"], 3, /no rbd pool named "other".*\n.*"libvirtpool"/],
  [["render", ...HOST, "--virtinst", "/nonexistent"], 4, /nonexistent has no virtinst/],
  [
    ["render", ...HOST, "--virtinst", "test/fixtures/virtinst/guest-1.0", "-o", "/nonexistent/x"],
    6,
    /cannot be written: no such file/,
  ],
])("%j exits with %i, one message and one hint", async (words, exit, message) => {
  const { code, stderr, stdout } = await cli([...words, "--json"]);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n {4}at /);
  expect(code).toBe(exit);
  expect(json(stdout)).toMatchObject({
    verdict: { ok: false, exitCode: exit },
    error: { message: expect.any(String), hint: expect.any(String) },
  });
});

test("names from outside cannot control the terminal, or look like other lines of the output", async () => {
  const name = "a&#10;Patch  current&#10;--- a/etc/passwd&#9;\u202e\u009b31m";
  const pool = `<pool type='rbd'><name>${name}</name><source><host name='m'/><name>c</name></source></pool>`;
  const folder = join(temporaryFolder(), "\u001b[8mhidden");
  cpSync(target(PLAIN).folder, folder, { recursive: true });
  const options = ["--pool-xml", temporaryFile("p.xml", pool), "--virtinst", folder];
  for (const words of [["inspect"], ["render"], ["preview"], ["apply", "--force", "--diff"], ["verify", "-v"]]) {
    const { stdout, stderr } = await cli([...words, ...options]);
    expect(stdout + stderr).not.toMatch(/[\u001b\u009b\u202e]/);
    expect(stdout).not.toMatch(/^(Patch {2}current|--- a\/etc)/m);
  }
  const { stdout } = await cli(["inspect", ...options]);
  expect(stdout).toContain("a\\x0aPatch  current\\x0a--- a/etc/passwd\\x09\\u202e\\x9b31m");
  expect(stdout).toContain("\\x1b[8mhidden");
  standInProgram(folder, "echo '<domain></domain>'");
  for (const words of [
    ["inspect", "--json"],
    ["inspect", "--pool", "x"],
    ["verify", "-q"],
  ]) {
    const ran = await cli([...words, ...options]);
    expect(ran.stdout + ran.stderr).toMatch(/\\u202e/);
    expect(ran.stdout + ran.stderr).not.toMatch(/[\u001b\u009b\u202e]/);
  }
});

test("a current directory that was removed is reported", () => {
  const gone = temporaryFolder();
  const ran = shell('cd "$1" && rmdir "$1" && shift && tool inspect "$@" --virtinst virtinst', [gone, ...HOST]);
  expect(ran.stderr).toMatch(/^virtinst-rbd-patch: The current directory: no such file/);
  expect(ran.code).toBe(6);
});

test("output that cannot be written is an error with exit code 6", () => {
  const { code, stderr } = shell('tool inspect "$@" > /dev/full', target(PLAIN).options);
  expect(stderr).toMatch(/Standard output cannot be written: no space left/);
  expect(code).toBe(6);
});

test("a reader that closes the pipe early is not an error", () => {
  expect(shell('set -o pipefail; tool render "$@" | head -1', target(PLAIN).options)).toMatchObject({
    code: 0,
    stderr: "",
  });
});

test("the built file needs no other file: it patches, verifies, previews and reverts in an empty directory", () => {
  const { folder, path, pristine, options } = target(PLAIN);
  const tool = join(temporaryFolder(), "virtinst-rbd-patch");
  cpSync(TOOL, tool);
  const run = (...words: string[]) => built(words, { tool });
  const hostFile = join(dirname(tool), "host.json");
  const patch = join(dirname(tool), "host.patch");
  writeFileSync(hostFile, run("inspect", "--json", ...options).stdout);
  const fromFile = ["--host", hostFile, "--virtinst", folder];
  expect(run("render", "-o", patch, ...fromFile).code).toBe(0);
  expect(run("apply", patch, ...options).code).toBe(0);
  expect(run("apply", ...fromFile).stdout).toMatch(/^current/);
  expect(run("verify", ...fromFile).code).toBe(0);
  expect(run("preview", ...fromFile).stdout).toMatch(/^\+ +<secret type="ceph" usage=/m);
  expect(run("revert", "--virtinst", folder).code).toBe(0);
  expect(readFileSync(path).equals(pristine)).toBe(true);
});
