import { readFileSync } from "node:fs";
import Ajv from "ajv";
import { describe, expect, test } from "vitest";
import { readDocument } from "../../src/host/document";
import { writeDocument } from "../../src/host/write-document";
import { cli, copyVirtinst, HOST, json, temporaryFile } from "../support/cli";

const DOCUMENT = {
  version: 1,
  host: "hv01",
  pools: [
    {
      name: "q",
      active: true,
      cephPool: "vms",
      monitors: [
        { name: "m1", port: 6789 },
        { name: "::1", port: null },
      ],
      auth: { username: "u", secret: { usage: "s" } },
    },
    { name: "r", active: null, cephPool: "open", monitors: [], auth: null },
  ],
  secrets: [{ uuid: "01234567-89ab-cdef-0123-456789abcdef", usageType: "ceph", usageName: "s" }],
  virtinst: null,
};
const validate = new Ajv({ strict: false }).compile(JSON.parse(readFileSync("schema/host-1.schema.json", "utf8")));

test("a document goes round unchanged, and fits its published schema", () => {
  expect(writeDocument(readDocument(JSON.stringify(DOCUMENT), "f"), null)).toEqual(DOCUMENT);
  expect(validate(DOCUMENT), JSON.stringify(validate.errors)).toBe(true);
});

test("what is optional may be left out", () => {
  const short = { version: 1, pools: [{ name: "p", cephPool: "c", monitors: [{ name: "m" }] }] };
  expect(validate(short)).toBe(true);
  expect(readDocument(JSON.stringify(short), "f")).toMatchObject({
    host: null,
    secrets: null,
    pools: [{ auth: null, monitors: [{ port: null }] }],
  });
});

test("what inspect --json prints fits the schema, and inspect reads it back to the same", () => {
  const virtinst = copyVirtinst("installer-4.0");
  const first = cli(["inspect", "--json", ...HOST, "--virtinst", virtinst]);
  expect(first.code).toBe(0);
  const { document, resolved } = json(first.stdout);
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
  expect(document.virtinst).toMatchObject({ release: "4.1.0", state: "absent", need: "partial" });
  // Whole, or the document alone.
  for (const text of [first.stdout, JSON.stringify(document)]) {
    const file = temporaryFile("host.json", text);
    const again = json(cli(["inspect", "--json", "--host", file, "--virtinst", virtinst]).stdout);
    expect(again).toMatchObject({ source: file, document, resolved });
  }
});

describe("what inspect found of virtinst", () => {
  const virtinst = {
    release: "4.1.0",
    file: "/usr/share/virt-manager/virtinst/install/installer.py",
    sha256: "0".repeat(64),
    state: "absent",
    need: "required",
    reason: "it copies no auth",
  };
  const read = (more: object) => readDocument(JSON.stringify({ ...DOCUMENT, virtinst: { ...virtinst, ...more } }), "f");

  test.each([
    ...["absent", "current", "stale", "edited", "damaged"].map((state) => ({ state })),
    ...["required", "partial", "not needed", "impossible", "unknown"].map((need) => ({ need })),
    { release: null, sha256: null },
  ])("may be %j", (more) => expect(read(more).host).toBe("hv01"));

  test.each([
    [{ state: "" }, /virtinst\.state/],
    [{ state: "other" }, /virtinst\.state/],
    [{ need: "other" }, /virtinst\.need/],
    [{ need: "" }, /virtinst\.need/],
    [{ sha256: "0".repeat(65) }, "f: virtinst.sha256: must be a SHA-256 in hexadecimal."],
    [{ sha256: `x${"0".repeat(64)}` }, /virtinst\.sha256/],
    [{ sha256: "0".repeat(63) }, /virtinst\.sha256/],
    [{ sha256: "x".repeat(64) }, /virtinst\.sha256/],
    [{ file: undefined }, /virtinst\.file/],
    [{ more: 1 }, /virtinst\.more/],
  ])("may not be %j", (more, message) => expect(() => read(more)).toThrow(message));
});

test("a document of a host whose secrets could not be read says so", () => {
  const config = readDocument(JSON.stringify({ ...DOCUMENT, secrets: null }), "f");
  expect(writeDocument(config, null)).toEqual({ ...DOCUMENT, secrets: null });
});

test("a pool may name its secret by uuid, and no otherwise than by one of the two", () => {
  const uuid = "01234567-89ab-cdef-0123-456789abcdef";
  const read = (secret: object) =>
    readDocument(
      JSON.stringify({ ...DOCUMENT, pools: [{ ...DOCUMENT.pools[0], auth: { username: "u", secret } }] }),
      "f",
    );
  expect(read({ uuid }).pools[0]?.auth?.secret).toEqual({ uuid });
  for (const secret of [
    {},
    { uuid, usage: "s" },
    { uuid: `${uuid}0` },
    { uuid: `0${uuid}` },
    { uuid: uuid.toUpperCase() },
  ])
    expect(() => read(secret)).toThrow(/^f: pools\.0\.auth\.secret/);
});

test.each([
  ["a text", JSON.stringify("x"), /^f: the document: /],
  ["a number", "5", /^f: the document: /],
  ["no JSON", "{", /^f: this is not JSON\.$/],
])("%s is no document, and it is said how to make one", (_, json, message) => {
  expect(() => readDocument(json, "f")).toThrow(
    expect.objectContaining({
      kind: "facts",
      message: expect.stringMatching(message),
      hint: "Make the document anew with `virtinst-rbd-patch inspect --json` on the host.",
    }),
  );
});

describe("readDocument refuses", () => {
  // biome-ignore lint/suspicious/noExplicitAny: each case breaks the document's type on purpose.
  const change = (edit: (document: any) => void) => {
    const document = structuredClone(DOCUMENT);
    edit(document);
    return JSON.stringify(document);
  };
  test.each([
    ["what is not JSON", "{", /not JSON/],
    [
      "another version",
      change((d) => {
        d.version = 2;
      }),
      /version/,
    ],
    [
      "a misspelt key",
      change((d) => {
        d.pools[0].monitor = [];
      }),
      /pools\.0\.monitor/,
    ],
    [
      "a port beyond",
      change((d) => {
        d.pools[0].monitors[0].port = 65536;
      }),
      /pools\.0\.monitors\.0\.port/,
    ],
    [
      "a UUID that is none",
      change((d) => {
        d.secrets[0].uuid = "x";
      }),
      /secrets\.0\.uuid.*UUID/,
    ],
    [
      "an empty name",
      change((d) => {
        d.pools[0].cephPool = "";
      }),
      /cephPool.*empty/,
    ],
    [
      "a control character",
      change((d) => {
        d.pools[0].name = "a\u0001";
      }),
      /pools\.0\.name.*XML/,
    ],
    [
      "half a character",
      change((d) => {
        d.pools[0].name = "a\ud800";
      }),
      /pools\.0\.name.*XML/,
    ],
  ])("%s", (_, json, message) => {
    expect(() => readDocument(json, "h.json")).toThrow(message);
    expect(() => readDocument(json, "h.json")).toThrow(/^h\.json: /);
  });
});
