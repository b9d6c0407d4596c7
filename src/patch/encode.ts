/**
 * A value as the text of an XML attribute, in printable ASCII without quotes, backslashes or angle brackets.
 *
 * @param value any text that XML 1.0 allows; control characters are refused where the host's facts are read
 */
export function xmlText(value: string): string {
  return value.replace(/[^ !#-%(-;=?-[\]-~]/gu, (character) => `&#${character.codePointAt(0)};`);
}

/** Reads a text that `xmlText` wrote; of another text, it returns any value. */
export function readXmlText(text: string): string {
  return text.replace(/&#(\d{1,7});/g, (_, code) => character(Number(code)));
}

/**
 * A Python text literal (`u"…"`: unicode on 2.7 and 3.3+), in printable ASCII.
 *
 * @param value any text; what is not plain ASCII becomes an escape, so that nothing can end the literal
 */
export function pythonText(value: string): string {
  const body = value.replace(/[^ !#-[\]-~]/gu, (character) => {
    const code = character.codePointAt(0) as number;
    const hex = code.toString(16);
    return code > 0xffff ? `\\U${hex.padStart(8, "0")}` : `\\u${hex.padStart(4, "0")}`;
  });
  return `u"${body}"`;
}

/** Reads a literal that `pythonText` wrote; of another literal, it returns any value. */
export function readPythonText(literal: string): string {
  return literal
    .slice(2, -1)
    .replace(/\\(?:u([0-9a-f]{4})|U([0-9a-f]{8}))/g, (_, short, long) => character(Number.parseInt(short ?? long, 16)));
}

/**
 * A Python native string literal (`'…'`: bytes on 2.7, text on 3) for text that is printable ASCII already.
 *
 * @throws RangeError where it is not: a native string of another text would differ between the Pythons
 */
export function pythonNative(value: string): string {
  if (!/^[ !"#-&(-[\]-~]*$/.test(value)) throw new RangeError("not a text that a native literal can hold");
  return `'${value}'`;
}

/** Nothing for a number that is no character's. */
function character(code: number): string {
  return code > 0x10ffff ? "" : String.fromCodePoint(code);
}
