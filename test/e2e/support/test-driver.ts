import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FIXTURES } from "../../support/cli";

/** The password of the display of `guest`. */
export const PASSWORD = "geheim";

/**
 * The URI of a node of libvirt's test driver: a `guest` with one rbd disk, as virt-install 1.2 to 1.4 wrote it, the sample
 * host's rbd pool with one volume, and a directory pool with another.
 */
export function testDriver(folder: string): string {
  const node = join(folder, "node.xml");
  const rbd = readFileSync(`${FIXTURES}/pool-usage.xml`, "utf8").replace(
    "</pool>",
    `  <volume type="network">
    <name>virt-1</name>
    <capacity unit="bytes">67108864</capacity>
    <target><path>vms/virt-1</path></target>
  </volume>
</pool>`,
  );
  writeFileSync(
    node,
    `<node>
<domain type="test">
  <name>guest</name>
  <memory>8192</memory>
  <os><type>hvm</type></os>
  <devices>
    <disk type="network" device="disk">
      <source protocol="rbd" name="vms/virt-0"><host name="192.0.2.11" port="6789"/></source>
      <target dev="vda" bus="virtio"/>
    </disk>
    <graphics type="vnc" passwd="${PASSWORD}"/>
  </devices>
</domain>
${rbd}
<pool type="dir">
  <name>default</name>
  <capacity unit="bytes">1073741824</capacity>
  <available unit="bytes">1073741824</available>
  <target><path>${folder}</path></target>
  <volume type="file">
    <name>a.img</name>
    <capacity unit="bytes">1048576</capacity>
    <target><path>${folder}/a.img</path></target>
  </volume>
</pool>
</node>
`,
  );
  return `test://${node}`;
}
