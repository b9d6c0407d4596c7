import fc from "fast-check";
import { expect, test } from "vitest";
import { pythonNative, pythonText, readPythonText, readXmlText, xmlText } from "../../src/patch/encode";

const HOSTILE = [
  "plain",
  "it's",
  'say "so"',
  "back\\slash",
  '"""',
  "'''",
  "new\nline",
  "\\N{BULLET}",
  "\\u0041",
  "é",
  "\u2028",
  "\u{1F600}",
  "a<b>&c]]>-->",
  "{{pool}}",
];

test.each(HOSTILE)("a Python literal of %j is printable ASCII and reads back", (value) => {
  const literal = pythonText(value);
  expect(literal).toMatch(/^u"[ -~]*"$/);
  expect(literal.slice(2, -1)).not.toMatch(/(^|[^\\])"/);
  expect(readPythonText(literal)).toBe(value);
});

test.each(['u"a" + u"b"', 'u"a"; import os; u"b"', 'u"\\x41"', '"a"', 'u"\\u0041"', 'u"\\U00110000"', "u'a'"])(
  "%s is not a literal of ours",
  (literal) => expect(readPythonText(literal)).toBeNull(),
);

test.each(HOSTILE)("the XML text of %j holds nothing that ends an attribute", (value) => {
  const text = xmlText(value);
  expect(text).toMatch(/^[ !#-%(-;=?-[\]-~&]*$/);
  const back = text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
  expect(back).toBe(value);
  expect(readXmlText(text)).toBe(value);
});

test.each([
  ["a quote", 'a"b'],
  ["an apostrophe", "a'b"],
  ["an angle bracket", "a<b"],
  ["an ampersand", "a&b"],
  ["a backslash", "a\\b"],
  ["a character beyond ASCII", "é"],
  ["a line break", "a\nb"],
  ["a named reference", "a&amp;b"],
  ["a hexadecimal reference", "&#x41;"],
  ["a reference without its end", "&#233"],
  ["a reference to what stands for itself", "&#65;"],
  ["a reference with a zero before it", "&#0233;"],
  ["a reference to no character", "&#1114112;"],
  ["a reference of eight digits", "&#00000233;"],
  ["half a surrogate pair after the other", "&#55357;&#56832;"],
])("%s makes a text that is not one of ours", (_, text) => expect(readXmlText(text)).toBeNull());

test("any text comes back from both encodings", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      expect(readXmlText(xmlText(value))).toBe(value);
      expect(readPythonText(pythonText(value))).toBe(value);
    }),
  );
});

test("no text but one of ours is read", () => {
  const unit = fc.constantFrom("&", "#", ";", "3", "8", "9", "a", "é", '"', "\\");
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      const value = readXmlText(text);
      expect(value === null || xmlText(value) === text).toBe(true);
    }),
  );
});

test("a native literal refuses what would differ between the Pythons", () => {
  expect(pythonNative('<a b="c"/>')).toBe(`'<a b="c"/>'`);
  for (const value of ["it's", "back\\slash", "é", "a\nb"]) expect(() => pythonNative(value)).toThrow(RangeError);
});

test("the last character of each plane and range comes back, and what a native literal holds is said", () => {
  expect(pythonText("\uffff")).toBe('u"\\uffff"');
  expect(pythonText("\u{10000}")).toBe('u"\\U00010000"');
  expect(readPythonText('u"\\U0010ffff"')).toBe("\u{10ffff}");
  expect(readXmlText("&#1114111;")).toBe("\u{10ffff}");
  expect(() => pythonNative("é")).toThrow("not a text that a native literal can hold");
});
