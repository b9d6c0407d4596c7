import { readPythonText, readXmlText } from "./encode";
import type { CephPool, Monitor } from "./facts";

/**
 * Reads back the facts that a helper block was rendered from.
 *
 * Lines that it does not know are passed over: whoever has to trust the block renders these facts again and compares.
 *
 * @param helper the helper block's text, with LF line ends
 */
export function readFacts(helper: string): CephPool[] {
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
// A quote in a text is an escape, as pythonText writes it.
const TEXT = /u"[^"]*"/g;

function attribute(literal: string, name: string): string {
  return readXmlText(new RegExp(` ${name}="([^"]*)"`).exec(literal)?.[1] ?? "");
}
