import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { Failure } from "../../src/failure";
import { readDocument } from "../../src/host/document";
import { readRbdDisks } from "../../src/host/domain";
import { readPool, readSecret } from "../../src/host/xml";
import { ANY_TEXT } from "../support/any-text";
import { measured, printGrowth, type Row } from "../support/growth";
import { RUNS, TIMEOUT } from "../support/runs";

vi.setConfig({ testTimeout: TIMEOUT });

const READERS = {
  readPool: (text: string) => readPool(text, "f"),
  readSecret: (text: string) => readSecret(text, "f"),
  readRbdDisks: (text: string) => readRbdDisks(text, "f"),
  readDocument: (text: string) => readDocument(text, "f"),
};
const EACH = Object.entries(READERS);

/** Reads a text; a refusal comes back, and anything else that is thrown is an error. */
function refusal(read: (text: string) => unknown, text: string): Failure | null {
  try {
    read(text);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return error as Failure;
  }
}

/** Text of a kind of grammar, mostly broken. */
const soup = (...tokens: readonly string[]) =>
  fc
    .array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...tokens) }, ANY_TEXT), { maxLength: 40 })
    .map((parts) => parts.join(""));

const XML = soup(
  ...[
    "<pool type='rbd'>",
    "</pool>",
    "<secret>",
    "</secret>",
    "<domain>",
    "</domain>",
    "<source>",
    "</source>",
    "<name>",
  ],
  ...[
    "</name>",
    "<host name='a' port='1'/>",
    "<host",
    " name='",
    "' port='",
    "'/>",
    "<auth username='u'>",
    "</auth>",
    "<uuid>",
  ],
  ...[
    "</uuid>",
    "<secret uuid='x'/>",
    "<usage type='ceph'>",
    "</usage>",
    "<devices>",
    "<disk>",
    "</disk>",
    "</devices>",
    "x",
  ],
  ...[
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?xml version='1.0'?>",
    "<?",
    "?>",
    "<!DOCTYPE pool",
    " [",
    "]>",
    "<!ENTITY e 'e'>",
  ],
  ...[
    "&e;",
    "&amp;",
    "&#0;",
    "&#xD800;",
    "&#x110000;",
    "&",
    ";",
    "<",
    ">",
    "/",
    "'",
    '"',
    "=",
    " xmlns='u'",
    "\ufeff",
    "\0",
  ],
);
const JSON_TEXT = soup(
  ...[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"version"',
    "1",
    '"pools"',
    '"name"',
    '"cephPool"',
    '"monitors"',
    '"port"',
    '"auth"',
  ],
  ...[
    '"secret"',
    '"uuid"',
    '"usage"',
    '"secrets"',
    '"host"',
    "null",
    "true",
    "1e999",
    "-0",
    '"__proto__"',
    '"a',
    "\\u0000",
  ],
);
/** A document with any value somewhere in it. */
const DOCUMENT = fc
  .tuple(
    fc.jsonValue({ maxDepth: 4 }),
    fc.constantFrom("pools", "secrets", "host", "version", "virtinst", "__proto__", "x"),
  )
  .map(([value, key]) =>
    JSON.stringify({ version: 1, pools: [], ...JSON.parse(`{"${key}":${JSON.stringify(value)}}`) }),
  );

describe.each(EACH)("%s", (_, read) => {
  it("refuses what it cannot read, and fails in no other way", () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
    const text = fc.oneof(
      { weight: 4, arbitrary: XML },
      { weight: 2, arbitrary: JSON_TEXT },
      { weight: 2, arbitrary: DOCUMENT },
      fc
        .tuple(bytes, fc.constantFrom<BufferEncoding>("utf8", "latin1", "utf16le"))
        .map(([all, encoding]) => all.toString(encoding)),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(text, (value) => {
        refusal(read, value);
      }),
      { numRuns: RUNS(1000, 100_000) },
    );
  });
});

it("what an XML file holds in its text, its comments or its values is not quoted where it is refused", () => {
  // A key, were somebody to name the wrong file; letters only, so that no other word of a message holds it.
  const KEY = "QVFCc2VjcmV0";
  const place = fc.constantFrom<(key: string) => string>(
    (key) => key,
    (key) => `<pool>${key}`,
    (key) => `<pool><!-- ${key}`,
    (key) => `<pool><![CDATA[${key}`,
    (key) => `<pool x="${key}`,
    (key) => `<pool x='${key}' x=''/>`,
    (key) => `<pool type='rbd'><x>${key}</x></pool>`,
    (key) => `<secret><value>${key}</value></secret>`,
    (key) => `<secret x='${key}'><uuid/></secret>`,
    (key) => `<domain><name>${key}</name>`,
  );
  const texts = fc
    .tuple(XML, place, XML)
    .map(([before, put, after]) => [put(KEY) + after, before + put(KEY), put(KEY)]);
  fc.assert(
    fc.property(texts, (all) => {
      for (const text of all)
        for (const [name, read] of EACH.filter(([reader]) => reader !== "readDocument")) {
          const message = refusal(read, text)?.message ?? "";
          // A name, a port, a UUID, a tag and a reference are named: whoever gave them has to find them.
          const named =
            /is not a UUID|has the port|has no|names its secret|was expected|isn't defined|Duplicate|[Uu]nclosed|end tag/;
          if (!named.test(message)) expect(message, name).not.toContain(KEY);
        }
    }),
    { numRuns: RUNS(500, 50_000) },
  );
});

