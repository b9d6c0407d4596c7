import { parseXml, XmlElement, XmlText } from "@rgrove/parse-xml";
import { expect } from "vitest";
import { mergePools } from "../../src/patch/merge";
import type { CephPool, Credentials, Monitor, ResolvedPool } from "../../src/patch/pools";
import { type Call, type Ran, runBlocks } from "./helper";
import { expectSound, formsOf } from "./helper-cases";
import type { Interpreter } from "./pythons";

// An independent implementation of the function, with another parser: it shares no code with the template.

/** An element or text. In disks, white space that only separates elements is left out. */
export type Outline = string | OutlineElement;
interface OutlineElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Outline[];
}

/** The elements that were written without an end tag of their own. */
const SHORT = new WeakSet<OutlineElement>();

/** Reads a document. */
export function outline(document: string): OutlineElement {
  // XML parsers read CR and CRLF as LF. This parser is slow with carriage returns.
  const text = document.replace(/\r\n?/g, "\n");
  const convert = (element: XmlElement, inDisk: boolean): OutlineElement => {
    const disk = inDisk || element.name === "disk";
    const children = element.children.flatMap((node): Outline[] => {
      if (node instanceof XmlElement) return [convert(node, disk)];
      return node instanceof XmlText && !(disk && node.text.trim() === "") ? [node.text] : [];
    });
    const made = { name: element.name, attributes: element.attributes, children };
    if (text[element.end - 2] === "/") SHORT.add(made);
    return made;
  };
  return convert(parseXml(text, { includeOffsets: true }).root as XmlElement, false);
}

/** Runs each function on its domains, in one process, expects the same of both; returns the number of lines logged. */
export function expectRight(
  python: Interpreter,
  jobs: readonly { readonly pools: readonly ResolvedPool[]; readonly texts: readonly string[] }[],
): number {
  const answers = runBlocks(
    python,
    jobs.map(({ pools, texts }) => ({ pools, values: texts.map((text) => ["text", text]) })),
  );
  let logged = 0;
  for (const [index, { pools, texts }] of jobs.entries()) {
    const { calls, names } = answers[index] as Ran;
    expect(names).toEqual(["_virtinst_rbd_patch"]);
    for (const [at, text] of texts.entries()) {
      const { want, lines, replaces } = oracle(outline(text), pools);
      expect(calls[at]).toHaveLength(formsOf(python));
      for (const call of calls[at] as Call[]) {
        expectSound(call);
        const after = call.text as string;
        // The texts can be too long for a message.
        const message = JSON.stringify({ pools, text, after, log: call.log }).slice(0, 10_000);
        expect(JSON.stringify(outline(after)) === JSON.stringify(want), message).toBe(true);
        expect(replaces || isWithin(withoutGaps(text), after), message).toBe(true);
        expect(call.log, message).toHaveLength(lines);
      }
      logged += lines;
    }
  }
  return logged;
}

/** A source that gets children loses the white space before its slash. */
function withoutGaps(text: string): string {
  const parts = text.split("/>");
  return [...parts.slice(0, -1).map((part) => part.trimEnd()), parts.at(-1)].join("/>");
}

