import { describe, expect, test } from "vitest";
import { blocksDigest, findBlocks, strip, withDigest } from "../../src/patch/blocks";
import type { PoolFacts } from "../../src/patch/facts";
import { insert } from "../../src/patch/insert";
import { readFacts } from "../../src/patch/read-facts";
import { render } from "../../src/patch/render";

const FACTS: PoolFacts[] = [
  {
    pool: 'a "quoted" pool',
    cephPool: "vms",
    monitors: [
      { name: "m1", port: 6789 },
      { name: "::2", port: null },
    ],
    auth: { username: "é", uuid: "u-1" },
  },
  { pool: "b", cephPool: "open", monitors: [], auth: null },
];
const PRISTINE = { sha256: "a".repeat(64), modified: "1400000000.123456789", lines: [2, 7] } as const;
const SITE = { variables: ["start_xml", "final_xml"], indent: "\t" } as const;
const BASE = "import logging\n\n\ndef f():\n\tstart_xml = 1\n\tfinal_xml = 2\n\treturn start_xml, final_xml\n";
const AT = { helperAt: BASE.indexOf("\n") + 1, callAt: BASE.indexOf("\treturn") };
const blocks = render(FACTS, PRISTINE, SITE);

function present(text: string) {
  const found = findBlocks(text);
  if (found.state !== "present") throw new Error(found.state);
  return found;
}

describe("findBlocks", () => {
  test("finds what insert put in, and strip takes out just that", () => {
    const text = insert(BASE, AT, blocks);
    const found = present(text);
    expect(found.intact).toBe(true);
    expect(found.header).toMatchObject({ pristine: PRISTINE.sha256, modified: PRISTINE.modified });
    expect(strip(text, found.spans)).toBe(BASE);
    expect(found.line).toBe(2);
  });

  test("takes the line ends of the lines around, and is intact with CRLF too", () => {
    const crlf = BASE.replace(/\n/g, "\r\n");
    const text = insert(crlf, { helperAt: crlf.indexOf("\n") + 1, callAt: crlf.indexOf("\treturn") }, blocks);
    expect(text.replace(/\r\n/g, "")).not.toContain("\n");
    const found = present(text);
    expect(found.intact).toBe(true);
    expect(strip(text, found.spans)).toBe(crlf);
  });

  test("sees that a block was moved", () => {
    const text = insert(BASE, AT, blocks);
    expect(present(text).inPlace).toBe(true);
    const moved = text
      .replace(blocks.call, "")
      .replace("return start_xml, final_xml\n", `return start_xml, final_xml\n${blocks.call}`);
    expect(present(moved)).toMatchObject({ intact: true, inPlace: false });
    expect(strip(moved, present(moved).spans)).toBe(BASE);
    const up = text.replace(blocks.helper, "").replace("import logging\n", `${blocks.helper}import logging\n`);
    expect(present(up)).toMatchObject({ intact: true, inPlace: false });
  });

  test("sees any change in either block", () => {
    const text = insert(BASE, AT, blocks);
    expect(present(text.replace('port="6789"', 'port="6788"')).intact).toBe(false);
    expect(present(text.replace("\tfinal_xml = _virtinst", "\t# final_xml = _virtinst")).intact).toBe(false);
    expect(present(text.replace(PRISTINE.modified, "1400000001.123456789")).intact).toBe(false);
  });

  test("knows a file without blocks", () => expect(findBlocks(BASE).state).toBe("absent"));

  const whole = insert(BASE, AT, blocks);
  const helperEnd = whole.indexOf("# <<<");
  test.each([
    ["no end of the helper", whole.replace("# <<< virtinst-rbd-patch\n", ""), /begins before|has no end/],
    ["no end of the call", whole.replace("\t# <<< virtinst-rbd-patch\n", ""), /no end/],
    ["no beginning", whole.replace(/# >>> virtinst-rbd-patch.*\n/, ""), /no beginning/],
    ["no call block", BASE.slice(0, AT.helperAt) + blocks.helper + BASE.slice(AT.helperAt), /one block/],
    ["a call outside", `${whole}\tstart_xml = _virtinst_rbd_patch(start_xml)\n`, /outside the blocks/],
    ["a block twice", `${whole}# >>> virtinst-rbd-patch\n# <<< virtinst-rbd-patch\n`, /more than two/],
    ["an unreadable header", whole.replace("# format: 1", "# format:"), /cannot be read/],
    ["a later layout", whole.replace("# format: 1", "# format: 2"), /does not know/],
  ])("damaged: %s", (_, text, reason) => {
    expect(helperEnd).toBeGreaterThan(0);
    const found = findBlocks(text);
    expect(found.state).toBe("damaged");
    if (found.state === "damaged") expect(found.reason).toMatch(reason);
  });
});

test("the digest does not depend on what the block states as its digest", () => {
  const other = withDigest(blocks, "f".repeat(64));
  expect(other).not.toEqual(blocks);
  expect(blocksDigest(other)).toBe(blocksDigest(blocks));
});

test("the facts read back from a block are those that it was rendered from", () => {
  expect(readFacts(blocks.helper)).toEqual(FACTS);
});

test("rendering is deterministic, in ASCII, and leaves no white space at a line's end", () => {
  expect(render(FACTS, PRISTINE, SITE)).toEqual(blocks);
  for (const text of [blocks.helper, blocks.call]) {
    expect(text).toMatch(/^[\t\n -~]*$/);
    expect(text).not.toMatch(/[ \t]\n/);
  }
});

test("the first line of each block names the tool and how to undo it", () => {
  for (const text of [blocks.helper, blocks.call])
    expect(text.split("\n")[0]).toMatch(/virtinst-rbd-patch \d.*undo: virtinst-rbd-patch revert/);
});
