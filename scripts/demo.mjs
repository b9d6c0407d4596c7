// Inspects, patches, verifies and reverts a sample host in a temporary directory, without root, libvirt or Ceph.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createTwoFilesPatch } from "diff";
import colors from "picocolors";

const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-demo-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
cpSync("test/fixtures/host", folder, { recursive: true });
cpSync("test/fixtures/virtinst/installer-4.0", join(folder, "virt-manager"), { recursive: true });
// The sample's virt-install cannot run. Without it, verify reports the check with virt-install as skipped.
rmSync(join(folder, "virt-manager/virt-install"));
const [before, expected] = ["before", "after"].map((name) => readFileSync(`test/fixtures/domain/${name}.xml`, "utf8"));

/** Runs the tool in the temporary directory, and returns its exit code. @param {string[]} args */
function step(...args) {
  console.log(colors.bold(`\n$ virtinst-rbd-patch ${args.join(" ")}`));
  const env = { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) };
  const tool = resolve("dist/virtinst-rbd-patch.js");
  return spawnSync(process.execPath, [tool, ...args], { cwd: folder, stdio: "inherit", env }).status;
}

/** The XML that the sample's virtinst writes for a domain. */
function writtenXml() {
  const code = `import sys
sys.path.insert(0, "virt-manager")
from virtinst.install.installer import Installer
xml = sys.stdin.read()
sys.stdout.write(Installer()._build_xml(type("Guest", (), {"get_xml": lambda self: xml})(), None)[1])`;
  const options = { cwd: folder, input: before, encoding: /** @type {const} */ ("utf8") };
  return spawnSync("python3", ["-B", "-c", code], options).stdout;
}

const host = ["usage", "uuid"].flatMap((name) => [`--pool-xml=pool-${name}.xml`, `--secret-xml=secret-${name}.xml`]);
const target = ["--virtinst", "virt-manager", "--python", "python3"];
step("inspect", ...host, "--virtinst", "virt-manager");
const unpatched = writtenXml();
const applied = step("apply", ...host, ...target);
const patched = writtenXml();
console.log(colors.bold("\nThe XML of a domain from virtinst, before (-) and after (+):"));
for (const line of createTwoFilesPatch("before", "after", unpatched, patched).split("\n").slice(3))
  console.log(line.startsWith("+") ? colors.green(line) : line.startsWith("-") ? colors.red(line) : line);
const verified = step("verify", "-v", ...host, ...target);
const reverted = step("revert", ...target);
const passed = [applied, verified, reverted].every((status) => status === 0);
const right = passed && unpatched === before && patched === expected && writtenXml() === before;
console.log(right ? colors.green("\nThe demo passed.") : colors.red("\nThe demo failed: read the output above."));
process.exitCode = right ? 0 : 1;
