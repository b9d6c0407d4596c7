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

test.each(HOSTILE)("the XML text of %j holds nothing that ends an attribute", (value) => {
  const text = xmlText(value);
  expect(text).toMatch(/^[ !#-%(-;=?-[\]-~&]*$/);
  const back = text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
  expect(back).toBe(value);
  expect(readXmlText(text)).toBe(value);
});

test("any text comes back from both encodings", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      expect(readXmlText(xmlText(value))).toBe(value);
      expect(readPythonText(pythonText(value))).toBe(value);
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
