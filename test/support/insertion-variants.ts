import type { Variant } from "./insertion";

// Fragments of a method: lines without the indentation of its body.
const SETUP = ["start_xml = None", "if is_initial:", "    start_xml = self._get_install_xml(install=True)"];
const FINAL = "final_xml = self._get_install_xml(install=False)";
const LOG = 'log.debug("Generated XML: %s", start_xml)';
const RETURN = "return start_xml, final_xml";

/** The parts of a file around the body of `_build_xml`. */
export interface Frame {
  readonly signature?: readonly string[];
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  readonly tail?: readonly string[];
}

/** A file whose `_build_xml` has these lines. */
export function file(body: readonly string[], { signature, before = [], after = [], tail = [] }: Frame = {}): string {
  const indented = (by: string) => (line: string) => (line === "" ? "" : by + line);
  return [
    ...["import logging", "", 'log = logging.getLogger("virtinst")', "", ""],
    ...["class Guest(object):", "    def start_install(self):", "        return self._build_xml(True)", ""],
    ...before.map(indented("    ")),
    ...(signature ?? ["def _build_xml(self, is_initial):"]).map(indented("    ")),
    ...body.map(indented("        ")),
    ...after.map(indented("    ")),
    ...tail,
    "",
  ].join("\n");
}

/** A body with lines before the assignments, before the log and after it. */
const body = (log: readonly string[], start: readonly string[] = [], middle: readonly string[] = []) => [
  ...[...start, ...SETUP, ...middle, FINAL, ""],
  ...log,
  RETURN,
];

/** Each statement that binds, changes or removes `final_xml`. */
const BINDINGS: readonly (readonly string[])[] = [
  ["final_xml = 1"],
  ["final_xml: str = '1'"],
  ["(final_xml) = 1"],
  ["start_xml = final_xml = 1"],
  ["start_xml, final_xml = final_xml, start_xml"],
  ["first, *final_xml = 1, 2"],
  ["(final_xml := 1)"],
  ["for final_xml in ():", "    pass"],
  ["if is_initial:", "    final_xml = 1"],
  ["if is_initial: final_xml = 1"],
  ["try:", "    final_xml = 1", "except ValueError as final_xml:", "    pass"],
  ["del final_xml"],
  ["import os as final_xml"],
  ["def final_xml():", "    pass"],
  ["match is_initial:", "    case final_xml:", "        pass"],
  ["pass; final_xml = 1"],
  ["final_xml = \\", "    1"],
  ["final_xml = (", "    1", ")"],
  ['final_xml = """', "log.debug(1)", '"""'],
];

const LOGS: readonly (readonly string[])[] = [
  [LOG],
  ['logging.debug("Generated XML: %s", start_xml)'],
  ['log.debug("Generated %s XML: %s",', '          "initial", start_xml)'],
  ["log.debug(", '    "Generated XML: %s", start_xml', ")"],
  ["log.debug(", '    "Generated XML: %s",', "    start_xml,", ")", "", LOG, ""],
  [LOG, 'log.debug("and: %s", final_xml)'],
  ['log.debug("a") if is_initial else log.debug("b")'],
  ['log.debug("a, %s",', "          [final_xml for final_xml in ()])"],
  ['log.debug("a (")'],
  ['log.debug("a")  # a comment: return x'],
  ['log.debug("a, %s", (final_xml := 1))'],
  ['log.debug("a"); final_xml = 1'],
  ['log.debug("a"); log.debug("b")'],
  ["if is_initial:", `    ${LOG}`],
  ["for number in (1, 2):", `    ${LOG}`],
  ["try:", `    ${LOG}`, "finally:", "    pass"],
  ["def show():", `    ${LOG}`, "show()"],
  ["# log.debug(start_xml)"],
  [`# ${LOG}`, LOG],
  [LOG, "# a comment after it"],
  [LOG, "print(final_xml)"],
  ['self.log.debug("a")'],
  ['log.info("a")'],
  ["debug = log.debug", 'debug("a")'],
  ['log.debug("""', "text", '""")'],
  ['log.debug("a \\', '    b")'],
  ['log.debug("a") \\', "    or None"],
  [],
];

