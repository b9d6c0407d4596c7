import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { cli, HOST, HOST_TWO, PLAIN, temporaryFile, temporaryFolder } from "../support/cli";

const virtinst = resolve("test/fixtures/virtinst", PLAIN);

const options = [...HOST, "--virtinst", virtinst];

test("shows a domain with a disk of each pool as the patch would leave it", () => {
  const { code, stdout } = cli(["preview", ...HOST_TWO, "--virtinst", resolve("test/fixtures/virtinst", PLAIN)]);
  expect(code).toBe(0);
  const added = stdout.split("\n").filter((line) => /^\+ /.test(line));
  expect(added.filter((line) => line.includes("<auth "))).toHaveLength(2);
  expect(added.filter((line) => line.includes("<host "))).toHaveLength(3);
  expect(stdout).not.toMatch(/^-(?!--)/m);
});

test("takes a domain from a file, says what the patch logs, and writes the XML with -o", () => {
  const file = join(temporaryFolder(), "domain.xml");
  const disk = (host: string) =>
    `<domain><devices>\n <disk type='network'>\n  <source protocol='rbd' name='vms/x'>\n   <host name='${host}'/>\n  </source>\n </disk>\n</devices></domain>\n`;
  writeFileSync(file, disk("192.0.2.11"));
  const { stdout } = cli(["preview", file, "-o", "-", ...options]);
  expect(stdout).toContain('  <auth username="libvirt">\n   <secret type="ceph"');
  expect(stdout).toContain('   <host name=\'192.0.2.11\'/>\n   <host name="192.0.2.12" port="6789"/>\n');
  writeFileSync(file, disk("198.51.100.1"));
  const left = cli(["preview", file, ...options]);
  expect(left.stdout).toMatch(/changes nothing/);
  expect(left.stderr).toMatch(/disk vms\/x is left as it is/);
});

test("says so where there is no Python to run it", () => {
  expect(cli(["preview", ...options, "--python", "/nonexistent"])).toMatchObject({
    code: 5,
    stderr: expect.stringMatching(/could not be run: \/nonexistent/),
  });
});

test("preview keeps every byte of a domain in another encoding", () => {
  const domain = Buffer.from(
    "<domain><title>caf\u00e9</title><devices><disk><source protocol='rbd' name='vms/x'/></disk></devices></domain>",
    "latin1",
  );
  const out = join(temporaryFolder(), "out.xml");
  expect(cli(["preview", temporaryFile("d.xml", domain), "-o", out, ...HOST, "--virtinst", virtinst]).code).toBe(0);
  const result = readFileSync(out);
  expect(result.includes(Buffer.from("caf\u00e9", "latin1"))).toBe(true);
  expect(result.includes("<auth username=")).toBe(true);
});

test("preview refuses what is no domain", () => {
  for (const text of ["", "<domain>", "<pool/>", "\u0000\u0001"])
    expect(cli(["preview", temporaryFile("d.xml", text), ...HOST, "--virtinst", virtinst])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/d\.xml: /),
    });
});
