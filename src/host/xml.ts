import { parseXml, XmlDocumentType, XmlElement, type XmlError, XmlText } from "@rgrove/parse-xml";
import { Failure } from "../failure";
import type { Monitor } from "../patch/facts";
import type { Pool, Secret, SecretReference } from "./config";

/**
 * Reads what `virsh pool-dumpxml` prints (https://libvirt.org/formatstorage.html).
 *
 * @returns the pool, or null for a pool of another type
 * @throws Failure (facts) for XML that is not well formed, has a DTD, or is not a pool that libvirt would accept
 */
export function readPool(xml: string, where: string): Pool | null {
  const root = readElement(xml, "pool", where);
  const name = textOf(child(root, "name"));
  if (!name) throw refused(where, "the pool has no name");
  if (root.attributes.type !== "rbd") return null;
  const source = child(root, "source");
  const cephPool = textOf(child(source, "name"));
  if (!cephPool) throw refused(where, `pool ${name} has no <name> in its <source>, the Ceph pool`);
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
 * Reads what `virsh secret-dumpxml` prints (https://libvirt.org/formatsecret.html): never a value.
 *
 * @throws Failure (facts) like `readPool`
 */
export function readSecret(xml: string, where: string): Secret {
  const root = readElement(xml, "secret", where);
  const uuid = textOf(child(root, "uuid"));
  if (!uuid) throw refused(where, "the secret has no <uuid>");
  const usage = child(root, "usage");
  // libvirt names it <name> for ceph, <volume> or <target> for other types.
  const named = usage && (child(usage, "name") ?? child(usage, "volume") ?? child(usage, "target"));
  return {
    uuid: readUuid(uuid, where),
    usageType: usage?.attributes.type ?? null,
    usageName: named ? textOf(named) : null,
  };
}

/** A UUID as libvirt prints it: lower case, with dashes (virUUIDParse needs none); fails (facts) if it is none. */
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
  if (number < 1 || number > 65535) throw refused(where, `monitor ${name} has the port ${JSON.stringify(port)}`);
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

/** The root element of XML; fails (facts) if it is not well formed, has a DTD, or has another root. */
export function readElement(xml: string, name: string, where: string): XmlElement {
  let document: ReturnType<typeof parseXml>;
  try {
    // XML 1.0, 2.11, which the parser does too, in a time that grows with the square of the line ends.
    document = parseXml(xml.replace(/\r\n?/g, "\n"), { preserveDocumentType: true });
  } catch (error) {
    // What the parser says quotes the document, which may be anything.
    const { line, column } = error as Partial<XmlError>;
    if (error instanceof RangeError) throw refused(where, "the XML is nested too deeply");
    throw refused(where, `not well-formed XML${line ? ` (line ${line}, column ${column})` : ""}`);
  }
  // libvirt writes none, and an entity could stand for anything.
  if (document.children.some((node) => node instanceof XmlDocumentType)) throw refused(where, "the XML has a DTD");
  const { root } = document;
  if (root?.name !== name) throw refused(where, `<${name}> was expected, and this is <${root?.name}>`);
  return root;
}

/**
 * The XML documents in the output of a program, each from its first tag to the line that is its end tag, or to the end
 * of the first line if its end tag is there. Anything between them is skipped.
 *
 * @param names of the root elements
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

/** The direct children of that name; none for no parent. */
export function childElements(parent: XmlElement | null, name: string): XmlElement[] {
  return (parent?.children ?? []).filter(
    (node): node is XmlElement => node instanceof XmlElement && node.name === name,
  );
}

/** The first of them. */
function child(parent: XmlElement | null, name: string): XmlElement | null {
  return childElements(parent, name)[0] ?? null;
}

/** An element's own text; comments in it do not count. */
function textOf(element: XmlElement | null): string {
  return (element?.children ?? [])
    .filter((node): node is XmlText => node instanceof XmlText)
    .map((node) => node.text)
    .join("");
}

function refused(where: string, why: string): Failure {
  return new Failure(
    "facts",
    `${where}: ${why}.`,
    "Give what virsh prints (pool-dumpxml, secret-dumpxml or dumpxml), one document a file.",
  );
}
