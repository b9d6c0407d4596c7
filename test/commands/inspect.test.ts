import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { cli, FIXTURES, image, json, PLAIN, target, temporaryFile, temporaryFolder } from "../support/cli";

const virtinst = resolve("test/fixtures/virtinst", PLAIN);

test("a name in another encoding is refused, not changed", async () => {
  const pool = temporaryFile(
    "p.xml",
    Buffer.from(
      "<?xml version='1.0' encoding='ISO-8859-1'?><pool type='rbd'><name>j\u00f6rg</name><source><name>c</name></source></pool>",
      "latin1",
    ),
  );
  const { code, stderr } = await cli(["inspect", "--pool-xml", pool, "--virtinst", virtinst]);
  expect(stderr).toMatch(/p\.xml: this is not UTF-8\.\n.*iconv/);
  expect(code).toBe(3);
});

test("two pools of one name are refused, wherever they come from", async () => {
  const pool = { name: "p", cephPool: "c", monitors: [] };
  const document = temporaryFile("h.json", JSON.stringify({ version: 1, pools: [pool, { ...pool, cephPool: "d" }] }));
  const file = `${FIXTURES}/pool-usage.xml`;
  for (const words of [
    ["--host", document],
    [`--pool-xml=${file}`, `--pool-xml=${file}`],
  ])
    expect(await cli(["inspect", ...words, "--virtinst", virtinst])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/two pools named/),
    });
});

test("folders and files in each other's place are no surprise", async () => {
  const { folder, options, path } = target(PLAIN);
  renameSync(path, `${path}.old`);
  mkdirSync(path);
  expect(await cli(["inspect", ...options])).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/has no virtinst package/),
  });
  const bin = temporaryFolder();
  mkdirSync(join(bin, "virt-install"));
  const other = target(PLAIN);
  expect((await cli(["inspect", ...other.options], { env: { PATH: `${bin}:${process.env.PATH}` } })).code).toBe(0);
  const image = temporaryFolder();
  mkdirSync(join(image, "usr"));
  writeFileSync(join(image, "usr/lib"), "");
  expect(await cli(["inspect", "--root", image])).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/not the root directory of a system/),
  });
  expect(folder).not.toBe("");
});

test("a name cannot look like another line of a report", async () => {
  const pool = temporaryFile(
    "p.xml",
    "<pool type='rbd'><name>a&#10;Patch  current\u202e</name><source><name>c</name></source></pool>",
  );
  const { stdout } = await cli(["inspect", "--pool-xml", pool, "--virtinst", virtinst]);
  expect(stdout).not.toMatch(/^Patch {2}current/m);
  expect(stdout).toContain("a\\x0aPatch  current\\u202e");
});

test("every path below --root is shown as this process reaches it", async () => {
  const base = image();
  const program = join(base, "usr/bin/virt-install");
  mkdirSync(join(base, "usr/bin"));
  writeFileSync(program, '#!/usr/bin/python3\nimport sys\nsys.path.insert(0, "/usr/share/virt-manager")\n');
  const { stdout } = await cli(["inspect", "--root", base]);
  expect(stdout).toContain(program);
  const paths = stdout.match(/(?<=[\s(])\/\S+/g) ?? [];
  expect(paths.length).toBeGreaterThan(3);
  expect(paths.filter((path) => !path.startsWith(`${base}/`))).toEqual([]);
});

test("takes virtinst and the facts from below it, and never a secret's value", async () => {
  const base = image();
  const inspected = await cli(["inspect", "--json", "--root", base]);
  expect(json(inspected.stdout)).toMatchObject({
    host: "golden",
    pools: ["libvirtpool"],
    release: "4.1.0",
  });
  expect(inspected.stdout).not.toContain("VkFMVUU");
  expect((await cli(["apply", "--root", base])).code).toBe(0);
  const verified = await cli(["verify", "--json", "--root", base]);
  expect(json(verified.stdout)).toMatchObject({ state: "current", behaviour: { status: "passed" } });
  expect(readFileSync(join(base, "usr/share/virt-manager/virtinst/install/installer.py"), "utf8")).not.toContain(
    "VkFMVUU",
  );
  expect((await cli(["revert", "--root", base])).code).toBe(0);
});
