/**
 * A value as the text of an XML attribute, in printable ASCII without quotes, backslashes or angle brackets.
 *
 * @param value any text that XML 1.0 allows; control characters are refused when the host configuration is read
 */
export function xmlText(value: string): string {
  return value.replace(/[^ !#-%(-;=?-[\]-~]/gu, (character) => `&#${character.codePointAt(0)};`);
}

/** Decodes a text that `xmlText` wrote; for any other text, the result is arbitrary. */
export function readXmlText(text: string): string {
  return text.replace(/&#(\d{1,7});/g, (_, code) => character(Number(code)));
}

/**
 * A Python text literal (`u"…"`: unicode on 2.7 and 3.3+), in printable ASCII.
 *
 * @param value any text; quotes, backslashes and all but printable ASCII become escapes, so that no value can end the
 *   literal
 */
export function pythonText(value: string): string {
  const body = value.replace(/[^ !#-[\]-~]/gu, (character) => {
    const code = character.codePointAt(0) as number;
    const hex = code.toString(16);
    return code > 0xffff ? `\\U${hex.padStart(8, "0")}` : `\\u${hex.padStart(4, "0")}`;
  });
  return `u"${body}"`;
}

/** Decodes a literal that `pythonText` wrote; for any other literal, the result is arbitrary. */
export function readPythonText(literal: string): string {
  return literal
    .slice(2, -1)
    .replace(/\\(?:u([0-9a-f]{4})|U([0-9a-f]{8}))/g, (_, short, long) => character(Number.parseInt(short ?? long, 16)));
}

/**
 * A Python native string literal (`'…'`: bytes on 2.7, text on 3) for printable ASCII.
 *
 * @throws RangeError for any other text: its native string would differ between Python 2.7 and 3
 */
export function pythonNative(value: string): string {
  if (!/^[ !"#-&(-[\]-~]*$/.test(value)) throw new RangeError("not a text that a native literal can hold");
  return `'${value}'`;
}

/** The character with a code point; empty if the number is not a code point. */
function character(code: number): string {
  return code > 0x10ffff ? "" : String.fromCodePoint(code);
}
