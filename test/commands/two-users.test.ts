import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cli, FIXTURES, image, json, PLAIN, target, temporaryFile, testOnPython2 } from "../support/cli";

/** Options that name libvirt pools of one Ceph pool on one monitor, by name, with their users; all by usage. */
function pools(users: Readonly<Record<string, readonly [username: string, secret: string]>>): string[] {
  const files = Object.entries(users).map(([name, [username, secret]]) => {
    const auth = `<auth type='ceph' username='${username}'><secret usage='client.${secret} secret'/></auth>`;
    const source = `<source><host name='192.0.2.11' port='6789'/><name>vms</name>${auth}</source>`;
    return `--pool-xml=${temporaryFile(`${name}.xml`, `<pool type='rbd'><name>${name}</name>${source}</pool>`)}`;
  });
  return [...files, ...["usage", "uuid"].map((name) => `--secret-xml=${FIXTURES}/secret-${name}.xml`)];
}
const USERS = { a: ["libvirt", "libvirt"], b: ["backup", "backup"], c: ["libvirt", "libvirt"] } as const;
const REFUSED =
  /the pools "a", "b", "c" stand for the Ceph pool "vms" on the same monitors, with different credentials, and no virtinst was found that writes a pool's user into its disks, as 1\.5 and later do\.\nChoose those of one user with --pool a --pool c or --pool b, or go to virt-manager 1\.5 or later\./;
const CHANGING = ["verify", "render", "apply", "preview"];

describe("a virtinst that writes the user into the disk", () => {
  test("each disk gets the secret of its own user, and that is proved", async () => {
    const { folder } = target(PLAIN);
    const options = [...pools(USERS), "--virtinst", folder];
    const inspected = await cli(["inspect", ...options]);
    expect(inspected.code).toBe(0);
    expect(inspected.stdout).not.toMatch(/broken/);
    expect((await cli(["render", ...options])).code).toBe(0);
    const applied = await cli(["apply", "--json", ...options]);
    expect(json(applied.stdout)).toMatchObject({
      status: "patched",
      pools: ["a", "c", "b"],
      notes: [],
    });
    const verified = await cli(["verify", "--json", ...options]);
    expect(verified.code).toBe(0);
    expect(json(verified.stdout)).toMatchObject({
      state: "current",
      notes: [],
      behaviour: { status: "passed" },
    });
    expect(
      json(verified.stdout)
        .behaviour.checks.map(({ label }: { label: string }) => label)
        .slice(0, 3),
    ).toEqual(["a", "b", "c"].map((name) => `disk of pool ${name}`));
    expect((await cli(["inspect", ...options])).stdout).toMatch(/^Patch +current: /m);
  });

  test("verify shows a block that gives a user's disk the other one's secret", async () => {
    const { folder, edit } = target(PLAIN);
    const options = [...pools(USERS), "--virtinst", folder];
    await cli(["apply", ...options]);
    edit('<secret type="ceph" usage="client.backup secret"/>', '<secret type="ceph" usage="client.libvirt secret"/>');
    expect((await cli(["verify", ...options])).stdout).toMatch(/^ {2}failed: disk of pool b/m);
  });

  test("preview shows it on any domain", async () => {
    const { folder } = target(PLAIN);
    const disk = (auth: string) =>
      `<disk>${auth}<source protocol='rbd' name='vms/x'><host name='192.0.2.11'/></source></disk>`;
    const by = (user: string) => disk(`<auth username='${user}'><secret type='ceph'/></auth>`);
    const xml = `<domain><devices>${by("backup")}${by("libvirt")}${disk("")}</devices></domain>`;
    const words = ["preview", temporaryFile("d.xml", xml), "-o", "-", ...pools(USERS), "--virtinst", folder];
    const { code, stdout, stderr } = await cli(words);
    expect(code).toBe(0);
    expect(stdout.match(/usage="[^"]*"/g)).toEqual(['usage="client.backup secret"', 'usage="client.libvirt secret"']);
    expect(stderr).toMatch(/disk vms\/x is left unchanged: it fits more than one libvirt pool a, c, b/);
  });

  test("--pool leaves out users whose disks say so themselves: there is nothing to warn of", async () => {
    const { folder } = target(PLAIN);
    const { stdout } = await cli(["verify", "--json", ...pools(USERS), "--virtinst", folder, "--pool", "b"]);
    expect(json(stdout).notes).toEqual([]);
  });

  test("but not beside another machine's pools, unless it is named for theirs", async () => {
    const { folder } = target(PLAIN);
    const { document } = json((await cli(["inspect", "--json", ...pools(USERS), "--virtinst", folder])).stdout);
    const host = temporaryFile("hv18.json", JSON.stringify({ ...document, host: "hv18" }));
    const env = { PATH: `${folder}:${process.env.PATH}` };
    expect(await cli(["preview", "--host", host], { env })).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(REFUSED),
    });
    expect((await cli(["preview", "--host", host, "--virtinst", folder])).code).toBe(0);
  });

  test("one user with two secrets is refused all the same, and shown by inspect", async () => {
    const { folder } = target(PLAIN);
    const options = [...pools({ a: ["u", "libvirt"], b: ["u", "backup"] }), "--virtinst", folder];
    for (const command of CHANGING)
      expect(await cli([command, ...options])).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/"a", "b" stand.*credentials\.\nChoose one with --pool a or --pool b\.\n/),
      });
    const { code, stdout } = await cli(["inspect", ...options]);
    expect(code).toBe(3);
    expect(stdout.match(/^Pool +[ab] \(Ceph pool vms\) broken$/gm)).toHaveLength(2);
  });
});