const STARTS: readonly (readonly string[])[] = [
  ['"""Build both XMLs."""'],
  ['"""Build both XMLs.', "", RETURN, "", '"""'],
  ['"""', "log.debug(start_xml)", "start_xml = 1", "final_xml = 2", '"""'],
  ['r"""Build \\d.', '"""'],
  ["# a comment", "", "#another"],
  [LOG],
  [LOG, "if is_initial:", `    ${LOG}`],
  ["if not is_initial:", "    return None, None"],
  ["if not is_initial: return None, None"],
  ["assert is_initial", "if 0:", "    raise ValueError('return')"],
  ["def show(xml):", "    return xml", "show(1)"],
  ["def show(xml):", "    start_xml = final_xml = xml", `    ${LOG}`],
  ["def numbers():", "    yield 1"],
  ["text = '''", "log.debug(1)", "'''"],
  [`text = """ ''' """`, "other = '''", "log.debug(", "    1)'''"],
  [`text = '"""'`, 'other = """', "log.debug(", '    1)"""'],
  ['# """', 'other = """', "log.debug(", '    1)"""'],
  ["text = 'a \\", "log.debug(1) \\", "    '"],
  ["number = 1 + \\", "    2"],
  ["table = {", "    'return': 1,", "    'yield': 2,", "}"],
  ["for number in (1, 2):", "    if number: break", "else:", "    number = 3"],
];

const SIGNATURES: readonly (readonly string[])[] = [
  ["def _build_xml(self, is_initial=True):"],
  ['def _build_xml(self, is_initial: bool = True) -> "tuple[str, str]":'],
  ["def _build_xml(self, is_initial): # a comment"],
  ["def _build_xml(self, is_initial):  # it's: this"],
  ["def _build_xml(", "    self,", "    is_initial: bool = True,", ") -> tuple:"],
  ["def _build_xml(", "        self,", "        is_initial=None,  # a comment:", "        start_xml=None):"],
  ["def _build_xml(", "    self, is_initial", "):", "    # a comment"],
  ["def _build_xml(self, is_initial={1:", "               2}):"],
  ['def _build_xml(self, is_initial=":#",', "        other=1):"],
  ["def _build_xml(self, is_initial=lambda:", "        1):"],
  ["@property", "def _build_xml(self, is_initial=1):"],
  ["async def _build_xml(self, is_initial):"],
  ["def _build_xml (self, is_initial):"],
  ["def _build_xml(self, is_initial):", "", ""],
];

const METHOD = body([LOG]);
const FRAMES: readonly [string, Frame][] = [
  ["followed by a method", { after: ["", "def other(self):", "    return 1"] }],
  ["followed by a comment", { after: ["# a comment", "", "def other(self): pass"] }],
  ["followed by a comment at the first column", { after: [], tail: ["# a comment", "", ""] }],
  ["followed by a deeper comment", { after: ["        # a comment"] }],
  ["followed by code that is never reached", { after: ["    final_xml = 1"] }],
  ["followed by code behind a comment", { tail: ["# a comment", "        final_xml = 1"] }],
  ["followed by a main program", { tail: ["", 'if __name__ == "__main__":', "    Guest()"] }],
  ["defined twice", { before: ["def _build_xml(self): pass"] }],
  ["named in a comment", { before: ["# see _build_xml"] }],
  ["named in a call of another object", { before: ["x = lambda self: self.guest._build_xml(1)"] }],
  ["called on itself twice", { before: ["x = lambda self: self._build_xml(self._build_xml(1))"] }],
  ["within a string of the class", { before: ['"""'], after: ['"""'] }],
  ["after a string with an example", { before: ['"""', "        log.debug(1)", "        return a, b", '"""', ""] }],
];

