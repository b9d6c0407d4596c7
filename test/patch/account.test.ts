import { expect, test } from "vitest";
import { accountOf } from "../../src/patch/account";
import { findBlocks } from "../../src/patch/blocks";
import { BLOCK_FORMAT, VERSION } from "../../src/version";
import { FACTS, PRISTINE, patched } from "../support/patched";

const { text } = patched();
const account = (of: string) => accountOf(of, findBlocks(of));
const lineOf = (line: string, from = 0) => text.split("\n").indexOf(line, from) + 1;
const END = "# <<< virtinst-rbd-patch";
const helper = { first: 2, last: lineOf(END) };

test("whole blocks say all", () => {
  const calls = { first: helper.last + 7, last: lineOf(`        ${END}`) };
  expect(account(text)).toEqual({
    tool: VERSION,
    format: BLOCK_FORMAT,
    spans: [helper, calls],
    markers: [helper.first, helper.last, calls.first, calls.last],
    facts: FACTS,
    complete: true,
  });
});

test("a file without blocks says nothing", () => expect(account(PRISTINE)).toBeNull());

test.each([
  ["without its end", text.replace(`${END}\n`, ""), { tool: VERSION, format: BLOCK_FORMAT, complete: true }],
  ["without a function's end", text.replace(/ {4}log = [\s\S]*?<<<.*\n/, "        {\n"), { complete: true }],
  ["in CRLF", text.replace(`${END}\n`, "").replace(/\n/g, "\r\n"), { facts: FACTS, complete: true }],
  [
    "of a later format",
    text.replace("# format: 2", "# format: 7").replace(VERSION, "9.1.0"),
    { tool: "9.1.0", format: 7, complete: true },
  ],
  ["with a monitor's port that is none", text.replace('port="6789"', 'port="-1"'), { complete: false }],
  [
    "with one that is beyond all",
    text.replace('port="6789"', 'port="99999999999999999999999999999"'),
    { complete: false },
  ],
  ["without a version", text.replace(` ${VERSION}`, ""), { tool: null, format: BLOCK_FORMAT }],
  ["without a format", text.replace(/# format.*\n/, ""), { tool: VERSION, format: null }],
  [
    "by a name alone",
    "x = _virtinst_rbd_patch\n",
    { tool: null, format: null, spans: [], markers: [], facts: [], complete: false },
  ],
  ["by an end alone", `x = 1\n${END}`, { tool: null, markers: [2], facts: [], complete: false }],
  ["without entries", text.replace(/^ {8}\{\n[\s\S]*?^ {8}\},\n/gm, ""), { facts: [], complete: false }],
])("damaged or strange ones say what they can: %s", (_, of, said) => expect(account(of)).toMatchObject(said));

test.each([
  ["a Ceph pool", '"ceph_pool": u"vms"'],
  ["libvirt pools", '"libvirt_pools": [u"libvirtpool", u"second"]'],
  ["a user", 'username="libvirt"'],
  ["a secret", 'uuid="2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1"'],
])("without %s, that is not all", (_, without) => {
  expect(text).toContain(without);
  expect(account(text.replace(without, ""))?.complete).toBe(false);
});

test("a monitor or a pool without a name is not all", () => {
  expect(account(text.replace('name="192.0.2.11"', 'name=""'))?.complete).toBe(false);
  expect(account(text.replace('u"second"', 'u""'))?.complete).toBe(false);
});

test("a file of nothing but markers is read once", () => {
  const count = 100_000;
  const read = account("# >>> virtinst-rbd-patch 9\n".repeat(count));
  expect(read?.markers).toHaveLength(count);
  expect(read?.markers.at(-1)).toBe(count);
});
