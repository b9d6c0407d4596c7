import { describe, expect, test } from "vitest";
import { blocksDigest, findBlocks, strip, withDigest } from "../../src/patch/blocks";
import type { PoolFacts } from "../../src/patch/facts";
import { insert } from "../../src/patch/insert";
import { mergePools } from "../../src/patch/merge";
import { readFacts } from "../../src/patch/read-facts";
import { render } from "../../src/patch/render";

const POOLS: PoolFacts[] = [
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
  { pool: "c, d", cephPool: "vms", monitors: [{ name: "M1", port: null }], auth: { username: "é", uuid: "u-1" } },
];
const FACTS = mergePools(POOLS);
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
  const helperEnd = whole.indexOf("\n# <<<");
  test.each([
    ["no end of the helper", whole.replace("# <<< virtinst-rbd-patch\n", ""), /begins before|has no end/],
    ["no end of the call", whole.replace(" # <<< virtinst-rbd-patch\n", ""), /no end/],
    ["no beginning", whole.replace(/# >>> virtinst-rbd-patch.*\n/, ""), /no beginning/],
    ["no call block", BASE.slice(0, AT.helperAt) + blocks.helper + BASE.slice(AT.helperAt), /one block/],
    ["a call outside", `${whole}\tstart_xml = _virtinst_rbd_patch(start_xml)\n`, /outside the blocks/],
    ["a block twice", `${whole}# >>> virtinst-rbd-patch\n# <<< virtinst-rbd-patch\n`, /more than two/],
    [
      "lost markers, so that a block reaches to the end of another",
      whole
        .replace("# <<< virtinst-rbd-patch\n", "")
        .replace(/ # >>> virtinst-rbd-patch.*\n/, "")
        .concat(" # >>> virtinst-rbd-patch\n # <<< virtinst-rbd-patch\n"),
      /what is not of this tool \((?:class|import|def)/,
    ],
    ["an unreadable header", whole.replace("# format: 2", "# format:"), /cannot be read/],
    [
      "a later layout",
      whole.replace("# format: 2", "# format: 3"),
      /virtinst-rbd-patch \d+\.\d+\.\d+, in a layout that this version does not know/,
    ],
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

test("the first line of each block names the tool, the helper's next ones what it is for and how to undo it", () => {
  expect(blocks.helper).toMatch(/^# >>> virtinst-rbd-patch \d+\.\d+\.\d+\n# Not part of virt-manager: /);
  expect(blocks.call).toMatch(/^ # >>> virtinst-rbd-patch \d+\.\d+\.\d+ \(the function below the imports says/);
  const [words] = blocks.helper.split("# format: ") as [string];
  expect(words).toContain('\n# For the libvirt pools: "a \\u0022quoted\\u0022 pool", "c, d", "b"\n');
  expect(words).toMatch(/\n# To undo it: virtinst-rbd-patch revert\n# Or, without that tool: sed -i .* FILE\n$/);
});

test("pristine times have up to 12 digits in seconds, and may lie before 1970", () => {
  for (const modified of ["-1.000000001", "9999999999.999999999", "10000000000.000000000", "253402300799.000000000"]) {
    const text = insert(BASE, AT, render(FACTS, { ...PRISTINE, modified }, SITE));
    expect(present(text)).toMatchObject({ intact: true, header: { modified } });
  }
});

describe("format 1, which 1.0.0 wrote", () => {
  const begin = "# >>> virtinst-rbd-patch 1.0.0 (not part of virt-manager; to undo: virtinst-rbd-patch revert)\n";
  const end = "# <<< virtinst-rbd-patch\n";
  const draft = {
    helper: `${begin}# format: 1
# pristine: sha256=${PRISTINE.sha256} mtime=${PRISTINE.modified} lines=2,7
# facts: sha256=${"b".repeat(64)}
# blocks: sha256=unknown
def _virtinst_rbd_patch(xml):
    return xml
${end}`,
    call: `\t${begin}\tstart_xml = _virtinst_rbd_patch(start_xml)\n\t${end}`,
  };
  const old = insert(BASE, AT, withDigest(draft, blocksDigest(draft)));

  test("is read as it was", () => {
    expect(present(old)).toMatchObject({
      header: {
        tool: "1.0.0",
        pristine: PRISTINE.sha256,
        modified: PRISTINE.modified,
        lines: [2, 7],
        facts: "b".repeat(64),
      },
      intact: true,
      inPlace: true,
      line: 2,
    });
    expect(strip(old, present(old).spans)).toBe(BASE);
  });

  test("with a later number is damaged: a later version wrote it, and its layout may be another", () => {
    expect(findBlocks(old.replace("# format: 1", "# format: 3"))).toEqual({
      state: "damaged",
      reason: "the blocks were written by virtinst-rbd-patch 1.0.0, in a layout that this version does not know",
      line: 2,
    });
  });
});