describe("a virtinst that does not", () => {
  test.each([
    ["because it is older", "guest-1.4", (_: string) => {}],
    ["as far as can be seen", PLAIN, (folder: string) => rmSync(join(folder, "virtinst/devices/disk.py"))],
  ])("is refused %s, with all the pools of that Ceph pool", async (_, layout, change) => {
    const { folder, path, pristine } = target(layout);
    change(folder);
    for (const command of CHANGING)
      expect(await cli([command, ...pools(USERS), "--virtinst", folder])).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(REFUSED),
      });
    expect(readFileSync(path).equals(pristine)).toBe(true);
  });

  testOnPython2("inspect shows the pools as broken, and judges the blocks by the others", async () => {
    const { folder, options } = target("guest-1.4");
    await cli(["apply", "--force", ...options]);
    const iso = temporaryFile("iso.xml", "<pool type='rbd'><name>iso</name><source><name>iso</name></source></pool>");
    const { code, stdout } = await cli(["inspect", ...pools(USERS), `--pool-xml=${iso}`, "--virtinst", folder]);
    expect(code).toBe(3);
    expect(stdout.match(/^Pool +[abc] \(Ceph pool vms\) broken$/gm)).toHaveLength(3);
    expect(stdout).toMatch(/^Pool +iso \(Ceph pool iso\)$/m);
    expect(stdout.match(/^ {2}secret +(?:2a5b08e4|5f3a1c9e)-\S+ \(by usage/gm)).toHaveLength(3);
    expect(stdout).toMatch(/^Broken pool: .* Choose those of one user with --pool a --pool c or --pool b/m);
    expect(stdout).toMatch(/^Patch +outdated: the patch is also for "libvirtpool", which this host does not have/m);
    expect(stdout).toMatch(/^Affected: yes\n/);
  });

  testOnPython2("with --pool every run says whose volumes get that user too", async () => {
    const { folder } = target("guest-1.4");
    const note =
      'Volumes of pool "a", "c" get the user "backup" of pool "b" too: they are in the same Ceph pool "vms", and nothing tells them apart.';
    for (const command of ["inspect", ...CHANGING, "verify", "apply"]) {
      const { code, stderr } = await cli([command, ...pools(USERS), "--virtinst", folder, "--pool", "b"]);
      expect(stderr).toContain(note);
      expect([0, 1]).toContain(code);
    }
  });

  test("without a virtinst there is no preview, and inspect shows the pools as broken", async () => {
    const base = image();
    rmSync(join(base, "usr"), { recursive: true });
    const options = [...pools(USERS), "--root", base];
    expect(await cli(["preview", ...options])).toMatchObject({ code: 3, stderr: expect.stringMatching(REFUSED) });
    const { code, stdout } = await cli(["inspect", ...options]);
    expect(code).toBe(3);
    expect(stdout.match(/^Pool +[abc] \(Ceph pool vms\) broken$/gm)).toHaveLength(3);
  });

  testOnPython2("a reviewed patch for one of them says so too, and one for both is refused", async () => {
    const { folder } = target("guest-1.4");
    const patch = join(folder, "p.patch");
    const options = [...pools(USERS), "--virtinst", folder];
    expect((await cli(["render", ...options, "--pool", "b", "-o", patch])).code).toBe(0);
    const { code, stderr } = await cli(["apply", patch, "--check", ...options]);
    expect(stderr).toMatch(/Volumes of pool "a", "c" get the user "backup" of pool "b" too/);
    expect(stderr).not.toMatch(/does nothing for/);
    expect(code).toBe(1);

    const newer = target(PLAIN);
    const both = [...pools(USERS), "--virtinst", newer.folder];
    expect((await cli(["render", ...both, "-o", patch])).code).toBe(0);
    expect((await cli(["render", ...both, "--pool", "b", "-o", `${patch}.b`])).code).toBe(0);
    expect((await cli(["apply", `${patch}.b`, "--check", ...both])).stderr).toMatch(/does nothing for .*: "a", "c"\./);
    rmSync(join(newer.folder, "virtinst/devices/disk.py"));
    const refused = await cli(["apply", patch, ...both]);
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringMatching(/the pools "a", "b", "c" stand/) });
    expect(refused.stderr).not.toMatch(/is not on this host/);
  });
});
