import { expect, test } from "vitest";
import { cli, json, PLAIN, target, UUID } from "../support/cli";
import { standInProgram } from "../support/programs";
import { standIns } from "../support/stand-ins";
import { fakeVirsh, SAMPLE_CASES } from "../support/virsh";

const AUTH = `<auth username="libvirt"><secret type="ceph" uuid="${UUID}"/></auth>`;
const HOSTS = [11, 12, 13].map((number) => `<host name="192.0.2.${number}" port="6789"/>`).join("");
const RIGHT = `echo '<domain><devices><disk>${AUTH}<source protocol="rbd" name="vms/x">${HOSTS}</source></disk></devices></domain>'`;

/** What `verify --vol` says, patched or not, of a host whose programs are these shell scripts. */
async function verifyVolume(host: { install: string; validate?: string; volume?: string }, patch = true) {
  const { install, validate = "exit 0", volume = "libvirtpool/x" } = host;
  const { folder, options } = target(PLAIN);
  if (patch) expect((await cli(["apply", ...options])).code).toBe(0);
  // On the test driver, another volume is named.
  standInProgram(folder, `case "$*" in *libvirtpool/x*) ${install} ;; *) exit 127 ;; esac`);
  const env = { PATH: standIns({ virsh: fakeVirsh(SAMPLE_CASES), "virt-xml-validate": validate }) };
  const ran = await cli(["verify", "--json", "--virtinst", folder, "--vol", volume], { env });
  return { code: ran.code, stderr: ran.stderr, ...json(ran.stdout) };
}

test("for a volume that does not exist, the check is skipped, with the command that lists the volumes", async () => {
  const gone = `echo "ERROR    Error: --disk vol=libvirtpool/x: Couldn't lookup volume object: Storage volume not found: no storage vol with matching name 'x'" >&2; exit 1`;
  for (const patch of [true, false]) {
    const { code, volume } = await verifyVolume({ install: gone }, patch);
    expect({ code, causes: volume.causes }).toEqual({ code: 1, causes: [] });
    expect(volume).toMatchObject({
      status: "skipped",
      reason: expect.stringMatching(/name 'x'; `virsh -c qemu:\/\/\/system vol-list libvirtpool` lists the volumes/),
    });
    expect(volume.reason).not.toMatch(/apply/);
  }
});

test.each([
  ["exits with 0", "passed", "exit 0", 0],
  ["exits with 3", "failed", "exit 3", 5],
  // virt-xml-validate calls xmllint, which may be missing.
  ["cannot run xmllint", "skipped", "xmllint_that_is_not_there; exit $?", 0],
])("if virt-xml-validate %s, the check of the schema is %s", async (_, status, script, code) => {
  const said = await verifyVolume({ install: RIGHT, validate: script });
  expect(said.volume.schema.status).toBe(status);
  expect(said).toMatchObject({ code, volume: { status: status === "failed" ? "failed" : "passed" } });
});

test("if opening a volume takes long, a message on standard error reports it", async () => {
  const waiting =
    "virtinst-rbd-patch: Waiting until libvirt (qemu:///system) opens volume libvirtpool/x\\x1b, for up to a minute. Check that it can reach the Ceph monitors.\n";
  const slow = await verifyVolume({ install: `sleep 3; ${RIGHT}`, volume: "libvirtpool/x\u001b" });
  expect(slow.stderr).toContain(waiting);
  expect(slow).toMatchObject({ code: 0, volume: { status: "passed" } });
  expect((await verifyVolume({ install: RIGHT })).stderr).not.toContain("Waiting");
});
