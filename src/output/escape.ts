/** Controls, line ends, lone surrogates, default-ignorable characters (directions, fillers, tags), annotations. */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\u2028\u2029\ufff9-\ufffb]/gu;

/** Escapes control and direction characters in a text from outside; line breaks and tabs stay. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => (/[\n\t]/.test(character) ? character : escaped(character)));
}

/** Escapes these characters, and line breaks and tabs too, so that a name cannot look like another line. */
export function inline(text: string): string {
  return text.replace(UNSEEN, escaped);
}

/** Escapes these characters in JSON by its own escapes, so that a parser reads the same values. */
export function inJson(document: string): string {
  const unit = (half: string) => `\\u${half.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return document.replace(UNSEEN, (character) => (character === "\n" ? character : character.replace(/[\s\S]/g, unit)));
}

function escaped(character: string): string {
  const code = character.codePointAt(0) as number;
  const [mark, digits] = code > 0xffff ? ["U", 8] : code > 0xff ? ["u", 4] : ["x", 2];
  return `\\${mark}${code.toString(16).padStart(digits, "0")}`;
}

/** Escapes every text in a value of any shape with one of the functions above. */
export function deeply<T>(how: (text: string) => string, value: T): T {
  if (typeof value === "string") return how(value) as T;
  if (Array.isArray(value)) return value.map((one) => deeply(how, one)) as T;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, deeply(how, one)])) as T;
}
