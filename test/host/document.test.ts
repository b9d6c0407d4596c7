import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import Ajv from "ajv";
import { describe, expect, test } from "vitest";
import { readDocument, writeDocument } from "../../src/host/document";
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

test("a host file is read and written unchanged, and fits its published schema", () => {
  expect(writeDocument(readDocument(JSON.stringify(DOCUMENT), "f"), null)).toEqual(DOCUMENT);
  expect(validate(DOCUMENT), JSON.stringify(validate.errors)).toBe(true);
});

test("optional fields may be omitted", () => {
  const short = { version: 1, pools: [{ name: "p", cephPool: "c", monitors: [{ name: "m" }] }] };
  expect(validate(short)).toBe(true);
  expect(readDocument(JSON.stringify(short), "f")).toMatchObject({
    host: null,
    secrets: null,
    pools: [{ auth: null, monitors: [{ port: null }] }],
  });
});

test("inspect --json prints a host file that fits the schema, and inspect reads the same from it", async () => {
  const virtinst = copyVirtinst("installer-4.0");
  const first = await cli(["inspect", "--json", ...HOST, "--virtinst", virtinst]);
  expect(first.code).toBe(0);
  const { document, resolved } = json(first.stdout);
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
  expect(document.virtinst).toMatchObject({ release: "4.1.0", state: "not-patched", affected: "yes" });
  // The whole output, or only the host file in it.
  for (const text of [first.stdout, JSON.stringify(document)]) {
    const file = temporaryFile("host.json", text);
    const again = json((await cli(["inspect", "--json", "--host", file, "--virtinst", virtinst])).stdout);
    expect(again).toMatchObject({ source: file, document, resolved });
  }
});

describe("the virtinst of a host file", () => {
  const virtinst = {
    release: "4.1.0",
    file: "/usr/share/virt-manager/virtinst/install/installer.py",
    sha256: "0".repeat(64),
    state: "not-patched",
    affected: "yes",
    reason: "it copies no auth",
  };
  const read = (more: object) => readDocument(JSON.stringify({ ...DOCUMENT, virtinst: { ...virtinst, ...more } }), "f");

  test.each([
    ...["not-patched", "current", "outdated", "modified", "damaged"].map((state) => ({ state })),
    ...["yes", "no", "unknown", "unsupported"].map((affected) => ({ affected })),
    { release: null, sha256: null },
  ])("may be %j", (more) => expect(read(more).host).toBe("hv01"));

  test.each([
    [{ state: "other" }, /virtinst\.state/],
    [{ affected: "other" }, /virtinst\.affected/],
    [{ sha256: "0".repeat(65) }, "f: virtinst.sha256: must be a SHA-256 in hexadecimal."],
    [{ sha256: `x${"0".repeat(64)}` }, /virtinst\.sha256/],
    [{ sha256: "0".repeat(63) }, /virtinst\.sha256/],
    [{ file: undefined }, /virtinst\.file/],
    [{ more: 1 }, /virtinst\.more/],
  ])("may not be %j", (more, message) => expect(() => read(more)).toThrow(message));
});

test.each(["\u0000", "\u0008", "\u000b", "\u000c", "\u000e", "\u001f", "\ufffe", "\uffff", "\udfff"])(
  "a name with %j is refused",
  (character) =>
    expect(() => readDocument(JSON.stringify({ ...DOCUMENT, host: `a${character}` }), "f")).toThrow(
      "f: host: contains a character that XML does not allow.",
    ),
);

test("a name may have any other character of XML", () => {
  const host = "a\tb\nc\rd e\u007f\ufffd\u{1f600}";
  expect(readDocument(JSON.stringify({ ...DOCUMENT, host }), "f").host).toBe(host);
});

test("ports are 1 to 65535", () => {
  const monitors = [1, 65535].map((port) => ({ name: "m", port }));
  const pools = [{ ...DOCUMENT.pools[0], monitors }];
  expect(readDocument(JSON.stringify({ ...DOCUMENT, pools }), "f").pools[0]?.monitors).toEqual(monitors);
});

test("a host file with another hostname is another machine's; one without a hostname is not", () => {
  const elsewhere = (host: string | null) => readDocument(JSON.stringify({ ...DOCUMENT, host }), "f").elsewhere;
  expect([elsewhere(hostname()), elsewhere(`not-${hostname()}`), elsewhere(null)]).toEqual([false, true, false]);
});

test("the output of inspect --json is read as a host file, that of other commands is not", () => {
  const printed = (command: string) => JSON.stringify({ command, document: DOCUMENT });
  expect(readDocument(printed("inspect"), "f").host).toBe("hv01");
  expect(() => readDocument(printed("apply"), "f")).toThrow(/^f: /);
  expect(() => readDocument("null", "f")).toThrow("f: the host file: expected Object.");
});

test("a host file may have no secrets", () => {
  const config = readDocument(JSON.stringify({ ...DOCUMENT, secrets: null }), "f");
  expect(writeDocument(config, null)).toEqual({ ...DOCUMENT, secrets: null });
});

test("a pool names its secret by uuid or by usage, not by both", () => {
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
  ["a text", JSON.stringify("x"), /^f: the host file: /],
  ["text that is not JSON", "{", /^f: this is not JSON\.$/],
  ["a failed inspect", '{"command": "inspect", "error": {}}', /^f: this is the output of an `inspect` that failed\.$/],
  ["a failed apply", '{"command": "apply", "error": {}}', /^f: (?!this is)/],
  ["an inspect without a host file", '{"command": "inspect"}', /^f: the host file: /],
])("%s is refused, with a hint how to make a host file", (_, json, message) => {
  expect(() => readDocument(json, "f")).toThrow(
    expect.objectContaining({
      kind: "pools",
      message: expect.stringMatching(message),
      hint: "Write the host file again: run `virtinst-rbd-patch inspect --json` on the host.",
    }),
  );
});

describe("readDocument refuses", () => {
  const [pool] = DOCUMENT.pools;
  const inPool = (change: object) => ({ pools: [{ ...pool, ...change }] });
  const port = (port: number) => inPool({ monitors: [{ name: "m", port }] });
  const PORT = "pools.0.monitors.0.port: must be a port, 1 to 65535.";

  test.each<[title: string, change: object, message: string | RegExp]>([
    ["another version", { version: 2 }, /version/],
    ["an unknown field", inPool({ monitor: [] }), "pools.0.monitor: unknown field."],
    ["a missing field", inPool({ cephPool: undefined }), "pools.0.cephPool: missing field."],
    ["a port above 65535", port(65536), PORT],
    ["a port of 0", port(0), PORT],
    ["a fraction as a port", port(1.5), PORT],
    ["a text for a truth value", inPool({ active: "root:secret-hash" }), "pools.0.active: expected boolean."],
    ["an invalid UUID", { secrets: [{ uuid: "x" }] }, "secrets.0.uuid: must be a UUID in lower case with dashes."],
    ["an empty name", inPool({ cephPool: "" }), "pools.0.cephPool: must not be empty."],
  ])("%s", (_, change, message) => {
    const json = JSON.stringify({ ...DOCUMENT, ...change });
    expect(() => readDocument(json, "h.json")).toThrow(message);
    expect(() => readDocument(json, "h.json")).toThrow(/^h\.json: /);
  });
});
