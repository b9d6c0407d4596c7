import fc from "fast-check";
import { expect, test } from "vitest";
import { pythonNative, pythonText, readPythonText, readXmlText, xmlText } from "../../src/patch/encode";
import { HOSTILE } from "../support/hostile";

const ANY = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary" }));

test("a Python literal is printable ASCII without a quote or backslash that ends it, and reads back", () => {
  fc.assert(
    fc.property(ANY, (value) => {
      const literal = pythonText(value);
      expect(literal).toMatch(/^u"(?:[ !#-[\]-~]|\\u[0-9a-f]{4}|\\U[0-9a-f]{8})*"$/);
      expect(readPythonText(literal)).toBe(value);
    }),
  );
});

test("XML text has nothing that ends an attribute, and reads back", () => {
  fc.assert(
    fc.property(ANY, (value) => {
      const text = xmlText(value);
      expect(text).toMatch(/^(?:[ !#-%(-;=?-[\]-~]|&#\d+;)*$/);
      expect(text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))).toBe(value);
      expect(readXmlText(text)).toBe(value);
    }),
  );
});

test("a native literal refuses text that would differ between Python 2 and 3", () => {
  expect(pythonNative('<a b="c"/>')).toBe(`'<a b="c"/>'`);
  for (const value of ["it's", "back\\slash", "é", "a\nb"])
    expect(() => pythonNative(value)).toThrow(new RangeError("not a text that a native literal can hold"));
});

test("the last character of each range reads back", () => {
  expect(pythonText("\uffff")).toBe('u"\\uffff"');
  expect(pythonText("\u{10000}")).toBe('u"\\U00010000"');
  expect(readPythonText('u"\\U0010ffff"')).toBe("\u{10ffff}");
  expect(readXmlText("&#1114111;")).toBe("\u{10ffff}");
});
