/**
 * The XML documents in what a program printed, each as it stands: from the line with its first tag to the line that is
 * its last one, or to the end of the line where that is one too. What stands between them is passed over.
 *
 * @param names of the root elements to look for
 */
export function documentsIn(printed: string, names: readonly string[]): string[] {
  const begins = new RegExp(`<(${names.join("|")})(?=[\\s>])`);
  const found: string[] = [];
  let lines: string[] = [];
  let name = "";
  for (const line of printed.split("\n")) {
    const begin = name ? null : begins.exec(line);
    if (begin) name = begin[1] as string;
    if (!name) continue;
    lines.push(begin ? line.slice(begin.index) : line);
    const end = `</${name}>`;
    if (line !== end && !(begin && line.endsWith(end))) continue;
    found.push(lines.join("\n"));
    [lines, name] = [[], ""];
  }
  return found;
}
