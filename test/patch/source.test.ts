import { expect, it } from "vitest";
import { decode, encode, lineNumber } from "../../src/patch/source";

it.each([
  ["plain", Buffer.from("a\n"), "utf8", "a\n"],
  ["UTF-8", Buffer.from("\u00e9\u{1F600}"), "utf8", "\u00e9\u{1F600}"],
  ["a byte order mark", Buffer.from("\ufeffa"), "utf8", "\ufeffa"],
  ["Latin-1", Buffer.from("caf\xe9", "latin1"), "latin1", "caf\xe9"],
  ["half a character of UTF-8", Buffer.from([0x61, 0xc3]), "latin1", "a\xc3"],
])("%s is encoded to the same bytes again", (_, bytes, encoding, text) => {
  expect(decode(bytes)).toEqual({ text, encoding });
  expect(encode(decode(bytes)).equals(bytes)).toBe(true);
});

it("a line break belongs to the line that it ends", () =>
  expect([0, 1, 2, 3, 4].map((offset) => lineNumber("a\n\nbc", offset))).toEqual([1, 1, 2, 3, 3]));

it("line numbers count a line break at the beginning of a text", () =>
  expect([0, 1, 2].map((offset) => lineNumber("\n\na", offset))).toEqual([1, 2, 3]));
