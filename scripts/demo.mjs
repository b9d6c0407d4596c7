// The main job on a sample host, in a temporary folder, without root.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createTwoFilesPatch } from "diff";
import colors from "picocolors";

const fixtures = resolve("test/fixtures");
const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-demo-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
cpSync(join(fixtures, "virtinst/installer-4.0"), join(folder, "virt-manager"), {
  recursive: true,
  preserveTimestamps: true,
});
cpSync(join(fixtures, "host"), folder, { recursive: true });

/** The domain that virt-install would define: a disk as 1.2 to 1.4 write it, one as 1.5 to 5.1 do, and a CD-ROM. */
const DOMAIN = `<domain type="kvm">
  <name>virt-1</name>
  <devices>
    <disk type="network" device="disk">
      <driver name="qemu" type="raw"/>
      <source protocol="rbd" name="vms/virt-1">
        <host name="192.0.2.11" port="6789"/>
      </source>
      <target dev="vda" bus="virtio"/>
    </disk>
    <disk type="network" device="disk">
      <driver name="qemu" type="raw"/>
      <auth username="libvirt">
        <secret type="ceph"/>
      </auth>
      <source protocol="rbd" name="vms/virt-2">
        <host name="192.0.2.11" port="6789"/>
        <host name="192.0.2.12" port="6789"/>
        <host name="192.0.2.13" port="6789"/>
      </source>
      <target dev="vdb" bus="virtio"/>
    </disk>
    <disk type="file" device="cdrom">
      <driver name="qemu" type="raw"/>
      <source file="/var/lib/libvirt/images/install.iso"/>
      <target dev="sda" bus="sata"/>
    </disk>
  </devices>
</domain>
`;
writeFileSync(join(folder, "domain.xml"), DOMAIN);

const HOST = ["--pool-xml", "pool-usage.xml", "--secret-xml", "secret-usage.xml", "--virtinst", "virt-manager"];
const PYTHON = `
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, "virt-manager")
from virtinst.install.installer import Installer
class Guest:
    def get_xml(self):
        return open("domain.xml").read()
print(Installer()._build_xml(Guest(), None)[1], end="")
`;

/** @param {string[]} words */
function step(...words) {
  console.log(colors.bold(`\n$ virtinst-rbd-patch ${words.join(" ")}`));
  const env = { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) };
  const { status } = spawnSync(process.execPath, [resolve("dist/virtinst-rbd-patch.js"), ...words], {
    cwd: folder,
    stdio: "inherit",
    env,
  });
  return status;
}

function buildXml() {
  const { status, stdout, stderr } = spawnSync("python3", ["-c", PYTHON], { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`python3 failed: ${stderr}`);
  return stdout;
}

step("inspect", ...HOST);
step("render", ...HOST, "-o", "host.patch");
const before = buildXml();
const applied = step("apply", "host.patch", "--virtinst", "virt-manager");
const after = buildXml();
console.log(colors.bold("\nA domain's XML from virtinst, before (-) and after (+):"));
for (const line of createTwoFilesPatch("before", "after", before, after, "", "", { context: 3 }).split("\n").slice(3))
  console.log(line.startsWith("+") ? colors.green(line) : line.startsWith("-") ? colors.red(line) : line);
const verified = step("verify", "-v", ...HOST);
const reverted = step("revert", "--virtinst", "virt-manager");
const whole = buildXml() === before && before === DOMAIN;

const good =
  applied === 0 && verified === 0 && reverted === 0 && whole && after.includes("2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1");
console.log(
  good ? colors.green("\nThe demo did what it should.") : colors.red("\nThe demo did not do what it should."),
);
process.exitCode = good ? 0 : 1;