/** Whether removing characters from the whole can give the part. */
function isWithin(part: string, whole: string): boolean {
  let at = 0;
  for (const character of part) {
    at = whole.indexOf(character, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** The expected domain, how many lines are logged, and whether lists of monitors are replaced. */
export function oracle(
  root: OutlineElement,
  resolved: readonly ResolvedPool[],
): { want: Outline; lines: number; replaces: boolean } {
  const pools = mergePools(resolved);
  let lines = 0;
  let replaces = false;
  const below = (names: readonly string[], node: OutlineElement): OutlineElement => ({
    ...node,
    children: node.children.map((child) => {
      if (typeof child === "string" || child.name !== names[0] || child.attributes.xmlns) return child;
      if (names.length > 1) return below(names.slice(1), child);
      const done = completed(child, pools);
      lines += done.lines;
      replaces ||= done.replaces ?? false;
      return done.want;
    }),
  });
  const isOurs = root.name === "domain" && !root.attributes.xmlns;
  const want = isOurs ? below(["devices", "disk"], root) : root;
  return { want, lines, replaces };
}

/** The pools that share a monitor with one of these, or with one that does. */
function clusterOf(some: readonly CephPool[], all: readonly CephPool[]): readonly CephPool[] {
  const more = all.filter(
    (pool) =>
      some.includes(pool) ||
      some.some(({ monitors }) => monitors.some((one) => pool.monitors.some((other) => same(one, other)))),
  );
  return more.length === some.length ? some : clusterOf(more, all);
}

function completed(
  disk: OutlineElement,
  pools: readonly CephPool[],
): { want: OutlineElement; lines: number; replaces?: boolean } {
  const source = named(disk, "source").find(({ attributes }) => attributes.protocol === "rbd");
  if (!source) return { want: disk, lines: 0 };
  const hosts = named(source, "host");
  const known = pools.filter(({ name }) => source.attributes.name?.startsWith(`${name}/`));
  const fitting = known.filter(
    ({ monitors }) => hosts.length === 0 || hosts.some((host) => monitors.some((monitor) => equal(monitor, host))),
  );
  const isElsewhere = named(source, "config").length > 0;
  const auths = [...named(disk, "auth"), ...named(source, "auth")];
  const users = auths.map(({ attributes }) => attributes.username);
  const ofUser = clusterOf(fitting, known).filter(({ auth }) => auth && users.includes(auth.username));
  const isStranger = users.length > 0 && hosts.length === 0;
  const chosen = ofUser.length > 0 ? ofUser : isStranger ? [] : fitting;
  const logins = new Set(chosen.map(({ auth, monitors }) => JSON.stringify(auth ?? monitors)));
  const [pool] = chosen;
  if (!pool || logins.size > 1 || isElsewhere) return { want: disk, lines: known.length > 0 ? 1 : 0 };

  const [secret, line] = pool.auth ? secretOf(auths, pool.auth.username) : [null, false];
  const withSecret = (node: Outline): Outline =>
    node === secret
      ? { ...secret, attributes: { ...secret.attributes, ...reference(pool.auth as Credentials) } }
      : typeof node !== "string" && auths.includes(node)
        ? { ...node, children: node.children.map(withSecret) }
        : node;
  // An element that lists several monitors is replaced.
  const lists = hosts.filter((host) => SHORT.has(host) && isList(host));
  const single = hosts.filter((host) => !lists.includes(host));
  const missing = chosen
    .flatMap(({ monitors }) => monitors)
    .filter((monitor) => !single.some((host) => equal(monitor, host)))
    .map(({ name, port }) => element("host", port === null ? { name } : { name, port: String(port) }));
  const last = lists[0] ?? hosts.at(-1);
  const at = last && SHORT.has(last) ? source.children.indexOf(last) + 1 : 0;
  const children = [...source.children.slice(0, at), ...missing, ...source.children.slice(at)]
    .filter((child) => typeof child === "string" || !lists.includes(child))
    .map(withSecret);
  const added = pool.auth && auths.length === 0 ? [authOf(pool.auth)] : [];
  const want = {
    ...disk,
    children: disk.children.flatMap((child) =>
      child === source ? [...added, { ...source, children }] : [withSecret(child)],
    ),
  };
  return { want, lines: line ? 1 : 0, replaces: lists.length > 0 };
}

/** The secret that lacks only its uuid, or null; and whether the auths are logged. */
function secretOf(auths: readonly OutlineElement[], username: string): [secret: OutlineElement | null, line: boolean] {
  const [auth, second] = auths;
  if (!auth) return [null, false];
  const parts = elements(auth);
  const [secret, other] = parts;
  if (
    !second &&
    secret?.name === "secret" &&
    !other &&
    elements(secret).length === 0 &&
    isExactly(auth, { username }) &&
    isExactly(secret, { type: "ceph" })
  )
    return [secret, false];
  const isNamed = (node: OutlineElement): boolean =>
    "uuid" in node.attributes || "usage" in node.attributes || elements(node).some(isNamed);
  return [null, !auths.some(isNamed)];
}

function isExactly({ attributes }: OutlineElement, wanted: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(wanted);
  return Object.keys(attributes).length === names.length && names.every((name) => attributes[name] === wanted[name]);
}

function elements({ children }: OutlineElement): OutlineElement[] {
  return children.filter((child): child is OutlineElement => typeof child !== "string");
}

function named(node: OutlineElement, name: string): OutlineElement[] {
  return elements(node).filter((child) => child.name === name && !child.attributes.xmlns);
}

function element(name: string, attributes: Readonly<Record<string, string>>, ...children: Outline[]): OutlineElement {
  return { name, attributes, children };
}

function equal(monitor: Monitor, host: OutlineElement): boolean {
  return listed(host).some((one) => same(monitor, one));
}

/** The monitors in an element. */
function listed({ attributes: { name = "", port } }: OutlineElement): { name: string; port: string | null }[] {
  return name.split(",").map((part) => {
    const trimmed = strip(part);
    const colon = trimmed.lastIndexOf(":");
    const [host, number] = [trimmed.slice(0, colon), trimmed.slice(colon + 1)];
    const isHost = colon >= 0 && /^[0-9]{1,5}$/.test(number) && (!host.includes(":") || /^\[[\s\S]*\]$/.test(host));
    return isHost ? { name: host, port: number } : { name: trimmed, port: port || null };
  });
}

/** As Python's strip does. */
function strip(text: string): string {
  return text.replace(/^[\s\u001c-\u001f\u0085]+|[\s\u001c-\u001f\u0085]+$/g, "");
}

function isList(host: OutlineElement): boolean {
  const [one, ...others] = listed(host);
  return others.length > 0 || (one?.port ?? null) !== (host.attributes.port || null);
}

function same(one: { name: string; port: unknown }, other: { name: string; port: unknown }): boolean {
  const key = (text: string) =>
    strip(text)
      .toLowerCase()
      .replace(/^[[\]]+|[[\]]+$/g, "");
  return key(one.name) === key(other.name) && (!one.port || !other.port || String(one.port) === String(other.port));
}

function authOf(auth: Credentials): Outline {
  return element("auth", { username: auth.username }, element("secret", { type: "ceph", ...reference(auth) }));
}

/** How a disk names the secret. */
function reference({ uuid, usage }: Credentials): Record<string, string> {
  return usage === undefined ? { uuid } : { usage };
}
