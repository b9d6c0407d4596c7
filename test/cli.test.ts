import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { built, cli, HOST, json, PLAIN, shell, TOOL, target, temporaryFolder } from "./support/cli";

test.each([
  [["inspect", "--host", "/nonexistent"], 3, /nonexistent cannot be read: no such file/],
  [["inspect", ...HOST, "--pool", "other"], 3, /no rbd pool named "other".*\n.*"libvirtpool"/],
  [["render", ...HOST, "--virtinst", "/nonexistent"], 4, /nonexistent has no virtinst/],
  [
    ["render", ...HOST, "--virtinst", "test/fixtures/virtinst/guest-1.0", "-o", "/nonexistent/x"],
    6,
    /cannot be written: no such file/,
  ],
])("%j exits %i", async (words, exit, message) => {
  const { code, stderr, stdout } = await cli([...words, "--json"]);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n {4}at /);
  expect(code).toBe(exit);
  expect(json(stdout)).toMatchObject({
    verdict: { ok: false, exitCode: exit },
    error: { message: expect.any(String), hint: expect.any(String) },
  });
});

test("what looks like this tool's own colours is none of them in a name from outside", async () => {
  const folder = join(temporaryFolder(), "\u001b[8mhidden");
  cpSync(target(PLAIN).folder, folder, { recursive: true });
  for (const words of [["inspect"], ["apply", "--check"], ["apply"], ["verify", "-v"]]) {
    const { stdout, stderr } = await cli([...words, ...HOST, "--virtinst", folder]);
    expect(stdout).toContain("\\x1b[8mhidden");
    expect(stdout + stderr).not.toContain("\u001b");
  }
});

test("a folder that went is called that", () => {
  const gone = temporaryFolder();
  const ran = shell('cd "$1" && rmdir "$1" && shift && tool inspect "$@" --virtinst virtinst', [gone, ...HOST]);
  expect(ran.stderr).toMatch(/^virtinst-rbd-patch: The current directory: no such file/);
  expect(ran.code).toBe(6);
});

test("a full device is named", () => {
  const { options } = target(PLAIN);
  const { status, stderr } = spawnSync(
    "sh",
    ["-c", '"$0" "$@" > /dev/full', process.execPath, TOOL, "inspect", ...options],
    { encoding: "utf8" },
  );
  expect(stderr).toMatch(/Standard output cannot be written: no space left/);
  expect(status).toBe(6);
});

test("a reader that has seen enough is no failure", () => {
  const { options } = target(PLAIN);
  const { status, stderr } = spawnSync(
    "sh",
    ["-c", `"$0" dist/virtinst-rbd-patch.js render "$@" | head -1`, process.execPath, ...options],
    { encoding: "utf8" },
  );
  expect(status).toBe(0);
  expect(stderr).not.toMatch(/written|EPIPE/);
});

describe("the built file", () => {
  test("alone in an empty folder does every command", () => {
    const { folder, path, pristine } = target(PLAIN);
    const tool = join(temporaryFolder(), "virtinst-rbd-patch");
    cpSync(TOOL, tool);
    const run = (...words: string[]) => built(words, { tool });
    const options = [...HOST, "--virtinst", folder];
    const document = join(dirname(tool), "host.json");
    const patch = join(dirname(tool), "host.patch");
    writeFileSync(document, run("inspect", "--json", ...options).stdout);
    const fromDocument = ["--host", document, "--virtinst", folder];
    expect(run("render", "-o", patch, ...fromDocument).code).toBe(0);
    expect(run("apply", patch, ...HOST, "--virtinst", folder).code).toBe(0);
    expect(run("apply", ...fromDocument).stdout).toMatch(/^current/);
    expect(run("verify", ...fromDocument).code).toBe(0);
    expect(run("preview", ...fromDocument).stdout).toMatch(/^\+ +<secret type="ceph" usage=/m);
    expect(run("revert", "--virtinst", folder).code).toBe(0);
    expect(readFileSync(path).equals(pristine)).toBe(true);
  });
});