type Growing = readonly [title: string, reader: keyof typeof READERS, refused: boolean, make: (n: number) => string];
const many = (n: number, make: (at: number) => string) => Array.from({ length: n }, (_, at) => make(at)).join("");
const pool = (source: string) => `<pool type='rbd'><name>p</name><source>${source}<name>c</name></source></pool>`;
const document = (pools: unknown) => JSON.stringify({ version: 1, pools });
const shut = (n: number, open: string, close: string) => open.repeat(n) + close.repeat(n);

const GROWING: readonly Growing[] = [
  ["open tags", "readPool", true, (n) => `<pool>${"<a>".repeat(n)}`],
  ["elements inside each other", "readPool", true, (n) => pool(shut(n * 2, "<a>", "</a>"))],
  ["a long attribute", "readPool", true, (n) => `<pool a='${"x".repeat(n * 10)}`],
  ["a long name", "readPool", true, (n) => `<${"x".repeat(n * 10)}`],
  ["white space in a tag", "readPool", true, (n) => `<pool${" ".repeat(n * 10)}`],
  ["a comment without an end", "readPool", true, (n) => `<pool><!--${"- ".repeat(n * 5)}`],
  ["CDATA without an end", "readPool", true, (n) => `<pool><![CDATA[${"]] ".repeat(n * 3)}`],
  ["a document type without an end", "readPool", true, (n) => `<!DOCTYPE pool [${"] ".repeat(n * 5)}`],
  ["references to nothing", "readPool", true, (n) => pool("&e;".repeat(n))],
  ["a character that is none", "readPool", true, (n) => pool(`${"x".repeat(n * 10)}\u0001`)],
  ["the same attribute", "readPool", true, (n) => pool(`<a ${"b='' ".repeat(n)}/>`)],
  ["other attributes", "readPool", false, (n) => pool(`<a ${many(n / 4, (at) => `b${at}='' `)}/>`)],
  ["monitors", "readPool", false, (n) => pool(many(n / 4, (at) => `<host name='m${at}'/>`))],
  ["references", "readPool", false, (n) => pool("&amp;&#x1f600;".repeat(n / 4))],
  ["comments", "readPool", false, (n) => pool("x<!-- <disk> -->".repeat(n / 4))],
  ["line breaks of DOS", "readPool", false, (n) => pool("\r\n".repeat(n / 2))],
  ["line breaks of old", "readPool", false, (n) => pool("\r".repeat(n / 2))],
  ["a long name of a secret", "readSecret", true, (n) => `<secret><uuid>${"x".repeat(n * 10)}</uuid></secret>`],
  ["secrets inside each other", "readSecret", true, (n) => shut(n * 2, "<secret>", "</secret>")],
  [
    "disks",
    "readRbdDisks",
    false,
    (n) => `<domain><devices>${"<disk><source protocol='rbd'/></disk>".repeat(n / 10)}</devices></domain>`,
  ],
  ["open brackets", "readDocument", true, (n) => "[".repeat(n * 2)],
  ["lists inside each other", "readDocument", true, (n) => `{"version":1,"pools":${shut(n * 2, "[", "]")}}`],
  ["objects inside each other", "readDocument", true, (n) => `${'{"pools":'.repeat(n)}1${"}".repeat(n)}`],
  ["a string without an end", "readDocument", true, (n) => `"${"\\u0022".repeat(n)}`],
  [
    "monitors without a name",
    "readDocument",
    true,
    (n) => document([{ name: "p", cephPool: "c", monitors: Array(n / 4).fill({}) }]),
  ],
  [
    "monitors in a document",
    "readDocument",
    false,
    (n) => document([{ name: "p", cephPool: "c", monitors: Array(n / 4).fill({ name: "m" }) }]),
  ],
];

it("long texts are read, or refused, however long they are", () => {
  const size = RUNS(25_000, 100_000);
  const rows: Row[] = GROWING.map(([title, reader, refused, make]) =>
    measured(`${reader}: ${title}`, [size, 2 * size, 4 * size].map(make), (text) => {
      const failure = refusal(READERS[reader], text);
      expect(failure !== null, `${title}: ${failure?.message.slice(0, 200)}`).toBe(refused);
    }),
  );
  printGrowth("Time at twice the size, twice; and at the largest:", rows);
});
