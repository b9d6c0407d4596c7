import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FIXTURES, type Ran, shell } from "../support/cli";
import { makeFolder, monitors, undoAll, xpath } from "./support/machine";
import { testDriver } from "./support/test-driver";

const MONITORS = ["192.0.2.11:6789", "192.0.2.12:6789", "192.0.2.13:6789"];

// As virt-install 1.2 to 1.4 wrote it.
const GUEST = `<domain type="test">
  <name>guest</name>
  <memory>8192</memory>
  <os><type>hvm</type></os>
  <devices>
    <disk type="network" device="disk">
      <source protocol="rbd" name="vms/virt-0"><host name="192.0.2.11" port="6789"/></source>
      <target dev="vda" bus="virtio"/>
    </disk>
    <graphics type="vnc" passwd="geheim"/>
  </devices>
</domain>
`;

let uri: string;

beforeAll(() => {
  const folder = makeFolder();
  uri = testDriver(folder);
  const node = join(folder, "node.xml");
  writeFileSync(node, readFileSync(node, "utf8").replace("<node>", `<node>\n${GUEST}`));
});

afterAll(undoAll);

/**
 * A line of bash in which `preview` is `preview - -o -` with the facts of libvirt's test driver, and `define` what virsh
 * makes of standard input there; it shows what it defined, since the test driver keeps nothing.
 */
function pipeline(line: string): Ran {
  return shell(
    `export LC_ALL=C.UTF-8
preview() { tool preview - -o - --connect '${uri}' --secret-xml '${FIXTURES}/secret-usage.xml'; }
define() { virsh -c test:///default "define /dev/stdin; dumpxml --inactive --security-info guest"; }
${line}`,
  );
}

/** The auths and the monitors of a domain's rbd disks, and the password of its display. */
function described({ code, stdout, stderr }: Ran) {
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/Domain '?guest'? defined from \/dev\/stdin\n/);
  const xml = stdout.slice(stdout.indexOf("<domain"));
  const of = (path: string) => xpath(xml, `string(${path})`);
  return {
    users: Number(xpath(xml, "count(//disk/auth[@username='libvirt'])")),
    secrets: Number(xpath(xml, `count(//disk/auth/secret[@type='ceph'][@usage='client.libvirt secret'])`)),
    monitors: monitors(xml),
    password: of("//graphics/@passwd"),
  };
}

describe("preview - between virsh and virsh", () => {
  const whole = { users: 1, secrets: 1, monitors: MONITORS, password: "geheim" };

  test("an existing guest gets what its disk lacks, and keeps its password", () => {
    const dump = `virsh -c '${uri}' dumpxml --inactive --security-info guest`;
    expect(described(pipeline(`${dump} | define`))).toMatchObject({ users: 0, monitors: MONITORS.slice(0, 1) });
    expect(described(pipeline(`${dump} | preview | define`))).toEqual(whole);
    expect(described(pipeline(`set -o pipefail; ${dump} | preview | define`))).toEqual(whole);
    // A second time there is nothing to do, and the bytes are the same.
    expect(
      pipeline(`${dump} | preview > '${uri.slice(7)}.1'; preview < '${uri.slice(7)}.1' | cmp - '${uri.slice(7)}.1'`),
    ).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });

  test("a disk that virt-xml adds", () => {
    const added = `virt-xml --connect '${uri}' guest --add-device --disk vol=libvirtpool/virt-1 --print-xml`;
    expect(pipeline(`${added} | define`)).toMatchObject({ code: 1, stderr: expect.stringContaining("secret uuid") });
    expect(described(pipeline(`${added} | preview | define`))).toEqual({
      ...whole,
      users: 2,
      secrets: 2,
      monitors: [...MONITORS, ...MONITORS],
    });
  });

  test("where there is no such guest, virsh defines nothing", () => {
    const broken = `virsh -c '${uri}' dumpxml nobody | preview | define`;
    for (const line of [broken, `set -o pipefail; ${broken}`]) {
      const { code, stdout, stderr } = pipeline(line);
      expect(code).not.toBe(0);
      expect(stdout).not.toMatch(/defined/);
      expect(stderr).toMatch(/failed to get domain 'nobody'/);
      expect(stderr).toMatch(/^virtinst-rbd-patch: standard input is empty/m);
      expect(stderr).toMatch(/Failed to define domain from \/dev\/stdin/);
    }
  });
});
