import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cli, HOST, HOST_BY_UUID, HOST_TWO, json, PLAIN, target, temporaryFile, temporaryFolder } from "../support/cli";
import { standInProgram } from "../support/programs";

const AUTH = '<auth username="libvirt"><secret type="ceph" uuid="2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1"/></auth>';
const HOSTS = [11, 12, 13].map((number) => `<host name="192.0.2.${number}" port="6789"/>`).join("");
const rbd = (auth = AUTH, hosts = HOSTS, name = "vms/virtinst-rbd-patch-1") =>
  `<disk type="network">${auth}<source protocol="rbd" name="${name}">${hosts}</source></disk>`;
const domain = (...disks: readonly string[]) => `<domain><devices>${disks.join("")}</devices></domain>`;
const CDROM = '<disk type="file" device="cdrom"><source file="/cd.iso"/></disk>';

/** A virtinst whose virt-install is a shell script, and what that was asked. */
function stand(script: string, layout = PLAIN, host = HOST) {
  const made = target(layout);
  const said = join(temporaryFolder(), "said");
  const program = standInProgram(made.folder, `echo "$*" >> '${said}'\n${script}`);
  const options = [...host, "--virtinst", made.folder];
  const verify = async (...words: string[]) => {
    const ran = await cli(["verify", "--json", ...options, ...words]);
    return { code: ran.code, ...json(ran.stdout), stderr: ran.stderr };
  };
  return { ...made, program, options, verify, said: () => readFileSync(said, "utf8").trim().split("\n") };
}

/** One whose blocks are current. */
async function patched(script: string, host = HOST) {
  const made = stand(script, PLAIN, host);
  const applied = await cli(["apply", ...made.options]);
  expect(applied.code, applied.stderr).toBe(0);
  return made;
}

const differences = ({ checks }: { checks: readonly { difference: string }[] }) =>
  checks.map(({ difference }) => difference).join("\n");
const prints = (text: string) => `echo '${text}'`;

describe("verify runs virt-install --print-xml of this host for a domain with a disk of each pool:", () => {
  test("the domain has a CD-ROM too, and the node of libvirt's test driver is removed afterwards", async () => {
    const { verify, said, program } = await patched(`cp "\${2#test://}" "$0.node"; ${prints(domain(rbd(), CDROM))}`);
    const { code, install } = await verify();
    expect(install).toEqual({
      status: "passed",
      reason: `${program} on libvirt's test driver`,
      checks: [
        { label: "disk of pool libvirtpool", passed: true, difference: "" },
        { label: "no auth on a CD-ROM", passed: true, difference: "" },
      ],
      causes: [],
    });
    expect(code).toBe(0);
    const [words, ...more] = said() as [string, ...string[]];
    expect(more).toEqual([]);
    expect(words).toMatch(
      / --disk vol=virtinst-rbd-patch-1\/virtinst-rbd-patch-1,bus=virtio,driver_name=qemu --disk vol=\S+,device=cdrom,driver_name=qemu$/,
    );
    const [, node] = /--connect test:\/\/(\S+)/.exec(words) as unknown as [string, string];
    expect(existsSync(node)).toBe(false);
    const written = readFileSync(`${program}.sh.node`, "utf8");
    expect(written).toContain('<auth type="ceph" username="libvirt"><secret usage="client.libvirt secret"/></auth>');
    expect(written).toContain('<host name="192.0.2.13" port="6789"/>');
  });

  test.each([
    ["no auth", domain(rbd("")), /secret: expected usage "client\.libvirt secret", found none/],
    [
      "one monitor",
      domain(rbd(AUTH, '<host name="192.0.2.11" port="6789"/>')),
      /monitor: expected 192.0.2.12:6789, found missing/,
    ],
    [
      "no rbd disk",
      domain(CDROM),
      /image: expected one disk of vms\/virtinst-rbd-patch-1, found none \(rbd disks: none\)/,
    ],
    ["the disk twice", domain(rbd(), rbd()), /found several/],
    ["a second domain without it", `${domain(rbd())}\n${domain(CDROM)}`, /found none \(rbd disks: none\)/],
    ["text that is not XML", domain(rbd(AUTH.replace("<secret", "<&"))), /virt-install.*XML/],
    [
      "auth on a CD-ROM",
      domain(rbd(), CDROM.replace("<source", `${AUTH}<source`)),
      /\/cd\.iso got an auth, but needs none/,
    ],
  ])("%s is a failed check, with the difference", async (_, xml, difference) => {
    const { verify, program } = await patched(prints(xml));
    const { code, state, behaviour, install } = await verify();
    expect({ code, state, behaviour: behaviour.status }).toEqual({ code: 5, state: "current", behaviour: "passed" });
    expect(install).toMatchObject({ status: "failed", reason: `${program} on libvirt's test driver` });
    expect(differences(install)).toMatch(difference);
  });

  test("a line that the patch logs is reported once as a possible cause", async () => {
    const { verify } = await patched(
      `for n in 1 2; do echo 'WARNING virtinst-rbd-patch: disk vms/x is left unchanged'; done >&2; ${prints(domain(rbd("")))}`,
    );
    expect((await verify()).install.causes).toEqual(["the patch logged: disk vms/x is left unchanged"]);
  });

  test("one run checks all pools", async () => {
    const { verify, said } = await patched(prints(domain(rbd(AUTH, HOSTS, "vms/virtinst-rbd-patch-2"))), HOST_TWO);
    const { install, code } = await verify();
    expect(said()).toEqual([expect.stringMatching(/-1,bus=virtio.*-2,bus=virtio/)]);
    expect(install.checks.map(({ label, passed }: { label: string; passed: boolean }) => [label, passed])).toEqual([
      ["disk of pool archive", false],
      ["disk of pool libvirtpool", true],
      ["no auth on a CD-ROM", true],
    ]);
    expect(code).toBe(5);
  });

  test("pools that list no monitor are reported as not checked", async () => {
    const bare = `--pool-xml=${temporaryFile("bare.xml", "<pool type='rbd'><name>bare</name><source><name>cold</name></source></pool>\n")}`;
    const { verify } = await patched(prints(domain(rbd())), [...HOST, bare]);
    const { install, code } = await verify();
    expect(code).toBe(0);
    expect(install.reason).toMatch(/; not for pool bare: its test driver takes only pools that list a monitor/);
  });

  test("a run has at most 100 pools", async () => {
    const pools = Array.from({ length: 101 }, (_, index) => {
      const source = `<host name='192.0.2.1'/><name>c${index}</name>`;
      return `--pool-xml=${temporaryFile("pool.xml", `<pool type='rbd'><name>p${index}</name><source>${source}</source></pool>`)}`;
    });
    const { verify, said } = await patched(
      `echo '<domain>'
sed -n 's|.*<key>\\(.*\\)</key>.*|<devices><disk><source protocol="rbd" name="\\1"><host name="192.0.2.1"/></source></disk></devices>|p' "\${2#test://}"
echo '</domain>'`,
      pools,
    );
    const { code, install } = await verify();
    expect([code, install.status, install.checks.length]).toEqual([0, "passed", 102]);
    expect(said()).toHaveLength(2);
  });

  test("a host that is not affected is checked too", async () => {
    const { verify } = stand(prints(domain(rbd(""))), PLAIN, HOST_BY_UUID);
    expect(await verify()).toMatchObject({
      code: 5,
      state: "not-patched",
      affected: "no",
      install: { status: "failed" },
    });
  });
});

