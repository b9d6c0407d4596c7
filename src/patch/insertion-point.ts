import { Failure } from "../failure";

/** The insertion point of the call in a file without the patch. */
export interface InsertionPoint {
  /** Index of the line before which the call is inserted. */
  readonly line: number;
  /** Indentation of that line. */
  readonly indent: string;
  /** The two variables that `_build_xml` returns. */
  readonly variables: readonly [string, string];
}

/** A file that is about to be patched, for messages. */
export interface Named {
  /** As this process sees it, with all symbolic links followed. */
  readonly path: string;
  /** How to restore the file from its package, as a sentence without its full stop. */
  readonly restoring: string;
}

// ASCII only: `\w` and `\s` differ between JavaScript and Python, and the standalone script must find the same point.
const DEFINITION = /^([ \t]+)def _build_xml\(/;
const NAME = "[A-Za-z_][A-Za-z0-9_]*";
const RETURN = new RegExp(`^return (${NAME}), (${NAME})[ \t]*$`);
const LOG = /^(?:log|logging)\.debug\(/;
// `return` as a statement, also after a colon or semicolon; `yield` anywhere, because it may be part of an expression.
const LEAVES = /(?:^|[:;])[ \t]*return(?![A-Za-z0-9_:])|(?<![A-Za-z0-9_])yield(?![A-Za-z0-9_])/;
const CLOSING = /^\)[ \t\f\v]*$/;
const SIGNATURE_END = /:[ \t]*(?:#[^\n]*)?$/;
const TRIPLE_QUOTES = /"""|'''/g;
const DOCSTRING = /^[rRuU]?(?:"""|''')/;

/** Splits a file into lines without line ends; fails (target) if the line ends differ, or the last one is missing. */
export function splitLines(text: string, named: Named) {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text.split(eol);
  const mixed = lines.findIndex((line) => line.includes("\r") || line.includes("\n"));
  if (mixed >= 0) throw refused(named, mixed, "the same line end on all lines (LF or CRLF)");
  if (lines.pop() !== "") throw refused(named, lines.length, "a newline at the end of the file");
  return { lines, eol };
}

/**
 * Finds the insertion point: before the first log line of `_build_xml`, after the last assignment to the variables that
 * it returns. Refuses a file in which the call could run too early, twice or not at all.
 *
 * Tested on all 329 revisions of the three files from 1.0.0 to 5.1.0.
 *
 * @param lines the file without the patch
 * @throws Failure (target) with the line number and what was expected there
 */
export function findInsertionPoint(lines: readonly string[], named: Named): InsertionPoint {
  const refuse = (line: number, expected: string) => refused(named, line, expected);
  const { first, body } = methodBody(lines, named);
  const indent = indentOf(lines[first] as string);
  // A line of the body itself, not of a nested block.
  const isStatement = (at: number) => indentOf(lines[at] as string) === indent;
  const codeAt = (at: number) => (lines[at] as string).slice(indent.length);

  const last = body[body.length - 1] as number;
  const [, one = "", two = ""] = (isStatement(last) && RETURN.exec(codeAt(last))) || [];
  if (one === "" || one === two) throw refuse(last, "`return FIRST, SECOND` as the last line of _build_xml");
  const leaving = body.find((at) => at !== last && LEAVES.test(lines[at] as string));
  if (leaving !== undefined) throw refuse(leaving, "no other `return` and no `yield` in _build_xml");

  // Python counts the columns of an indentation again after a form feed.
  const feed = body.find((at) => (lines[at] as string).includes("\f"));
  if (feed !== undefined) throw refuse(feed, "no form feed in _build_xml");

  const anchor = body.find((at) => isStatement(at) && LOG.test(codeAt(at)));
  if (anchor === undefined) throw refuse(last, "a line that begins with log.debug( or logging.debug( before it");
  for (const at of body.filter((line) => line > anchor && line < last))
    if (isStatement(at) ? !LOG.test(codeAt(at)) && !CLOSING.test(codeAt(at)) : !isDeeper(lines[at] as string, indent))
      throw refuse(at, "only log.debug( lines between the first of them and the return");
  const hidden = body.find((at) => at >= anchor && at < last && /;|:=/.test(lines[at] as string));
  if (hidden !== undefined) throw refuse(hidden, "no `;` and no `:=` after the first log line");
  if ((lines[anchor - 1] as string).endsWith("\\")) throw refuse(anchor, "a line before it that does not end in `\\`");
  // Inside any other multi-line string, a line may look like a statement.
  const triples = body.flatMap((at) => (lines[at] as string).match(TRIPLE_QUOTES)?.map((kind) => ({ at, kind })) ?? []);
  const [open, close, other] = triples;
  const isDocstring = open?.at === first && DOCSTRING.test(codeAt(first)) && close?.kind === open.kind && !other;
  if (open && !(isDocstring && close && close.at < anchor))
    throw refuse(open.at, "triple quotes only in a docstring of _build_xml");
  for (const name of [one, two]) {
    const assigned = body.some((at) => at < anchor && isStatement(at) && assigns(codeAt(at), name));
    if (!assigned) throw refuse(anchor, `an assignment to ${name} before this line, at the same indentation`);
  }
  return { line: anchor, indent, variables: [one, two] };
}

/**
 * The body of `_build_xml`: the index of its first line, and those of its lines that are not blank.
 *
 * @throws Failure (target) if it is not defined exactly once, as a method with a body
 */
export function methodBody(lines: readonly string[], named: Named): { first: number; body: readonly number[] } {
  const places = lines.flatMap((line, at) =>
    line.replaceAll("self._build_xml(", "").includes("_build_xml") ? at : [],
  );
  const [definition, other] = places;
  const indent = definition === undefined ? undefined : DEFINITION.exec(lines[definition] as string)?.[1];
  if (definition === undefined || indent === undefined || other !== undefined)
    throw refused(
      named,
      other ?? definition ?? 0,
      "_build_xml defined once, as a method, and used only as self._build_xml(",
    );
  const above = lines.slice(0, definition).join("\n");
  if ([`"""`, "'''"].some((quotes) => above.split(quotes).length % 2 === 0))
    throw refused(named, definition, "no open multi-line string at this line");
  let start = definition;
  const inSignature = (line: string) => isBlank(line) || isDeeper(line, indent) || line.startsWith(`${indent})`);
  while (start < lines.length && !SIGNATURE_END.test(lines[start] as string)) {
    start++;
    if (!inSignature(lines[start] ?? "end"))
      throw refused(named, definition, "a signature of _build_xml that ends in a colon");
  }
  const body: number[] = [];
  for (let at = start + 1; at < lines.length; at++) {
    const line = lines[at] as string;
    // In Python, a comment does not end a block, regardless of its indentation.
    if (isBlank(line) || (/^[ \t]*#/.test(line) && !isDeeper(line, indent))) continue;
    if (!isDeeper(line, indent)) break;
    body.push(at);
  }
  const [first] = body;
  if (first === undefined) throw refused(named, definition, "a body of _build_xml on lines of its own");
  return { first, body };
}

/** Whether a line assigns to a name: `name = …`, `name: str = …` or, with another name, `other, name = …`. */
function assigns(line: string, name: string): boolean {
  const [, names = ""] = /^([A-Za-z0-9_, ]+)(?::[^=]*)?=(?!=)/.exec(line) ?? [];
  return names.split(",").some((one) => one.trim() === name);
}

function isBlank(line: string): boolean {
  return /^[ \t\f]*$/.test(line);
}

function indentOf(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? "";
}

/** Whether a line is indented more than an indentation. */
function isDeeper(line: string, indent: string): boolean {
  return line.startsWith(indent) && /^[ \t]/.test(line.slice(indent.length));
}

function refused({ path, restoring }: Named, line: number, expected: string): Failure {
  return new Failure(
    "target",
    `${path}, line ${line + 1}: cannot be patched; expected ${expected}.`,
    `${restoring}, or look for a newer version of this tool.`,
  );
}
