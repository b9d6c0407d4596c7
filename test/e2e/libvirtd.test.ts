import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { built, json, type Ran, TOOL } from "../support/cli";
import { definePool, defineSecret, removePool, startLibvirt, virsh } from "./support/libvirtd";
import { expectDone, makeFolder, notRun, PREFIX, run, undoAll, xpath } from "./support/machine";

const BY_UUID = "0b2d8f1e-6c1f-4c0e-8f0a-5d0f3f6f9a01";
const BY_USAGE = "0b2d8f1e-6c1f-4c0e-8f0a-5d0f3f6f9a02";
const USAGE = `${PREFIX} client.backup's secret`;

/** None of them has to start. */
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
  { name: `${PREFIX}-open`, cephPool: "größe", hosts: [{ name: "192.0.2.21" }] },
];

let folder: string;

beforeAll(() => {
  folder = makeFolder();
  startLibvirt(folder);
  defineSecret(folder, BY_UUID, `${PREFIX} client.libvirt secret`);
  defineSecret(folder, BY_USAGE, USAGE);
  for (const pool of POOLS) definePool(folder, pool);
});

afterAll(undoAll);

/** The tool as an ordinary user, from a place where that user can read it. */
function asNobody(words: readonly string[]): Ran {
  const tool = join(folder, "tool.js");
  copyFileSync(TOOL, tool);
  return run("setpriv", [
    ...["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"],
    ...["env", "HOME=/nonexistent", process.execPath, tool, ...words],
  ]);
}

/** What virsh says of a pool, read by a parser that is not the tool's own. */
function described(name: string) {
  const xml = virsh("pool-dumpxml", "--pool", name);
  const text = (path: string) => xpath(xml, `string(${path})`);
  const count = Number(xpath(xml, "count(/pool/source/host)"));
  const monitors = Array.from({ length: count }, (_, index) => {
    const host = `/pool/source/host[${index + 1}]`;
    return { name: text(`${host}/@name`), port: text(`${host}/@port`) === "" ? null : Number(text(`${host}/@port`)) };
  });
  const uuid = text("/pool/source/auth/secret/@uuid");
  return {
    name: text("/pool/name"),
    active: /^State: +running$/m.test(virsh("pool-info", "--pool", name)),
    cephPool: text("/pool/source/name"),
    monitors,
    auth:
      text("/pool/source/auth/@username") === ""
        ? null
        : {
            username: text("/pool/source/auth/@username"),
            secret: uuid === "" ? { usage: text("/pool/source/auth/secret/@usage") } : { uuid },
          },
  };
}

describe("inspect on a real libvirtd", () => {
  const names = POOLS.map(({ name }) => name.replace("&amp;", "&"));
  const only = names.map((name) => `--pool=${name}`);

  function check(ran: Ran): void {
    expectDone(ran);
    const { document } = json(ran.stdout);
    const pools = document.pools.filter(({ name }: { name: string }) => names.includes(name));
    expect(pools).toHaveLength(names.length);
    for (const name of names)
      expect(pools.find((pool: { name: string }) => pool.name === name)).toEqual(described(name));
    for (const uuid of [BY_UUID, BY_USAGE]) {
      const xml = virsh("secret-dumpxml", uuid);
      expect(document.secrets).toContainEqual({
        uuid: xpath(xml, "string(/secret/uuid)"),
        usageType: xpath(xml, "string(/secret/usage/@type)"),
        usageName: xpath(xml, "string(/secret/usage/name)"),
      });
    }
    expect(document).toMatchObject({
      host: virsh("hostname").trim(),
      virtinst: { release: "4.1.0", state: "not-patched" },
    });
  }

  test("shows pools, monitors, users and secrets as virsh does, as root", () => {
    check(built(["inspect", "--json", ...only]));
  });

  test("with --connect too", () => {
    check(built(["inspect", "--json", "--connect", "qemu:///system", ...only]));
  });

  test("as an ordinary user", (context) => {
    needsNode(context);
    check(asNobody(["inspect", "--json", ...only]));
  });

  test("for a person: the secret that is named by usage is shown with its uuid", () => {
    const { stdout } = built(["inspect", ...only]);
    expect(stdout).toContain(BY_USAGE);
    expect(stdout).toContain("192.0.2.11:6789, 192.0.2.12:3300, mon.example");
  });

  test("render needs no root, and gives the same to everybody", (context) => {
    needsNode(context);
    const rendered = built(["render", ...only]);
    expectDone(rendered);
    expect(asNobody(["render", ...only])).toMatchObject({ code: 0, stdout: rendered.stdout });
  });

  test("verify needs no root", (context) => {
    needsNode(context);
    expect(asNobody(["verify", "--json", ...only])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('"state": "not-patched"'),
    });
  });

  test("a pool whose name is not ASCII", () => {
    const name = `${PREFIX}-größe €`;
    definePool(folder, { name, cephPool: "groesse", hosts: [{ name: "192.0.2.41" }] });
    const seen = built(["inspect", "--json"]);
    removePool(name);
    expectDone(seen);
    expect(json(seen.stdout).document.pools).toContainEqual(expect.objectContaining({ name, cephPool: "groesse" }));
  });

  test("a pool whose secret is not defined is shown with a remedy, and refused", () => {
    const name = `${PREFIX}-stray`;
    const secret = `uuid="0b2d8f1e-6c1f-4c0e-8f0a-5d0f3f6f9a03"`;
    definePool(folder, {
      name,
      cephPool: "stray",
      hosts: [{ name: "192.0.2.31" }],
      auth: { username: "libvirt", secret },
    });
    const { code, stderr } = built(["apply", "--check", "--pool", name]);
    expect(code).toBe(3);
    expect(stderr).toContain(name);
    expect(stderr).toContain("secret-define");
    // It can be looked at.
    const seen = built(["inspect", "--json", "--pool", name]);
    expect(seen.code).toBe(3);
    expect(json(seen.stdout).broken).toEqual([
      { pools: [name], message: expect.stringContaining(name), hint: expect.stringContaining("secret-define") },
    ]);
    expectDone(built(["inspect", ...only]));
    removePool(name);
  });
});

function needsNode(context: Parameters<typeof notRun>[0]): void {
  const { code, stderr } = asNobody(["--version"]);
  if (code !== 0) notRun(context, `an ordinary user cannot run ${process.execPath} here: ${stderr.trim()}`);
}
