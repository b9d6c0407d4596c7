import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  cli,
  FIXTURES,
  HOST,
  image,
  json,
  PLAIN,
  patchedBy100,
  target,
  temporaryFile,
  temporaryFolder,
} from "../support/cli";

/** Options that name a host without an rbd pool. */
const noPool = () => ["--host", temporaryFile("host.json", JSON.stringify({ version: 1, host: "hv01", pools: [] }))];
const REFUSED = /there is no pool of type rbd\.\n/;

test("inspect shows the host without pools, and that no patch is needed", async () => {
  const { folder } = target("guest-1.4");
  const options = [...noPool(), "--virtinst", folder];
  const { code, stdout } = await cli(["inspect", ...options]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Pool +none of type rbd$/m);
  expect(stdout).toMatch(/^Affected: no\nThis host has no rbd pool\.\n\n/);
  const document = json((await cli(["inspect", "--json", ...options])).stdout);
  expect(document).toMatchObject({ pools: [], state: "not-patched", affected: "no", document: { pools: [] } });
  // It can be carried elsewhere.
  const again = await cli([
    "inspect",
    "--host",
    temporaryFile("host.json", JSON.stringify(document)),
    "--virtinst",
    folder,
  ]);
  expect(again.code).toBe(0);
});

test("an unpatched file is as it should be, and stays so, with --force too", async () => {
  const { folder, path, pristine } = target(PLAIN);
  const options = [...noPool(), "--virtinst", folder];
  const verified = await cli(["verify", "--json", ...options]);
  expect(verified.code).toBe(0);
  expect(json(verified.stdout)).toMatchObject({
    state: "not-patched",
    affected: "no",
    pools: [],
    stateReason: "the file has no patch",
    affectedReason: "this host has no rbd pool",
    behaviour: { status: "skipped" },
  });
  for (const words of [[], ["--check"], ["--force"]]) {
    const applied = await cli(["apply", "--json", ...words, ...options]);
    expect(applied.code).toBe(0);
    expect(json(applied.stdout)).toMatchObject({ changed: false, status: "not needed", pools: [] });
    expect(json(applied.stdout).notes).toEqual([
      `This host has no rbd pool: there is nothing to write${words[0] === "--force" ? ", not even with --force" : ""}.`,
    ]);
  }
  expect(readFileSync(path).equals(pristine)).toBe(true);
  expect(statSync(path).mtimeMs).toBe(1400000000000);
});

test("a patch is outdated, and apply removes it", async () => {
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
  expect(checked.stdout).toMatch(/^This would restore the original file \(content and modification time\)\.$/m);
  for (const command of ["apply", "revert"])
    expect(await cli([command, "--check", "-q", ...(command === "apply" ? none : none.slice(-2))])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^virtinst-rbd-patch: would be (removed|reverted): .*\n$/),
    });
  expect(read()).toBe(applied);

  const done = await cli(["apply", "--json", "--diff", "--force", ...none]);
  expect(done.code, done.stderr).toBe(0);
  expect(json(done.stdout)).toMatchObject({
    changed: true,
    check: false,
    status: "removed",
    pools: ["libvirtpool"],
    compiled: null,
    restored: true,
    timeRestored: true,
    diff: expect.stringMatching(/^-.*_virtinst_rbd_patch/m),
    notes: ["This host has no rbd pool any more: the patch is removed."],
  });
  expect(readFileSync(path).equals(pristine)).toBe(true);
  expect(statSync(path).mtimeMs).toBe(1400000000000);
  expect(json((await cli(["apply", "--json", ...none])).stdout)).toMatchObject({
    changed: false,
    status: "not needed",
  });
  expect((await cli(["verify", ...none])).code).toBe(0);
});

test("the patch is removed as by revert", async () => {
  const { folder, path, options, pristine, edit } = target(PLAIN);
  const none = [...noPool(), "--virtinst", folder];
  writeFileSync(path, patchedBy100(pristine));
  expect(json((await cli(["apply", "--json", ...none])).stdout)).toMatchObject({ status: "removed", restored: true });
  expect(readFileSync(path).equals(pristine)).toBe(true);
  expect(statSync(path).mtimeMs).toBe(1400000000000);

  await cli(["apply", ...options]);
  edit("import os\n", "import os\n# mine\n");
  const { code, stdout, stderr } = await cli(["apply", ...none]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/changed outside the patch\. These changes/);
  expect(stdout).toMatch(/^removed: .*\nRemoved the patch\. The file differs from the original\.$/m);
  expect(readFileSync(path, "utf8")).toBe(pristine.toString().replace("import os\n", "import os\n# mine\n"));

  await cli(["apply", ...options]);
  edit("# <<< virtinst-rbd-patch\n", "");
  const damaged = readFileSync(path);
  expect(await cli(["apply", ...none])).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/Nothing was written/),
  });
  expect(readFileSync(path).equals(damaged)).toBe(true);
});

test("there is nothing to render, and nothing to preview but a domain", async () => {
  const { folder } = target(PLAIN);
  const options = [...noPool(), "--virtinst", folder];
  for (const command of ["render", "preview"])
    expect(await cli([command, ...options])).toMatchObject({ code: 3, stderr: expect.stringMatching(REFUSED) });
  const domain = temporaryFile(
    "d.xml",
    "<domain><devices><disk><source protocol='rbd' name='vms/x'/></disk></devices></domain>",
  );
  expect(await cli(["preview", domain, ...options])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/changes nothing/),
  });
});