const plain = file(METHOD);
const encoded = (encoding: BufferEncoding, text: string) => Buffer.from(text, encoding).toString("latin1");
const FORMS: readonly [string, string][] = [
  ["tabs", plain.replace(/ {4}/g, "\t")],
  ["two spaces", plain.replace(/ {4}/g, "  ")],
  ["a tab below four spaces", plain.replace(/^ {8}/gm, "    \t")],
  ["CRLF", plain.replace(/\n/g, "\r\n")],
  ["a CR in a line", plain.replace("import logging", "import logging\r# x")],
  ["a BOM and CRLF", encoded("utf8", `\ufeff${plain.replace(/\n/g, "\r\n")}`)],
  ["a coding line", `# -*- coding: utf-8 -*-\n${encoded("utf8", plain.replace("Generated", "Ger\u00e4t \u20ac"))}`],
  ["Latin-1", `# -*- coding: latin-1 -*-\n${plain.replace("Generated", "Ger\u00e4t")}`],
  ["U+2028 in a string", encoded("utf8", plain.replace("Generated", "\u2028\u0085"))],
  ["a form feed", plain.replace("class Guest", "\fclass Guest")],
  ["a form feed in the indentation", plain.replace(/\n {8}return/, "\n            \f        final_xml = 3$&")],
  ["a form feed in a blank line", plain.replace(/\n\n {8}log/, "\n\f\n        log")],
  ["blanks at line ends", plain.replace(/(debug\(.*|final_xml)$/gm, "$1  \t")],
  ["blank lines with blanks", plain.replace(/\n\n/g, "\n   \n")],
  ["CRLF and a multi-line log", file(body(LOGS[4] as string[])).replace(/\n/g, "\r\n")],
  ["other names", plain.replace(/start_xml/g, "a").replace(/final_xml/g, "b")],
  ["a tuple in the return", plain.replace(RETURN, "return (start_xml, final_xml)")],
  ["three values in the return", plain.replace(RETURN, "return start_xml, final_xml, 1")],
  ["a comment behind the return", plain.replace(RETURN, `${RETURN}  # both`)],
  ["names that are not ASCII", encoded("utf8", plain.replace(/start_xml/g, "\u00e9"))],
];

/** Files that are plausible, or nearly so. */
export const VARIANTS: readonly Variant[] = [
  ...LOGS.map((log) => ({ title: `log: ${log.join(" | ")}`, text: file(body(log)) })),
  ...STARTS.map((start) => ({ title: `first: ${start.join(" | ")}`, text: file(body([LOG], start)) })),
  ...STARTS.map((start) => ({ title: `between: ${start.join(" | ")}`, text: file(body([LOG], [], start)) })),
  ...STARTS.map((start) => ({ title: `before the log: ${start.join(" | ")}`, text: file(body([...start, LOG])) })),
  ...BINDINGS.flatMap((lines) => [
    { title: `before the log: ${lines.join(" | ")}`, text: file(body([...lines, LOG])) },
    { title: `after the log: ${lines.join(" | ")}`, text: file(body([LOG, ...lines])) },
    { title: `between logs: ${lines.join(" | ")}`, text: file(body([LOG, ...lines, LOG])) },
    { title: `instead of the assignment: ${lines.join(" | ")}`, text: file([...SETUP, ...lines, LOG, RETURN]) },
  ]),
  ...SIGNATURES.map((signature) => ({ title: signature.join(" | "), text: file(METHOD, { signature }) })),
  ...SIGNATURES.map((signature) => ({
    title: `${signature.join(" | ")}, and an early return`,
    text: file(["if is_initial: return 1, 2", "if is_initial:", ...METHOD.map((line) => `    ${line}`)], { signature }),
  })),
  ...FRAMES.map(([title, frame]) => ({ title, text: file(METHOD, frame) })),
  ...FORMS.map(([title, text]) => ({ title, text })),
];

/** Lines to put at random places of a method. */
export const FRAGMENTS: readonly (readonly string[])[] = [
  ...LOGS,
  ...STARTS,
  ...BINDINGS,
  ...SETUP.map((line) => [line]),
];
