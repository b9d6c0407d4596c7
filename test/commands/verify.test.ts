import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cli, HOST_TWO, json, PLAIN, target, withFittingDigest } from "../support/cli";

test("verify exits with 1 for a modified patch, and reports what its function does wrong", async () => {
  const { options, edit } = target(PLAIN);
  await cli(["apply", ...options]);
  edit(/usage="client/g, 'usage="other');
  const { code, stdout } = await cli(["verify", ...options]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^modified: /);
  expect(stdout).toMatch(/^function failed \(\d of \d+ checks failed\): /m);
  expect(stdout).toMatch(/^ {2}failed: disk of pool libvirtpool/m);
  expect(stdout).toMatch(/usage="other/);
});

test("an edited patch with correct digests is outdated, and the function in the file is run", async () => {
  const { options, read, path } = target(PLAIN);
  await cli(["apply", ...options]);
  writeFileSync(path, withFittingDigest(read().replace('name="192.0.2.13"', 'name="192.0.2.99"')));
  const { code, stdout } = await cli(["verify", "--json", ...options]);
  expect(json(stdout)).toMatchObject({ state: "outdated", behaviour: { status: "failed" } });
  expect(code).toBe(1);
});

test("a patch for one of two pools is outdated, and apply without --pool extends it", async () => {
  const options = [...HOST_TWO, "--virtinst", target(PLAIN).folder];
  expect((await cli(["apply", ...options, "--pool", "libvirtpool"])).code).toBe(0);
  const { code, stdout } = await cli(["verify", "--json", ...options]);
  expect(code).toBe(1);
  expect(json(stdout)).toMatchObject({
    state: "outdated",
    stateReason: 'the patch is for "libvirtpool", but this host also has "archive"',
  });
  expect((await cli(["apply", ...options])).stdout).toMatch(/^updated: .*archive, libvirtpool/);
  expect((await cli(["verify", ...options])).code).toBe(0);
});

test.each([
  [["--static"], "--static"],
  [[], "/nonexistent, given with --python"],
])("verify %j does not report a function that was not run as passed", async (words, reason) => {
  const { options } = target(PLAIN);
  await cli(["apply", ...options]);
  const { code, stdout } = await cli(["verify", ...words, "--python", "/nonexistent", ...options]);
  expect(code).toBe(0);
  expect(stdout).toContain(`function skipped: ${reason}`);
  expect(stdout).not.toMatch(/passed/);
});
