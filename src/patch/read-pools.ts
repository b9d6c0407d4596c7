import { readPythonText, readXmlText } from "./encode";
import type { CephPool, Monitor } from "./pools";

/**
 * Reads the Ceph pools from a function block.
 *
 * Ignores unknown lines. So the block is not verified: for that, the caller must render these pools again, and compare.
 *
 * @param helper the text of the function block, with LF line ends
 */
export function readCephPools(helper: string): CephPool[] {
  const pools: Draft[] = [];
  for (const line of helper.split("\n")) {
    if (line === "        {") pools.push({ libvirtPools: [], name: "", monitors: [], auth: null });
    const pool = pools.at(-1);
    if (!pool) continue;
    const [, field = "", value = ""] = /^ {12}"(\w+)": (.*),$/.exec(line) ?? [];
    const [, name, port] = HOST.exec(line) ?? [];
    if (name !== undefined) pool.monitors.push({ name: readXmlText(name), port: port ? Number(port) : null });
    else if (field === "libvirt_pools") pool.libvirtPools = (value.match(TEXT) ?? []).map(readPythonText);
    else if (field === "ceph_pool") pool.name = readPythonText(value);
    else if (field === "auth" && value !== "None") pool.auth = { username: attribute(value, "username"), uuid: "" };
    else if (field === "secret" && pool.auth) {
      const usage = attribute(value, "usage");
      pool.auth = { ...pool.auth, uuid: attribute(value, "uuid"), ...(usage ? { usage } : {}) };
    }
  }
  return pools;
}

type Draft = { -readonly [Key in keyof CephPool]: CephPool[Key] } & { readonly monitors: Monitor[] };

const HOST = /^ {16}'<host name="([^"]*)"(?: port="(\d{1,5})")?\/>',$/;
// pythonText writes a quote in a text as an escape.
const TEXT = /u"[^"]*"/g;

function attribute(literal: string, name: string): string {
  return readXmlText(new RegExp(` ${name}="([^"]*)"`).exec(literal)?.[1] ?? "");
}
