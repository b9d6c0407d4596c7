import { cpSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cli, eachLayout, HOST, json, PLAIN, poolsOfOneCephPool, target, temporaryFolder } from "../support/cli";

eachLayout(({ name: layout }) => {
  test.each(["\n", "\r\n"])("apply FILE ends with the bytes of apply (line end %j)", async (end) => {
    const { folder, path, options, standIn } = target(layout);
    writeFileSync(path, readFileSync(path, "utf8").replace(/\n/g, end));
    utimesSync(path, 1400000000, 1400000000);
    const copy = join(temporaryFolder(), "file");
    cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
    const patch = join(temporaryFolder(), "p.patch");
    expect((await cli(["render", ...options, "-o", patch])).code).toBe(0);
    expect((await cli(["render", ...options])).stdout).toBe(readFileSync(patch, "utf8"));
    const viaFile = await cli(["apply", patch, ...HOST, "--json", "--virtinst", copy]);
    expect(viaFile.stderr + viaFile.code).toMatch(/0$/);
    expect((await cli(["apply", ...options])).code).toBe(0);
    expect(readFileSync(join(copy, standIn.file))).toEqual(readFileSync(path));
    expect(json((await cli(["apply", patch, ...HOST, "--json", "--virtinst", copy])).stdout)).toMatchObject({
      changed: false,
      status: "current",
    });
  });
});

test("a hostile name reaches neither the terminal nor the patch's header", async () => {
  const folder = temporaryFolder();
  const pool = join(folder, "p.xml");
  writeFileSync(
    pool,
    "<pool type='rbd'><name>a&#10;--- a/etc/passwd&#9;\u009b31m</name><source><name>c</name></source></pool>",
  );
  const { folder: virtinst } = target(PLAIN);
  const options = [`--pool-xml=${pool}`, "--virtinst", virtinst];
  expect((await cli(["render", ...options])).stdout).not.toMatch(/^--- a\/etc/m);
  for (const words of [
    ["inspect", ...options],
    ["apply", ...options],
    ["verify", ...options],
  ]) {
    const { stdout, stderr } = await cli(words);
    expect(stdout + stderr).not.toContain("\u009b");
  }
});

/** The lines that a patch adds for its Ceph pools. */
function entries(patch: string): string[] {
  const [, lines] = /\n\+ {4}pools = \(\n([\s\S]*?)\n\+ {4}\)\n/.exec(patch) as unknown as [string, string];
  return lines.split("\n").map((line) => line.slice(1).trim());
}

test("two libvirt pools of one Ceph pool are one entry, with the monitors of both, each once", async () => {
  const { folder } = target(PLAIN);
  const options = [...poolsOfOneCephPool({ adead: [9, 1], libvirtpool: [1, 2, 3] }), "--virtinst", folder];
  const { code, stdout } = await cli(["render", ...options]);
  expect(code).toBe(0);
  expect(entries(stdout)).toEqual([
    "{",
    '"libvirt_pools": [u"adead", u"libvirtpool"],',
    '"ceph_pool": u"vms",',
    `"auth": '<auth username="libvirt">',`,
    `"secret": '<secret type="ceph" usage="client.libvirt secret"/>',`,
    '"monitors": (',
    ...[9, 1, 2, 3].map((number) => `'<host name="192.0.2.${number}" port="6789"/>',`),
    "),",
    "},",
  ]);
  expect(stdout).toContain('\n+# libvirt pools: "adead", "libvirtpool"\n');
  expect(json((await cli(["render", "--json", ...options])).stdout).pools).toEqual(["adead", "libvirtpool"]);
});

test("another name for one of them changes nothing but the order", async () => {
  const { folder } = target(PLAIN);
  const rendered = async (name: string) => {
    const options = poolsOfOneCephPool({ [name]: [9, 1], libvirtpool: [1, 2, 3] });
    return entries((await cli(["render", ...options, "--virtinst", folder])).stdout);
  };
  const [before, after] = [await rendered("adead"), await rendered("zdead")];
  expect(after[1]).toBe('"libvirt_pools": [u"libvirtpool", u"zdead"],');
  expect(after.filter((line) => line.startsWith("'<host"))).toEqual(
    [1, 2, 3, 9].map((number) => `'<host name="192.0.2.${number}" port="6789"/>',`),
  );
  const words = (lines: string[]) => lines.flatMap((line) => line.split(/[\s,[\]]+/)).sort();
  expect(words(after)).toEqual(words(before.map((line) => line.replace("adead", "zdead"))));
});

test("with --json and -o, the result says which file was written", async () => {
  const { options } = target(PLAIN);
  const written = join(temporaryFolder(), "p.patch");
  expect(json((await cli(["render", "--json", "-o", written, ...options])).stdout)).toMatchObject({ written });
  expect(json((await cli(["render", "--json", ...options])).stdout)).toMatchObject({ written: null });
});
