import { readFileSync, writeFileSync } from "node:fs";
import Ajv from "ajv";
import { describe, expect, test } from "vitest";
import { readDocument } from "../../src/host/document";
import { writeDocument } from "../../src/host/write-document";
import { cli, copyVirtinst, HOST } from "../support/cli";

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
  const document = JSON.parse(first.stdout);
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
  expect(document.virtinst).toMatchObject({ release: "4.1.0", state: "absent", need: "partial" });
  const file = `${virtinst}/host.json`;
  writeFileSync(file, first.stdout);
  expect(cli(["inspect", "--json", "--host", file, "--virtinst", virtinst]).stdout).toBe(first.stdout);
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
