import { expect, it } from "vitest";
import { colourDiff, PLAIN } from "../../src/report/text";
import { markWords } from "../../src/report/words";

const mark = (before: string, after: string) => markWords(before, after, (text) => `[${text}]`);
const marked = (diff: string) => colourDiff(diff, PLAIN, mark);

it("marks the words that differ, an address and an uuid as one", () => {
  expect(mark('<host name="192.0.2.12"/>', '<host name="192.0.2.99"/>')).toEqual([
    '<host name="[192.0.2.12]"/>',
    '<host name="[192.0.2.99]"/>',
  ]);
  expect(mark("a b", "a b c")).toEqual(["a b", "a b[ c]"]);
});

it("marks nothing where no word is the same, and nothing in a line that is no text for people", () => {
  expect(mark("one two", "three four")).toEqual(["one two", "three four"]);
  const long = "a ".repeat(500);
  expect(mark(long, `${long}b`)).toEqual([long, `${long}b`]);
});

it("a character outside the basic plane stays in one piece", () =>
  expect(mark("a \u{1f600}", "a \u{1f601}")).toEqual(["a [\u{1f600}]", "a [\u{1f601}]"]));

it("pairs lines where as many go as come, and only there", () => {
  const head = "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n";
  expect(marked(`${head} k\n-a 1\n-a 2\n+a 3\n+a 4\n k\n`)).toBe(`${head} k\n-a [1]\n-a [2]\n+a [3]\n+a [4]\n k\n`);
  expect(marked(`${head} k\n-a 1\n+a 3\n+a 4\n k\n`)).toBe(`${head} k\n-a 1\n+a 3\n+a 4\n k\n`);
  expect(marked(`${head}+a 1\n-a 2\n`)).toBe(`${head}+a 1\n-a 2\n`);
});
