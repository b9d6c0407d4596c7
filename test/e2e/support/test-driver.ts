import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const POOL = resolve("test/fixtures/host/pool-usage.xml");

/** A node of libvirt's test driver: the sample host's rbd pool with one volume, and a folder pool with another. */
export function testDriver(folder: string): string {
  const node = join(folder, "node.xml");
  const rbd = readFileSync(POOL, "utf8").replace(
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
