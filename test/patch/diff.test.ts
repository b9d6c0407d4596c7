import { applyPatch } from "diff";
import { describe, expect, test } from "vitest";
import { difference, sideBySide, unifiedDiff, unifiedTextDiff } from "../../src/patch/diff";
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

describe("a diff for a reader", () => {
  test("has the text's name on both sides, and all that differs", () => {
    expect(unifiedTextDiff("domain.xml", "a\nb\n", "a\nc\n")).toBe(
      "--- domain.xml\n+++ domain.xml\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n",
    );
  });

  test("is empty where nothing differs", () => expect(unifiedTextDiff("domain.xml", "a\n", "a\n")).toBe(""));
});

describe("the numbers of the lines in a diff", () => {
  const hunks = (diff: string) => diff.match(/^@@ .* @@$/gm);
  const [helper, call] = [blocks.helper, blocks.call].map((block) => block.split("\n").length - 1) as [number, number];

  test("count each line of a block, in its own hunk and for those behind it", () => {
    expect(hunks(unifiedDiff("f", base, after, 0))).toEqual([
      `@@ -1,0 +2,${helper} @@`,
      `@@ -7,0 +${8 + helper},${call} @@`,
    ]);
    expect(hunks(unifiedDiff("f", after, base, 0))).toEqual([
      `@@ -2,${helper} +1,0 @@`,
      `@@ -${8 + helper},${call} +7,0 @@`,
    ]);
  });

  test("are right where both sides have blocks: these are compared line by line", () => {
    const other = after.replace("import logging", "import  logging");
    const diff = unifiedDiff("f", after, other, 0);
    expect(diff.split("\n").filter((line) => /^[-+]/.test(line))).toEqual([
      "--- a/f",
      "+++ b/f",
      "-    import logging",
      "+    import  logging",
    ]);
    expect(applyPatch(after, diff)).toBe(other);
  });

  test("three lines of context stand around, as of diff -u", () => {
    const context = unifiedDiff("f", "1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nx\n6\n7\n8\n");
    expect(context).toBe("--- a/f\n+++ b/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
  });
});

test("side by side: all lines of each text, and which of them the other has not", () => {
  const shown = (before: string, after: string) => {
    const sides = sideBySide(before, after);
    return [sides.before, sides.after].map((lines) =>
      lines.map(({ text, own }) => `${own ? "!" : ""}${text}`).join(" "),
    );
  };
  expect(shown("a\nb\nd\n", "a\nc\nc2\nd\n")).toEqual(["a !b d", "a !c !c2 d"]);
  expect(shown("a\n", "a\n")).toEqual(["a", "a"]);
  expect(shown("a\n\nb\n", "a\n\nb\nc\n")).toEqual(["a  b", "a  b !c"]);
});

describe("of the facts only", () => {
  const file = (...pools: { libvirtPools: string[]; name: string; monitors: []; auth: null }[]) => {
    const rendered = render(
      pools,
      { sha256: "0".repeat(64), modified: "0.000000000", lines: [2, 9] },
      { variables: ["a", "b"], indent: "    " },
    );
    return insert(base, { helperAt: 9, callAt: base.indexOf("\n    return") }, rendered);
  };
  const pool = (name: string) => ({ libvirtPools: [name], name: "vms", monitors: [] as [], auth: null });

  test("shows the lines of the table that differ, where they stand in the file", () => {
    const [one, two] = [file(pool("one")), file(pool("two"))];
    const diff = difference("facts", "f", one, two);
    expect(diff.split("\n").filter((line) => /^[-+](?![-+])/.test(line))).toEqual([
      '-            "libvirt_pools": [u"one"],',
      '+            "libvirt_pools": [u"two"],',
    ]);
    expect(applyPatch(one, diff)).toContain('"libvirt_pools": [u"two"]');
    const [, from] = /^@@ -(\d+)/m.exec(diff) ?? [];
    expect(one.split("\n")[Number(from) - 1]).toBe("        {");
  });

  test("of blocks that come or go, the table is all of it", () => {
    const table = after.slice(after.indexOf("        {\n"), after.indexOf("\n    )\n") + 1);
    const lines = (sign: string) => table.replace(/^(?=.)/gm, sign);
    expect(difference("facts", "f", base, after)).toMatch(/^--- a\/f\n\+\+\+ b\/f\n@@ -\d+,0 \+\d+,\d+ @@\n/);
    expect(difference("facts", "f", base, after).split(/@@\n/)[1]).toBe(lines("+"));
    expect(difference("facts", "f", after, base).split(/@@\n/)[1]).toBe(lines("-"));
  });

  test("nothing where the facts are the same, and all where it was not asked for", () => {
    expect(difference("facts", "f", after, after.replace("class C", "class D"))).toBe("");
    expect(difference(true, "f", base, after)).toBe(unifiedDiff("f", base, after));
    expect(difference(undefined, "f", base, after)).toBe(unifiedDiff("f", base, after));
  });
});