test("a pool that was asked for is missed", async () => {
  const { folder } = target(PLAIN);
  for (const command of ["inspect", "verify", "apply", "render", "preview"])
    expect(await cli([command, ...noPool(), "--virtinst", folder, "--pool", "p"])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/there is no rbd pool named "p"\.\nThere is no rbd pool at all/),
    });
});

test("the XML of other pools does not say that there is none", async () => {
  const { folder, options, read } = target(PLAIN);
  await cli(["apply", ...options]);
  const applied = read();
  const dir = temporaryFile("dir.xml", "<pool type='dir'><name>default</name></pool>");
  for (const command of ["verify", "apply", "inspect"])
    expect(await cli([command, `--pool-xml=${dir}`, "--virtinst", folder])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(REFUSED),
    });
  expect(read()).toBe(applied);
});

test("below a root, libvirt without pools is an answer, and no libvirt is none", async () => {
  const base = image();
  expect((await cli(["apply", "--root", base])).code).toBe(0);
  rmSync(join(base, "etc/libvirt/storage/libvirtpool.xml"));
  expect(await cli(["verify", "--root", base])).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/no rbd pool any more/),
  });
  expect(json((await cli(["apply", "--json", "--root", base])).stdout)).toMatchObject({ status: "removed" });
  rmSync(join(base, "etc/libvirt"), { recursive: true });
  for (const command of ["apply", "verify", "inspect"])
    expect(await cli([command, "--root", base])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/etc\/libvirt is not there/),
    });
});

describe("a broken pool", () => {
  const uuidPool = `--pool-xml=${FIXTURES}/pool-uuid.xml`;
  // The secret of the second one is not among them.
  const BROKEN = [...HOST, uuidPool];
  const MESSAGE = /pool "archive" names a secret with uuid 5f3a1c9e-\S+, and no such secret is defined\./;

  test("is shown by inspect, with what mends it, beside the others", async () => {
    const { folder } = target(PLAIN);
    const { code, stdout } = await cli(["inspect", ...BROKEN, "--virtinst", folder]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^Pool +archive \(Ceph pool cold\) broken$/m);
    expect(stdout.match(/^Broken pool: (.*)$/m)?.[1]).toMatch(MESSAGE);
    expect(stdout).toMatch(/^Broken pool: .* Define it \(virsh secret-define, .*--pool\.$/m);
    expect(stdout.match(/^Broken pool/gm)).toHaveLength(1);
    expect(stdout).toMatch(/^Pool +libvirtpool \(Ceph pool vms\)$/m);
    expect(stdout).toMatch(/^ {2}secret +2a5b08e4-\S+ \(by usage/m);
    expect(stdout).toMatch(/^Affected: yes\n/);
    const left = await cli(["inspect", ...BROKEN, "--virtinst", folder, "--pool", "libvirtpool"]);
    expect(left.stdout).toMatch(/^Pool +archive \(Ceph pool cold\) left out$/m);
    expect(left.stdout).not.toMatch(/broken/);
  });

  test("is refused by every other command, unless --pool leaves it out", async () => {
    const { folder } = target(PLAIN);
    const options = [...BROKEN, "--virtinst", folder];
    for (const command of ["render", "preview", "verify", "apply"]) {
      const { code, stderr } = await cli([command, ...options]);
      expect(stderr).toMatch(MESSAGE);
      expect(code).toBe(3);
    }
    expect((await cli(["apply", ...options, "--pool", "libvirtpool"])).code).toBe(0);
  });

  test("the blocks are judged by the pools that are whole", async () => {
    const { folder, options } = target(PLAIN);
    await cli(["apply", ...options]);
    const patch = async (...words: string[]) =>
      /^Patch +(.*)$/m.exec((await cli(["inspect", ...words, "--virtinst", folder])).stdout)?.[1];
    expect(await patch(...BROKEN)).toMatch(/^current: /);
    expect(await patch(uuidPool, `--secret-xml=${FIXTURES}/secret-usage.xml`)).toBe(
      "outdated: all rbd pools of this host are broken",
    );
  });

  test("a pool by usage is not broken if no secret could be read", async () => {
    const { folder } = target(PLAIN);
    const { code, stdout } = await cli(["inspect", HOST[0] as string, "--virtinst", folder]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}secret +not checked \(by usage "client\.libvirt secret"\)$/m);
    expect(stdout).not.toMatch(/broken/);
  });
});

describe("that live libvirt has no pool is an answer for the system's libvirt only", () => {
  /** A virsh that knows no pool. */
  const withVirsh = () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "virsh"), "#!/bin/sh\n", { mode: 0o755 });
    return { PATH: `${folder}:${process.env.PATH}` };
  };

  test.each([
    ["qemu:///system", 0],
    ["qemu:///session", 3],
    ["test:///default", 3],
  ])("%s: exit %i", async (uri, code) => {
    const { options, folder, read } = target(PLAIN);
    await cli(["apply", ...options]);
    const before = read();
    const ran = await cli(["apply", "--connect", uri, "--virtinst", folder], { env: withVirsh() });
    expect(ran.code, ran.stderr).toBe(code);
    if (code === 0) expect(ran.stdout).toMatch(/^removed/);
    else expect(ran.stderr).toMatch(REFUSED);
    expect(read() === before).toBe(code !== 0);
  });
});
