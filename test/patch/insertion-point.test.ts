import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure";
import { findInsertionPoint, splitLines } from "../../src/patch/insertion-point";
import { findWrong, patchVariant } from "../support/insertion";
import { FRAGMENTS, file, VARIANTS } from "../support/insertion-variants";
import { NAMED, ORIGINAL } from "../support/patched";
import { RUNS } from "../support/runs";

const FINAL = "final_xml = 2";
const LOG = 'logging.debug("XML: %s", start_xml)';
const RETURN = "return start_xml, final_xml";
const point = (text: string) => findInsertionPoint(splitLines(text, NAMED).lines, NAMED);
/** The line of a text that contains another text for the first time, from 1. */
const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split("\n").length;
const changed = (from: string | RegExp, to: string) => ORIGINAL.replace(from, to);
const log_ = (to: string) => changed(LOG, to);
/** The file with lines after the second assignment, which is on line 7. */
const body = (lines: string) => changed(FINAL, `${FINAL}\n        ${lines}`);
/** The file with lines after the definition. */
const first = (lines: string) => changed("(self):", `(self):\n${lines}`);

it("the call goes before the first log line, with its indentation", () =>
  expect(point(ORIGINAL)).toEqual({ line: 8, indent: "        ", variables: ["start_xml", "final_xml"] }));

describe("the call goes before the first log line, and the file may have", () => {
  it.each([
    ["a docstring", first('        """Text."""')],
    ["a docstring of several lines, in a raw string", first("        r'''Text\n\n        logging.info()\n        '''")],
    ["a signature of several lines", changed("(self):", "(self,\n                   a=1,\n\n    ):  # text")],
    ["comments with less indentation", body("pass\n# x\n  # x\n        pass")],
    ["a blank line with a form feed", body("pass\n\f\n        pass")],
    ["both assignments in one line", changed("start_xml = 1", "other, start_xml = 0, 1")],
    ["assignments with types", changed("start_xml = 1", "start_xml: str = 1")],
    ["semicolons and assignment expressions before the log", body("x = 1; y = (z := 2)")],
    [
      "a log line over several lines, and a second one",
      log_(`${LOG.slice(0, -1)},\n            1\n        )\n        ${LOG}`),
    ],
    ["a method after it", `${ORIGINAL}\n    def other(self):\n        return self._build_xml()\n`],
  ])("%s", (_, text) => {
    const line = text.split("\n").findIndex((one) => one.startsWith("        logging.debug("));
    expect(point(text)).toEqual({ line, indent: "        ", variables: ["start_xml", "final_xml"] });
  });
});

describe("a file is refused, with the line and what was expected, if it has", () => {
  const defined = "_build_xml defined once, as a method, and used only as self._build_xml(";
  const signature = "a signature of _build_xml that ends in a colon";
  const returns = "`return FIRST, SECOND` as the last line of _build_xml";
  const leaves = "no other `return` and no `yield` in _build_xml";
  const log = "a line that begins with log.debug( or logging.debug( before it";
  const only = "only log.debug( lines between the first of them and the return";
  const hidden = "no `;` and no `:=` after the first log line";
  const docstring = "triple quotes only in a docstring of _build_xml";
  const assigned = (name: string) => `an assignment to ${name} before this line, at the same indentation`;
  const ends = "the same line end on all lines (LF or CRLF)";
  const feed = "no form feed in _build_xml";

  it.each([
    ["no definition", changed("_build_xml", "_build"), "import logging", defined],
    ["a function of the module", ORIGINAL.replace(/^ {4}/gm, ""), "def _build_xml", defined],
    ["a second definition", `${ORIGINAL}\n    def _build_xml(self): pass\n`, "def _build_xml(self): pass", defined],
    ["an asynchronous method", changed("def _build", "async def _build"), "async def", defined],
    ["another use of the method", `${ORIGINAL}\n    build = _build_xml\n`, "build = _build_xml", defined],
    ["a use of it by another object", `${ORIGINAL}\n    x = lambda me: me._build_xml(1)\n`, "x = lambda", defined],
    ["a signature without end", changed("(self):", "(self)"), "def _build_xml", signature],
    ["a definition in a string", `"""\n${ORIGINAL}"""\n`, "def _build_xml", "no open multi-line string at this line"],
    ["no return", changed(RETURN, "pass"), "pass", returns],
    ["a return of one value", changed(RETURN, "return final_xml"), "return final_xml", returns],
    ["a return of one variable twice", changed(RETURN, "return final_xml, final_xml"), "return final_xml,", returns],
    ["a deeper return", changed(RETURN, `if 1:\n            ${RETURN}`), RETURN, returns],
    ["code after the return", changed(RETURN, `${RETURN}\n        pass`), "pass", returns],
    ["code behind a comment", changed(RETURN, `${RETURN}\n# x\n        pass`), "pass", returns],
    ["an early return", changed(FINAL, `${FINAL}\n        if 1: return 1, 2`), "if 1: return", leaves],
    ["a return of a nested function", body("def f():\n            return 1"), "return 1", leaves],
    ["a yield", changed(FINAL, "final_xml = yield"), "final_xml = yield", leaves],
    ["a form feed before a return", body("if 1:\n            \f            return 1, 2"), "return 1, 2", feed],
    ["a form feed after the log", log_(`${LOG}\n            \f        final_xml = 3`), "final_xml = 3", feed],
    ["no log line", log_("pass"), RETURN, log],
    ["a deeper log line only", log_(`if 1:\n            ${LOG}`), RETURN, log],
    ["another logger only", log_('self.log.debug("")'), RETURN, log],
    ["another level only", log_('logging.info("")'), RETURN, log],
    [
      "a continued line before the log",
      log_(`1 + \\\n        ${LOG}`),
      LOG,
      "a line before it that does not end in `\\`",
    ],
    ["a multi-line string before the log", log_(`x = """"""\n        ${LOG}`), 'x = """', docstring],
    ["a docstring with other quotes at its end", first('        """a\'\'\'\n        """'), '"""', docstring],
    ["triple quotes after the first line", body('x = """\n            """'), 'x = """', docstring],
    ["an assignment to part of another name", changed(FINAL, "not_final_xml = 2"), LOG, assigned("final_xml")],
    ["an assignment to an element", changed(FINAL, "final_xml[0] = 2"), LOG, assigned("final_xml")],
    ["three other quotes in the docstring", changed("(self):", `(self):\n        """ '''"""`), '""" ', docstring],
    ["an assignment after the log", log_(`${LOG}\n        final_xml = 3`), "final_xml = 3", only],
    ["a block after the log", log_(`${LOG}\n        if 1:\n            final_xml = 3`), "if 1:", only],
    ["a comment after the log", log_(`${LOG}\n        # x`), "# x", only],
    ["a semicolon in the log", log_(`${LOG}; final_xml = 3`), LOG, hidden],
    ["an assignment expression in the log", log_("logging.debug((final_xml := 3))"), "logging.debug", hidden],
    ["a multi-line string in the log", log_('logging.debug("""\n            """)'), 'logging.debug("""', docstring],
    ["no first assignment", changed("start_xml = 1", "pass"), LOG, assigned("start_xml")],
    ["no second assignment", changed(FINAL, "pass"), LOG, assigned("final_xml")],
    ["a deeper assignment only", changed(FINAL, `if 1:\n            ${FINAL}`), LOG, assigned("final_xml")],
    ["a comparison in the place of an assignment", changed(FINAL, "final_xml == 2"), LOG, assigned("final_xml")],
    ["a CRLF line among LF lines", changed("import logging", "import logging\r"), "\n\nclass", ends],
    ["an LF line among CRLF lines", `import os\n${ORIGINAL.replace(/\n/g, "\r\n")}`, "import os", ends],
    ["CR line ends", ORIGINAL.replace(/\n/g, "\r"), "import logging", ends],
    ["no newline at the end", ORIGINAL.trimEnd(), RETURN, "a newline at the end of the file"],
  ])("%s", (_, text, place, expected) => {
    const attempt = () => point(text);
    expect(attempt).toThrow(Failure);
    expect(attempt).toThrow(
      expect.objectContaining({
        kind: "target",
        message: `${NAMED.path}, line ${lineOf(text, place)}: cannot be patched; expected ${expected}.`,
        hint: `${NAMED.restoring}, or look for a newer version of this tool.`,
      }),
    );
  });
});

