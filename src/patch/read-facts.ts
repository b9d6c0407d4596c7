import { readPythonText } from "./encode";
import type { Monitor, PoolFacts } from "./facts";

/**
 * Reads back the facts that a helper block was rendered from.
 *
 * Lines that it does not know are passed over: whoever has to trust the block renders these facts again and compares.
 *
 * @param helper the helper block's text, with LF line ends
 */
export function readFacts(helper: string): PoolFacts[] {
  const pools: { fields: Map<string, string | null>; monitors: Monitor[] }[] = [];
  for (const line of helper.split("\n")) {
    const field = /^ {12}"(\w+)": (u".*"|None),$/.exec(line);
    const monitor = /^ {16}\((u"(?:[^"\\]|\\.)*"), (?:u"(\d+)"|None), '.*'\),$/.exec(line);
    if (line === "        {") pools.push({ fields: new Map(), monitors: [] });
    else if (field) pools.at(-1)?.fields.set(field[1] as string, readPythonText(field[2] as string));
    else if (monitor)
      pools.at(-1)?.monitors.push({
        name: readPythonText(monitor[1] as string) ?? "",
        port: monitor[2] ? Number(monitor[2]) : null,
      });
  }
  return pools.map(({ fields, monitors }) => {
    const username = fields.get("username");
    return {
      pool: fields.get("pool") ?? "",
      cephPool: fields.get("ceph_pool") ?? "",
      monitors,
      auth: username == null ? null : { username, uuid: fields.get("uuid") ?? "" },
    };
  });
}
