import { expect, test } from "vitest";
import { pythonNative, pythonText, readPythonText, xmlText } from "../../src/patch/encode";

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
});

test("a native literal refuses what would differ between the Pythons", () => {
  expect(pythonNative('<a b="c"/>')).toBe(`'<a b="c"/>'`);
  for (const value of ["it's", "back\\slash", "é", "a\nb"]) expect(() => pythonNative(value)).toThrow(RangeError);
});