describe("Python's own parser finds no wrong patch", () => {
  it("among plausible files, of which many are patched", () => {
    const all = VARIANTS.map(patchVariant);
    expect(findWrong(all)).toEqual([]);
    expect(all.length).toBeGreaterThan(200);
    // A change that refuses more than it must shows up here.
    expect(all.filter(({ patched }) => patched !== null).length).toBeGreaterThanOrEqual(80);
  });

  it("among random methods", () => {
    const lines = fc.constantFrom(...FRAGMENTS);
    const nested = fc
      .tuple(fc.constantFrom("if 1:", "for x in ():", "def f():", "try:", "with x:"), lines)
      .map(([head, block]) => [head, ...(block.length > 0 ? block : ["pass"]).map((line) => `    ${line}`)]);
    const part = fc.array(fc.oneof({ weight: 3, arbitrary: lines }, nested), { maxLength: 4 }).map((all) => all.flat());
    const method = fc
      .tuple(part, part, part, fc.boolean())
      .map(([first, middle, after, logs]) => [
        ...[...first, "start_xml = 1", "final_xml = 2", ...middle],
        ...(logs ? ["logging.debug(1)"] : []),
        ...[...after, RETURN],
      ]);
    const files = fc.sample(method, RUNS(3000, 100_000)).map((body) => ({ title: "random", text: file(body) }));
    const all = files.map(patchVariant);
    expect(findWrong(all)).toEqual([]);
    expect(all.filter(({ patched }) => patched !== null).length).toBeGreaterThan(all.length / 50);
  });
});

describe("the time grows only linearly with", () => {
  const big = 16 * 2 ** 20;
  const repeated = (text: string, before = FINAL) => {
    const lines = text.repeat(Math.ceil(big / text.length)).slice(0, big);
    return changed(before, `${before}\n${lines}\n        pass`);
  };
  // Quadratic work would take hours here, so the limit can be generous.
  it.each([
    ["lines of the method", repeated("        x = 1\n")],
    ["one line of blanks", repeated(" ")],
    ["one line of names", repeated("a, ", "final_xml = 2\n        ")],
    ["one name and blanks", changed(FINAL, `${FINAL}\n        final_xml${" ".repeat(big)}.x`)],
    ["colons and number signs", repeated(": #", "final_xml = 2\n        x")],
    ["triple quotes", repeated('"""', "final_xml = 2\n        ")],
    ["log lines", repeated(`        ${LOG}\n`, LOG)],
    ["calls of itself", repeated("        self._build_xml(1)\n")],
    ["lines of a signature", changed("(self):", `(self,\n${"            a,\n".repeat(big / 15)}b):`)],
    ["CR", repeated("\r\n")],
  ])("%s", { timeout: 60_000 }, (_, text) => {
    try {
      point(text);
    } catch (error) {
      expect(error).toBeInstanceOf(Failure);
    }
  });
});
