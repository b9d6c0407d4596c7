import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { howToReach } from "../../src/host/reach";
import { cli, PLAIN, target, temporaryFile } from "../support/cli";

const REFUSED = "failed to connect to the hypervisor; Failed to connect socket to '/var/run/libvirt/libvirt-sock-ro'";

test.each(["qemu:///system", "qemu+unix:///system", "xen:///system"])("%s: whether libvirtd runs here", (uri) => {
  const hint = howToReach(uri, REFUSED);
  expect(hint).toMatch(/^Does libvirtd run\? `systemctl status libvirtd` .*virtqemud/);
  expect(hint).toContain(`\`virsh -r -c ${uri} pool-list --all\``);
});

test.each([
  ["qemu+ssh://root@hv01/system", "ssh root@hv01", "qemu:///system"],
  ["qemu+ssh://hv01.example.org:2222/system?no_verify=1", "ssh -p 2222 hv01.example.org", "qemu:///system"],
  ["qemu+libssh2://hv01/session", "ssh hv01", "qemu:///session"],
  ["qemu+libssh://hv01", "ssh hv01", "qemu:///system"],
])("%s: whether it runs there", (uri, ssh, there) => {
  const hint = howToReach(uri, "Cannot recv data: Permission denied (publickey)");
  expect(hint).toContain(`\`${ssh} systemctl status libvirtd\``);
  expect(hint).toContain(`\`${ssh} virsh -r -c ${there} pool-list --all\``);
});

test.each([
  ["qemu:///session", "qemu:///session"],
  ["qemu+tls://hv01/system", "qemu+tls://hv01/system"],
  ["test:///x y", "'test:///x y'"],
  ["none:///'", "'none:///'\\'''"],
  ["qemu:///system?socket=/x", "'qemu:///system?socket=/x'"],
  // What ssh would take for an option, and a shell for a command.
  ["qemu+ssh://-oProxyCommand=x/system", "qemu+ssh://-oProxyCommand=x/system"],
  ["qemu+ssh://a;b/system", "'qemu+ssh://a;b/system'"],
])("%s: to be tried by itself", (uri, word) =>
  expect(howToReach(uri, REFUSED)).toBe(
    `Try \`virsh -r -c ${word} pool-list --all\`; another libvirt goes with --connect.`,
  ),
);

test.each([
  "authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.monitor'",
  "Failed to connect socket to '/var/run/libvirt/libvirt-sock-ro': Permission denied",
])("who may not ask is not asked whether it runs: %s", (said) =>
  expect(howToReach("qemu:///system", said)).toMatch(
    /^Run this as root, or as a member of the group .*qemu:\/\/\/system/,
  ),
);

test("the tool says so", () => {
  const { folder } = target(PLAIN);
  const uri = "qemu+ssh://root@localhost.invalid/system";
  const virsh = temporaryFile("virsh", `#!/bin/sh\necho "error: ${REFUSED}" >&2\nexit 1\n`);
  chmodSync(virsh, 0o755);
  const env = { PATH: `${dirname(virsh)}:${process.env.PATH}` };
  const { code, stderr } = cli(["inspect", "--connect", uri, "--virtinst", folder], { env });
  expect(code).toBe(3);
  expect(stderr).toMatch(/\nDoes libvirt run there.*`ssh root@localhost\.invalid systemctl status libvirtd`/);
});
