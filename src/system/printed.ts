/**
 * The XML documents in the output of a program, each from its first tag to the line that is its end tag, or to the end
 * of the first line if its end tag is there. Anything between them is skipped.
 *
 * @param names of the root elements
 */
export function documentsIn(printed: string, names: readonly string[]): string[] {
  const document = new RegExp(`<(${names.join("|")})(?=[\\s>])(?:.*</\\1>$|[^]*?\\n</\\1>$)`, "gm");
  return printed.match(document) ?? [];
}
