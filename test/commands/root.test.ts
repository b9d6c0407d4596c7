import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cli, image, json, temporaryFolder, withFittingDigest } from "../support/cli";

const FILE = "usr/share/virt-manager/virtinst/install/installer.py";

test("paths below --root are shown as they are outside of it", async () => {
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

test("with --root, virtinst and the pools are those of the image, and no value of a secret is read", async () => {
  const [base, report] = [image(), join(temporaryFolder(), "report.html")];
  const original = readFileSync(join(base, FILE));
  const inspected = await cli(["inspect", "--json", "--root", base]);
  expect(json(inspected.stdout)).toMatchObject({ host: "golden", pools: ["libvirtpool"], release: "4.1.0" });
  expect((await cli(["apply", "--root", base])).code).toBe(0);
  const verified = await cli(["verify", "--json", "--root", base, "--report", report]);
  expect(json(verified.stdout)).toMatchObject({
    state: "current",
    behaviour: { status: "passed" },
    install: { status: "skipped", reason: "nothing below --root is run" },
  });
  const written = [inspected.stdout, verified.stdout, ...[join(base, FILE), report].map((path) => readFileSync(path))];
  for (const text of written) expect(String(text)).not.toMatch(/VkFMVUU|VALUE/);
  expect((await cli(["revert", "--root", base])).code).toBe(0);
  expect(readFileSync(join(base, FILE)).equals(original)).toBe(true);
});

test("with --root, only a function that is byte for byte that of this tool is run, with any digests", async () => {
  const base = image();
  await cli(["apply", "--root", base]);
  const path = join(base, FILE);
  const code = `    import re; open(${JSON.stringify(join(base, "sprung"))}, "w")\n`;
  writeFileSync(path, withFittingDigest(readFileSync(path, "utf8").replace("    import re\n", code)));
  const { stdout } = await cli(["verify", "--json", "--root", base]);
  expect(json(stdout).behaviour).toMatchObject({
    status: "skipped",
    reason: expect.stringMatching(/only a current patch is run/),
  });
  expect(readdirSync(base)).not.toContain("sprung");
});
