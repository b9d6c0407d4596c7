import { copyFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { built, json, type Ran, TOOL } from "../support/cli";
import { definePool, defineSecret, startLibvirt, virsh } from "./support/libvirtd";
import { expectDone, makeFolder, PREFIX, run, undoAll, xpath } from "./support/machine";

const BY_UUID = "0b2d8f1e-6c1f-4c0e-8f0a-5d0f3f6f9a01";
const BY_USAGE = "0b2d8f1e-6c1f-4c0e-8f0a-5d0f3f6f9a02";
const USAGE = `${PREFIX} client.backup's secret`;

/** No volume is opened, so that no Ceph is needed. */
const POOLS = [
  {
    name: `${PREFIX}-uuid`,
    cephPool: "vms",
    hosts: [{ name: "192.0.2.11", port: 6789 }, { name: "192.0.2.12", port: 3300 }, { name: "mon.example" }],
    auth: { username: "libvirt", secret: `uuid="${BY_UUID}"` },
  },
  {
    name: `${PREFIX} with  spaces &amp; 'quotes'`,
    cephPool: "cold",
    hosts: [{ name: "2001:db8::1", port: 6789 }],
    auth: { username: "backup", secret: `usage="${USAGE}"` },
  },
  { name: `${PREFIX}-größe €`, cephPool: "größe", hosts: [{ name: "192.0.2.21" }] },
];
const names = POOLS.map(({ name }) => name.replace("&amp;", "&"));
const only = names.map((name) => `--pool=${name}`);

let folder: string;

beforeAll(() => {
  folder = makeFolder();
  for (const file of [TOOL, process.execPath]) copyFileSync(file, join(folder, basename(file)));
  startLibvirt(folder);
  defineSecret(folder, BY_UUID, `${PREFIX} client.libvirt secret`);
  defineSecret(folder, BY_USAGE, USAGE);
  for (const pool of POOLS) definePool(folder, pool);
});

afterAll(undoAll);

/** Runs the tool as an ordinary user, who may not read the directories of Node and the tool. */
function asNobody(words: readonly string[]): Ran {
  const [node, tool] = [process.execPath, TOOL].map((file) => join(folder, basename(file))) as [string, string];
  return run("setpriv", [
    ...["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"],
    ...["env", "HOME=/nonexistent", node, tool, ...words],
  ]);
}

/** What virsh reports of a pool, read with another XML parser than that of the tool. */
function described(name: string) {
  const xml = virsh("pool-dumpxml", "--pool", name);
  const text = (path: string) => xpath(xml, `string(${path})`);
  const monitors = Array.from({ length: Number(xpath(xml, "count(//host)")) }, (_, index) => {
    const port = text(`//host[${index + 1}]/@port`);
    return { name: text(`//host[${index + 1}]/@name`), port: port === "" ? null : Number(port) };
  });
  const [username, uuid] = [text("//auth/@username"), text("//auth/secret/@uuid")];
  const secret = uuid === "" ? { usage: text("//auth/secret/@usage") } : { uuid };
  return {
    name: text("/pool/name"),
    active: /^State: +running$/m.test(virsh("pool-info", "--pool", name)),
    cephPool: text("/pool/source/name"),
    monitors,
    auth: username === "" ? null : { username, secret },
  };
}

describe("with a real libvirtd,", () => {
  test.each([
    ["root", built],
    ["root with --connect", (words: readonly string[]) => built([...words, "--connect", "qemu:///system"])],
    ["an ordinary user", asNobody],
  ])("inspect as %s shows the pools, monitors, users and secrets that virsh shows", (_, tool) => {
    const ran = tool(["inspect", "--json", ...only]);
    expectDone(ran);
    const { document } = json(ran.stdout);
    expect(document.pools).toHaveLength(names.length);
    expect(document.pools).toEqual(expect.arrayContaining(names.map(described)));
    for (const uuid of [BY_UUID, BY_USAGE]) {
      const xml = virsh("secret-dumpxml", uuid);
      const usageType = xpath(xml, "string(/secret/usage/@type)");
      const usageName = xpath(xml, "string(/secret/usage/name)");
      expect(document.secrets).toContainEqual({ uuid, usageType, usageName });
    }
    expect(document).toMatchObject({
      host: virsh("hostname").trim(),
      virtinst: { release: "4.1.0", state: "not-patched" },
    });
  });

  test("render and verify need no root, and render writes the same patch for every user", () => {
    const rendered = built(["render", ...only]);
    expectDone(rendered);
    expect(asNobody(["render", ...only])).toMatchObject({ code: 0, stdout: rendered.stdout });
    const verified = asNobody(["verify", "--json", ...only]);
    expect(verified.code).toBe(1);
    expect(json(verified.stdout).state).toBe("not-patched");
  });
});
