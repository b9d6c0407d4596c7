import { parseXml, XmlDocumentType, XmlElement, type XmlError, XmlText } from "@rgrove/parse-xml";
import { Failure } from "../failure";
import type { Monitor } from "../patch/pools";
import type { Pool, Secret, SecretReference } from "./config";

/**
 * Reads the output of `virsh pool-dumpxml` (https://libvirt.org/formatstorage.html).
 *
 * @returns the pool, or null for a pool of another type
 * @throws Failure (pools) if the XML is not well formed, has a DTD, or is not of a pool that libvirt accepts
 */
export function readPool(xml: string, where: string): Pool | null {
  const root = readElement(xml, "pool", where);
  const name = textOf(child(root, "name"));
  if (!name) throw refused(where, "the pool has no name");
  if (root.attributes.type !== "rbd") return null;
  const source = child(root, "source");
  const cephPool = textOf(child(source, "name"));
  if (!cephPool) throw refused(where, `pool ${name} has no Ceph pool: its <source> has no <name>`);
  const auth = child(source, "auth");
  return {
    name,
    active: null,
    cephPool,
    monitors: childElements(source, "host").map((host) => readMonitor(host, where)),
    auth: auth && readAuth(auth, name, where),
  };
}

/**
 * Reads the output of `virsh secret-dumpxml` (https://libvirt.org/formatsecret.html), which contains no value.
 *
 * @throws Failure (pools) like `readPool`
 */
export function readSecret(xml: string, where: string): Secret {
  const root = readElement(xml, "secret", where);
  const uuid = textOf(child(root, "uuid"));
  if (!uuid) throw refused(where, "the secret has no <uuid>");
  const usage = child(root, "usage");
  // The element is <name> for the type ceph, <volume> or <target> for other types.
  const named = usage && (child(usage, "name") ?? child(usage, "volume") ?? child(usage, "target"));
  return {
    uuid: readUuid(uuid, where),
    usageType: usage?.attributes.type ?? null,
    usageName: named ? textOf(named) : null,
  };
}

/** A UUID as libvirt prints it: lower case, with dashes (virUUIDParse accepts it without); fails (pools) if invalid. */
export function readUuid(text: string, where: string): string {
  const digits = text.trim().toLowerCase().replace(/-/g, "");
  if (!/^[0-9a-f]{32}$/.test(digits)) throw refused(where, `${JSON.stringify(text)} is not a UUID`);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function readMonitor(host: XmlElement, where: string): Monitor {
  const { name, port } = host.attributes;
  if (!name) throw refused(where, "a <host> of the pool has no name");
  if (port === undefined) return { name, port: null };
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65535) throw refused(where, `monitor ${name}: invalid port ${JSON.stringify(port)}`);
  return { name, port: number };
}

function readAuth(auth: XmlElement, pool: string, where: string): Pool["auth"] {
  const { username } = auth.attributes;
  const { uuid, usage } = child(auth, "secret")?.attributes ?? {};
  if (!username) throw refused(where, `the <auth> of pool ${pool} has no username`);
  if (uuid === undefined && !usage)
    throw refused(where, `the <auth> of pool ${pool} names its secret neither by uuid nor by usage`);
  const secret: SecretReference = uuid === undefined ? { usage: usage as string } : { uuid: readUuid(uuid, where) };
  return { username, secret };
}

/** The root element; fails (pools) if the XML is not well formed, has a DTD, or has another root element. */
export function readElement(xml: string, name: string, where: string): XmlElement {
  let document: ReturnType<typeof parseXml>;
  try {
    // XML 1.0, section 2.11. The parser also does this, but in a time that grows with the square of the line ends.
    document = parseXml(xml.replace(/\r\n?/g, "\n"), { preserveDocumentType: true });
  } catch (error) {
    // Omit the message of the parser: it quotes the file.
    const { line, column } = error as Partial<XmlError>;
    if (error instanceof RangeError) throw refused(where, "the XML is nested too deeply");
    throw refused(where, `not well-formed XML${line ? ` (line ${line}, column ${column})` : ""}`);
  }
  // libvirt writes no DTD, and a DTD could define entities.
  if (document.children.some((node) => node instanceof XmlDocumentType)) throw refused(where, "the XML has a DTD");
  const { root } = document;
  if (root?.name !== name) throw refused(where, `the root element is <${root?.name}>, not <${name}>`);
  return root;
}

/**
 * Finds the XML documents in the output of a program. A document extends from its first tag to the line that is its end
 * tag, or to the end of the first line if the end tag is there. Other text is skipped.
 *
 * @param names the names of the root elements
 */
export function documentsIn(printed: string, names: readonly string[]): string[] {
  const begin = new RegExp(`<(${names.join("|")})(?=[\\s>]).*`);
  const found: string[] = [];
  let open: { end: string; lines: string[] } | null = null;
  for (const line of printed.split("\n")) {
    if (open) {
      open.lines.push(line);
      if (line !== open.end) continue;
    } else {
      const [text, name] = begin.exec(line) ?? [];
      if (text === undefined) continue;
      open = { end: `</${name}>`, lines: [text] };
      if (!text.endsWith(open.end)) continue;
    }
    found.push(open.lines.join("\n"));
    open = null;
  }
  return found;
}

/** The direct children with a name; empty if there is no parent. */
export function childElements(parent: XmlElement | null, name: string): XmlElement[] {
  return (parent?.children ?? []).filter(
    (node): node is XmlElement => node instanceof XmlElement && node.name === name,
  );
}

function child(parent: XmlElement | null, name: string): XmlElement | null {
  return childElements(parent, name)[0] ?? null;
}

/** The text of an element itself, without comments and child elements. */
function textOf(element: XmlElement | null): string {
  return (element?.children ?? [])
    .filter((node): node is XmlText => node instanceof XmlText)
    .map((node) => node.text)
    .join("");
}

function refused(where: string, why: string): Failure {
  return new Failure(
    "pools",
    `${where}: ${why}.`,
    "Pass the output of virsh (pool-dumpxml, secret-dumpxml or dumpxml), one XML document per file.",
  );
}
