import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { built, cli, FIXTURES, HOST, HOST_TWO, PLAIN, shell, temporaryFile, temporaryFolder } from "../support/cli";

const options = [...HOST, "--virtinst", resolve("test/fixtures/virtinst", PLAIN)];

test("without a domain, preview shows the effect of the patch on a sample with the disks that this virt-install writes", async () => {
  const preview = (layout: string) =>
    cli(["preview", ...HOST_TWO, "--virtinst", resolve("test/fixtures/virtinst", layout), "--python", "python3"]);
  const added = (stdout: string) => stdout.split("\n").filter((line) => /^\+ /.test(line));
  const count = (stdout: string, part: string) => added(stdout).filter((line) => line.includes(part)).length;
  const old = await preview("guest-1.4");
  expect(old.code).toBe(0);
  expect(old.stderr).toMatch(/^note: This domain is a sample .*virsh dumpxml GUEST \| virtinst-rbd-patch preview -/);
  expect(old.stdout).toMatch(/^--- sample\.xml\n\+\+\+ sample\.xml\n/);
  expect([count(old.stdout, "<auth "), count(old.stdout, "<host ")]).toEqual([2, 3]);
  // virt-manager 1.5 and later copy the user, all monitors, and a secret by uuid.
  const { code, stdout } = await preview(PLAIN);
  expect(code).toBe(0);
  expect(added(stdout)).toEqual(['+        <secret type="ceph" usage="client.libvirt secret"/>']);
});

test("preview reads a domain from a file, reports what the patch logs, and writes the XML with -o", async () => {
  const file = join(temporaryFolder(), "domain.xml");
  const disk = (host: string) =>
    `<domain><devices>\n <disk type='network'>\n  <source protocol='rbd' name='vms/x'>\n   <host name='${host}'/>\n  </source>\n </disk>\n</devices></domain>\n`;
  writeFileSync(file, disk("192.0.2.11"));
  const { stdout } = await cli(["preview", file, "-o", "-", ...options]);
  expect(stdout).toContain('  <auth username="libvirt">\n   <secret type="ceph"');
  expect(stdout).toContain('   <host name=\'192.0.2.11\'/>\n   <host name="192.0.2.12" port="6789"/>\n');
  writeFileSync(file, disk("198.51.100.1"));
  const left = await cli(["preview", file, ...options]);
  expect(left.stderr).not.toContain("sample");
  expect(left.stdout).toMatch(/changes nothing/);
  expect(left.stderr).toMatch(/disk vms\/x is left unchanged/);
});

test("preview keeps the bytes of a domain in another encoding", async () => {
  const domain = Buffer.from(
    "<domain><title>caf\u00e9</title><devices><disk><source protocol='rbd' name='vms/x'/></disk></devices></domain>",
    "latin1",
  );
  const out = join(temporaryFolder(), "out.xml");
  expect((await cli(["preview", temporaryFile("d.xml", domain), "-o", out, ...options])).code).toBe(0);
  const result = readFileSync(out);
  expect(result.includes(Buffer.from("caf\u00e9", "latin1"))).toBe(true);
  expect(result.includes("<auth username=")).toBe(true);
});

describe("preview - reads standard input, for virsh dumpxml | … | virsh define:", () => {
  const words = ["-o", "-", ...options];
  const domain = (monitor: string) =>
    `<domain>\r\n <title>größe</title><devices><disk><source protocol='rbd' name='vms/x'><host name='${monitor}'/></source></disk></devices></domain>\n\n`;

  test("the result is that of the same domain in a file", async () => {
    const file = temporaryFile("d.xml", domain("192.0.2.11"));
    const fromFile = await cli(["preview", file, ...words]);
    expect(fromFile.stdout).toContain("<auth username=");
    expect(shell(`cat '${file}' | tool preview - "$@"`, words)).toEqual(fromFile);
    // Standard input may be a socket, as below sshd.
    expect(built(["preview", "/dev/stdin", ...words], { input: domain("192.0.2.11") })).toEqual(fromFile);
    // A command before it may have read a part of the file.
    const second = temporaryFile("two", `first\n${domain("192.0.2.11")}`);
    expect(shell(`(read -r first; tool preview - "$@") < '${second}'`, words)).toEqual(fromFile);
  });

  test.each([
    ["without an rbd disk", "<domain>\r\n<name>\u00fc \u{1f600}</name>\t\n</domain>\n\n"],
    ["without a last line end", "<domain/>"],
    ["with a disk that cannot be matched to a pool", domain("198.51.100.1")],
  ])("a domain %s is printed unchanged", async (_, xml) => {
    const { code, stdout, stderr } = await cli(["preview", temporaryFile("d.xml", xml), ...words]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: xml });
    expect(stderr).toMatch(xml.includes("rbd") ? /^note: .*disk vms\/x is left unchanged: it lists no monitor/m : /^$/);
  });

  const file = `${FIXTURES}/pool-usage.xml`;
  test.each([
    // For a domain that does not exist, virsh prints an empty line.
    ["an empty line", "echo |", 3, /is empty/],
    ["a closed standard input", "", 3, /is empty/, "<&-"],
    ["a folder", "", 6, /cannot be read: it is a directory/, "< /usr"],
    ["too much", "head -c 4194305 /dev/zero |", 6, /larger than 4 MiB/],
    ["another document", `cat '${file}' |`, 3, /the root element is <pool>, not <domain>/],
  ])("%s is refused, and nothing is printed", (_, before, code, why, after = "") => {
    const ran = shell(`${before} tool preview - "$@" ${after}`, words);
    expect(ran).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(why) });
    expect(ran.stderr).toMatch(/^virtinst-rbd-patch: standard input/);
  });

  test("the value of a secret is not read", () => {
    const secret = temporaryFile("x.base64", "<domain/>");
    expect(shell(`tool preview - "$@" < '${secret}'`, words)).toMatchObject({
      ...{ code: 6, stdout: "" },
      stderr: expect.stringMatching(/^virtinst-rbd-patch: standard input cannot be read: the value of a secret/),
    });
  });

  test("-o without a domain is refused, because a sample must not be defined", async () => {
    expect(await cli(["preview", ...words])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/no domain was named.*\nName an XML file, or - for .* preview - -o -\.$/m),
    });
  });

  test("preview waits for a slow writer, even if standard input does not block", () => {
    const writer = `{ printf '<domain>'; sleep 0.5; printf '</domain>'; }`;
    const unblocked = "import os, sys; os.set_blocking(0, False); os.execv(sys.argv[1], sys.argv[1:])";
    for (const tool of ["tool", `python3 -c '${unblocked}' "$NODE" "$TOOL"`])
      expect(shell(`${writer} | ${tool} preview - "$@"`, words)).toEqual({
        code: 0,
        stdout: "<domain></domain>",
        stderr: "",
      });
  });
});
