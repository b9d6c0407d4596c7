import { applyPatch } from "diff";
import { describe, expect, test } from "vitest";
import { sideBySide, unifiedDiff, unifiedTextDiff } from "../../src/patch/diff";
import { ORIGINAL, patched } from "../support/patched";

const { text: after, patch } = patched();
const base = ORIGINAL;
const [call, block] = patch.spans.map(({ from, to }) => after.slice(from, to)) as [string, string];

test("a diff keeps each block in one piece, with and without context", () => {
  for (const context of [0, 3]) {
    const diff = unifiedDiff("f", base, after, context);
    expect(diff).toContain(block.replace(/^/gm, "+").slice(0, -1));
    expect(diff).toContain(call.replace(/^/gm, "+").slice(0, -1));
    expect(applyPatch(base, diff)).toBe(after);
    expect(applyPatch(after, unifiedDiff("f", after, base, context))).toBe(base);
  }
});

test("a diff of equal texts is empty", () => {
  expect(unifiedDiff("f", base, base)).toBe("");
  expect(unifiedTextDiff("f", base, base)).toBe("");
});

test("a block of thousands of lines is added and removed without touching other lines", () => {
  const pool = { monitors: [{ name: "a", port: null }], auth: null };
  const { text } = patched(Array.from({ length: 700 }, (_, at) => ({ ...pool, libvirtPools: ["p"], name: `${at}` })));
  const [adding, removing] = [unifiedDiff("f", base, text), unifiedDiff("f", text, base)];
  expect([adding.match(/^-(?!-)/gm), removing.match(/^\+(?!\+)/gm)]).toEqual([null, null]);
  expect([applyPatch(base, adding), applyPatch(text, removing)]).toEqual([text, base]);
});

test("if more than 4000 lines differ, all lines are removed, and all lines are added", () => {
  const [old, young] = ["a", "b"].map((letter) => `same\n${`${letter}\n`.repeat(4001)}`) as [string, string];
  const diff = unifiedTextDiff("f", old, young);
  expect(diff).toMatch(/^--- f\n\+\+\+ f\n@@ -1,4002 \+1,4002 @@\n-same\n(-a\n)+\+same\n(\+b\n)+$/);
  expect(applyPatch(old, diff)).toBe(young);
});

test("a diff for a reader has the name of the text on both sides", () => {
  expect(unifiedTextDiff("domain.xml", "a\nb\n", "a\nc\n")).toBe(
    "--- domain.xml\n+++ domain.xml\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n",
  );
});

describe("the numbers of the lines in a diff", () => {
  const hunks = (diff: string) => diff.match(/^@@ .* @@$/gm);
  const [added, calls] = [block, call].map((one) => one.split("\n").length - 1) as [number, number];
  const at = base.split("\n").findIndex((line) => line.includes("logging.debug("));
  const end = base.split("\n").length - 1;

  test("count each line of a block, in its own hunk and in those after it", () => {
    expect(hunks(unifiedDiff("f", base, after, 0))).toEqual([
      `@@ -${at},0 +${at + 1},${calls} @@`,
      `@@ -${end},0 +${end + calls + 1},${added} @@`,
    ]);
    expect(hunks(unifiedDiff("f", after, base, 0))).toEqual([
      `@@ -${at + 1},${calls} +${at},0 @@`,
      `@@ -${end + calls + 1},${added} +${end},0 @@`,
    ]);
  });

  test("are right if both sides have blocks, which are compared line by line", () => {
    const other = after.replace("    import logging", "    import  logging");
    const diff = unifiedDiff("f", after, other, 0);
    expect(diff.split("\n").filter((line) => /^[-+]/.test(line))).toEqual([
      "--- a/f",
      "+++ b/f",
      "-    import logging",
      "+    import  logging",
    ]);
    expect(applyPatch(after, diff)).toBe(other);
  });

  test("include three lines of context, as in diff -u", () => {
    const context = unifiedDiff("f", "1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nx\n6\n7\n8\n");
    expect(context).toBe("--- a/f\n+++ b/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
  });
});

test("side by side, each line that the other text lacks is marked", () => {
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
