import { applyPatch } from "diff";
import { expect, test } from "vitest";
import { unifiedDiff } from "../../src/patch/diff";
import { insert } from "../../src/patch/insert";
import { render } from "../../src/patch/render";

const blocks = render(
  [{ libvirtPools: ["p"], name: "vms", monitors: [], auth: null }],
  { sha256: "0".repeat(64), modified: "0.000000000", lines: [2, 9] },
  { variables: ["a", "b"], indent: "    " },
);
const base = "import x\n\n\n\nclass C:\n    def f():\n    a = 1\n\n    return a, b";
const after = insert(base, { helperAt: 9, callAt: base.indexOf("\n    return") }, blocks);

test("names the file for patch -p1 and begins with no other header", () => {
  expect(unifiedDiff("virtinst/guest.py", base, after)).toMatch(
    /^--- a\/virtinst\/guest\.py\n\+\+\+ b\/virtinst\/guest\.py\n@@ /,
  );
});

test("keeps each block in one piece, whatever empty lines stand around it", () => {
  for (const context of [0, 3]) {
    const diff = unifiedDiff("f", base, after, context);
    expect(diff).toContain(blocks.helper.replace(/^/gm, "+").slice(0, -1));
    expect(diff).toContain(blocks.call.replace(/^/gm, "+").slice(0, -1));
    expect(applyPatch(base, diff)).toBe(after);
    expect(applyPatch(after, unifiedDiff("f", after, base, context))).toBe(base);
  }
});

test("zero context shows no line of the file itself", () => {
  expect(
    unifiedDiff("f", base, after, 0)
      .split("\n")
      .filter((line) => line.startsWith(" ") || line.startsWith("-")),
  ).toEqual(["--- a/f"]);
});

test("nothing differs, nothing is said", () => expect(unifiedDiff("f", base, base)).toBe(""));