describe("the check with virt-install is skipped", () => {
  const untouched = "exit 1";

  test("if the patch is not current", async () => {
    const { verify } = stand(untouched);
    expect(await verify()).toMatchObject({
      code: 1,
      install: { status: "skipped", reason: "the file is not-patched" },
    });
  });

  test("if no temporary file can be written", async () => {
    const { options } = await patched(untouched);
    const { code, stdout } = await cli(["verify", "--json", ...options], { env: { TMPDIR: "/nowhere" } });
    expect(code).toBe(0);
    expect(json(stdout).install).toMatchObject({
      status: "skipped",
      reason: "no temporary file can be written in /nowhere: no such file or directory; set TMPDIR",
    });
  });

  test("if no virt-install uses the virtinst of --virtinst", async () => {
    const { verify, program, folder } = await patched(untouched);
    rmSync(program);
    expect(await verify()).toMatchObject({
      code: 0,
      install: { status: "skipped", reason: `no virt-install program uses the virtinst in ${folder}` },
    });
  });

  test("if virt-install cannot import a module", async () => {
    const { verify, program } = await patched(untouched);
    writeFileSync(program, "#!/usr/bin/env python3\nimport libvirt_that_is_not_there\n");
    expect(await verify()).toMatchObject({
      code: 0,
      install: { status: "skipped", reason: expect.stringMatching(/No module named 'libvirt_that_is_not_there'/) },
    });
  });

  test("but not if --python names a Python that works", async () => {
    const { verify, program } = await patched("");
    writeFileSync(program, `#!/nowhere/python3\nprint('${domain(rbd())}')\n`);
    expect((await verify()).install.status).toBe("skipped");
    expect(await verify("--python", "python3")).toMatchObject({ code: 0, install: { status: "passed" } });
  });
});

test("a manual edit of _build_xml is reported by inspect, apply and verify", async () => {
  const LAST = "        final_xml = self._pre_reinstall_xml or final_xml\n";
  const made = stand("exit 127");
  made.edit(LAST, `${LAST}        final_xml = re.sub('a', 'b', final_xml)\n`);
  for (const command of ["inspect", "apply --force", "verify"]) {
    const ran = await cli([...command.split(" "), "--json", ...made.options]);
    expect(ran.stderr, command).toMatch(/^note: _build_xml has a manual edit in line \d+/m);
    expect(json(ran.stdout).notes.join(" "), command).toMatch(/manual edit/);
  }
});
