import { readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cli, FIXTURES, HOST, json, PLAIN, target, temporaryFile } from "../support/cli";

/** Options that name a host without an rbd pool. */
const noPool = () => ["--host", temporaryFile("host.json", JSON.stringify({ version: 1, host: "hv01", pools: [] }))];

describe("a host without an rbd pool", () => {
  test("is not affected", async () => {
    const { folder } = target("guest-1.4");
    const options = [...noPool(), "--virtinst", folder];
    const { code, stdout } = await cli(["inspect", ...options]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Affected: no\nThis host has no rbd pool\.\n\n/);
    expect(stdout).toMatch(/^Pool +none of type rbd$/m);
    const { stdout: hostFile } = await cli(["inspect", "--json", ...options]);
    expect(json(hostFile)).toMatchObject({ pools: [], state: "not-patched", affected: "no", document: { pools: [] } });
    const again = ["--host", temporaryFile("host.json", hostFile), "--virtinst", folder];
    expect((await cli(["inspect", ...again])).code).toBe(0);
  });

  test("is not patched, even with --force, and verify succeeds", async () => {
    const { folder, path, pristine } = target(PLAIN);
    const options = [...noPool(), "--virtinst", folder];
    expect((await cli(["verify", ...options])).code).toBe(0);
    for (const words of [[], ["--check"], ["--force"]]) {
      const { code, stdout } = await cli(["apply", "--json", ...words, ...options]);
      expect(code).toBe(0);
      expect(json(stdout)).toMatchObject({ changed: false, status: "not needed", pools: [] });
    }
    expect(readFileSync(path).equals(pristine)).toBe(true);
  });

  test("has no patch to render, and no sample domain to preview", async () => {
    const options = [...noPool(), "--virtinst", target(PLAIN).folder];
    for (const command of ["render", "preview"])
      expect(await cli([command, ...options])).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/there is no pool of type rbd\.\n/),
      });
    const domain = temporaryFile("d.xml", "<domain/>");
    expect(await cli(["preview", domain, ...options])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/changes nothing/),
    });
  });
});

test("if a patched host has no rbd pool any more, the patch is outdated, and apply restores the original", async () => {
  const { folder, path, options, pristine, read } = target(PLAIN);
  await cli(["apply", ...options]);
  const applied = read();
  const none = [...noPool(), "--virtinst", folder];
  const verified = await cli(["verify", "--json", ...none]);
  expect(verified.code).toBe(1);
  expect(json(verified.stdout)).toMatchObject({ state: "outdated", stateReason: "this host has no rbd pool any more" });

  const checked = await cli(["apply", "--check", "--diff", ...none]);
  expect(checked.code).toBe(1);
  expect(checked.stdout).toMatch(/^would be removed: .*installer\.py \(pool libvirtpool\)$/m);
  expect(checked.stdout).toMatch(/^-.*_virtinst_rbd_patch/m);
  expect(read()).toBe(applied);

  const done = await cli(["apply", "--json", ...none]);
  expect(done.code, done.stderr).toBe(0);
  expect(json(done.stdout)).toMatchObject({
    ...{ changed: true, status: "removed", pools: ["libvirtpool"], compiled: null, restored: true, timeRestored: true },
    notes: ["This host has no rbd pool any more: apply removes the patch."],
  });
  expect(readFileSync(path).equals(pristine)).toBe(true);
  expect(statSync(path).mtimeMs).toBe(1400000000000);
});

describe("a pool whose secret is not defined", () => {
  const BROKEN = [...HOST, `--pool-xml=${FIXTURES}/pool-uuid.xml`];
  const MESSAGE = /pool "archive" names a secret with uuid 5f3a1c9e-\S+, and no such secret is defined\./;

  test("is shown by inspect as broken, with the remedy and no next command, beside the other pools", async () => {
    const { folder, options } = target(PLAIN);
    await cli(["apply", ...options]);
    const { code, stdout } = await cli(["inspect", ...BROKEN, "--virtinst", folder]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^Affected: yes\n.*\nBroken pool: .* Define the secret \(virsh secret-define, .*--pool\.\n/);
    expect(stdout).toMatch(MESSAGE);
    expect(stdout).toMatch(/^Pool +archive \(Ceph pool cold\) broken$/m);
    expect(stdout).toMatch(/^Pool +libvirtpool \(Ceph pool vms\)$/m);
    expect(stdout).toMatch(/^ {2}monitors +192\.0\.2\.11:6789, 192\.0\.2\.12:6789, 192\.0\.2\.13:6789$/m);
    expect(stdout).toMatch(/^ {2}secret +2a5b08e4-\S+ \(by usage/m);
    expect(stdout).toMatch(/^Patch +current: /m);
    expect(stdout).not.toMatch(/^Next/m);
    const selected = await cli(["inspect", ...BROKEN, "--virtinst", folder, "--pool", "libvirtpool"]);
    expect(selected.stdout).toMatch(/^Pool +archive \(Ceph pool cold\) left out$/m);
    expect(selected.stdout).not.toMatch(/broken/);
  });

  test("is refused by every other command, unless --pool leaves it out", async () => {
    const options = [...BROKEN, "--virtinst", target(PLAIN).folder];
    for (const command of ["render", "preview", "verify", "apply"])
      expect(await cli([command, ...options])).toMatchObject({ code: 3, stderr: expect.stringMatching(MESSAGE) });
    expect((await cli(["apply", ...options, "--pool", "libvirtpool"])).code).toBe(0);
  });
});
