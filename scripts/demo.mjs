// Inspects, patches, verifies and reverts two sample hosts in temporary folders, without root: virt-manager 1.4 with a pool
// that names its secret by uuid, and 4.1 with one that names it by usage.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createTwoFilesPatch } from "diff";
import colors from "picocolors";

const fixtures = resolve("test/fixtures");
/** The sample host's secret. */
const UUID = "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1";

/** A domain as virt-install writes it, with a CD-ROM. @param {string} auth @param {readonly string[]} hosts */
const domain = (auth, hosts) => `<domain type="kvm">
  <name>virt-1</name>
  <devices>
    <disk type="network" device="disk">
      <driver name="qemu" type="raw"/>
${auth}      <source protocol="rbd" name="vms/virt-1">
${hosts.map((host) => `        <host name="${host}" port="6789"/>\n`).join("")}      </source>
      <target dev="vda" bus="virtio"/>
    </disk>
    <disk type="file" device="cdrom">
      <driver name="qemu" type="raw"/>
      <source file="/var/lib/libvirt/images/install.iso"/>
      <target dev="sda" bus="sata"/>
    </disk>
  </devices>
</domain>
`;

/** A program that generates a domain XML the way virt-install does. @param {string} call */
const python = (call) => `import sys
sys.dont_write_bytecode = True
sys.path.insert(0, "virt-manager")
xml = open("domain.xml").read()
${call}`;

const SAMPLES = [
  {
    release: "1.4.3",
    layout: "guest-1.4",
    file: "virtinst/guest.py",
    pool: "uuid",
    domain: domain("", ["192.0.2.11"]),
    call: python("from virtinst.guest import Guest\nprint(Guest(None, xml)._build_xml()[1])"),
  },
  {
    release: "4.1.0",
    layout: "installer-4.0",
    file: "virtinst/install/installer.py",
    pool: "usage",
    domain: domain('      <auth username="libvirt">\n        <secret type="ceph"/>\n      </auth>\n', [
      "192.0.2.11",
      "192.0.2.12",
      "192.0.2.13",
    ]),
    call: python(
      'from virtinst.install.installer import Installer\nGuest = type("Guest", (), {"get_xml": lambda self: xml})\nprint(Installer()._build_xml(Guest(), None)[1])',
    ),
  },
];

/** Runs all commands on one sample host; returns whether every step gave the right result. @param {(typeof SAMPLES)[number]} sample */
function show({ release, layout, file, pool, domain, call }) {
  console.log(colors.bold(`\nvirt-manager ${release}, and a pool that names its secret by ${pool}`));
  const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-demo-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const target = join(folder, "virt-manager", file);
  cpSync(join(fixtures, "virtinst", layout), join(folder, "virt-manager"), { recursive: true });
  // The samples' virt-install only marks a folder; without it, verify reports that check as skipped in one line.
  rmSync(join(folder, "virt-manager/virt-install"));
  cpSync(join(fixtures, "host/secret-usage.xml"), join(folder, "secret.xml"));
  const usage = readFileSync(join(fixtures, "host/pool-usage.xml"), "utf8");
  writeFileSync(
    join(folder, "pool.xml"),
    pool === "usage" ? usage : usage.replace(/<secret .*\/>/, `<secret uuid='${UUID}'/>`),
  );
  writeFileSync(join(folder, "domain.xml"), domain);
  // Make the Python 2 sample run on Python 3 too.
  const text = readFileSync(target, "utf8").replace("Exception, error:", "Exception as error:");
  writeFileSync(target, text.replace("raise RuntimeError, error", "raise RuntimeError(error)"));

  const step = (/** @type {string[]} */ ...words) => {
    console.log(colors.bold(`\n$ virtinst-rbd-patch ${words.join(" ")}`));
    const env = { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) };
    return spawnSync(process.execPath, [resolve("dist/virtinst-rbd-patch.js"), ...words], {
      cwd: folder,
      stdio: "inherit",
      env,
    }).status;
  };
  const build = () => {
    const { status, stdout, stderr } = spawnSync("python3", ["-c", call], { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`python3 failed: ${stderr}`);
    return stdout;
  };
  const host = ["--pool-xml", "pool.xml", "--secret-xml", "secret.xml"];
  const virtinst = ["--virtinst", "virt-manager"];

  step("inspect", ...host, ...virtinst);
  step("render", ...host, ...virtinst, "-o", "host.patch");
  const before = build();
  const applied = step("apply", "host.patch", ...host, ...virtinst, "--python", "python3");
  const after = build();
  console.log(colors.bold("\nA domain's XML from virtinst, before (-) and after (+):"));
  for (const line of createTwoFilesPatch("before", "after", before, after, "", "", { context: 3 }).split("\n").slice(3))
    console.log(line.startsWith("+") ? colors.green(line) : line.startsWith("-") ? colors.red(line) : line);
  const verified = step("verify", "-v", ...host, ...virtinst, "--python", "python3");
  const reverted = step("revert", ...virtinst, "--python", "python3");
  return (
    applied === 0 &&
    verified === 0 &&
    reverted === 0 &&
    build() === before &&
    after.includes(pool === "uuid" ? UUID : 'usage="client.libvirt secret"')
  );
}

const good = SAMPLES.map(show).every(Boolean);
console.log(
  good
    ? colors.green("\nDemo passed: both sample hosts were patched, verified and reverted.")
    : colors.red("\nDemo failed: read the output above."),
);
process.exitCode = good ? 0 : 1;
