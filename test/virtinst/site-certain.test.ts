import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure";
import { findSite } from "../../src/virtinst/site";

const FILE = "virtinst/guest.py";

/** A guest.py with these statements between the assignments and the end of `_build_xml`. */
function source(
  between = "",
  { head = "import logging\n", before = "", signature = "def _build_xml(self):" } = {},
): string {
  const lines = (text: string, indent: string) =>
    text === ""
      ? ""
      : `${text
          .split("\n")
          .map((line) => (line === "" ? "" : indent + line))
          .join("\n")}\n`;
  return `${head}\n\nclass Guest(object):\n${lines(before, "    ")}    ${signature}
        start_xml = self.a()
        final_xml = self.b()
${lines(between, "        ")}
        return start_xml, final_xml
`;
}
const LINE = source().slice(0, source().indexOf("        start_xml")).split("\n").length;

/** The lines before which the call and the helper go. */
function places(text: string) {
  const site = findSite(text, FILE, "/x/guest.py");
  const lineBefore = (at: number) => text.slice(0, at).split("\n").at(-2);
  return { call: lineBefore(site.callAt)?.trim(), helper: lineBefore(site.helperAt) };
}

describe("whatever gives a variable a value is before the calls", () => {
  it.each([
    ["an assignment", "final_xml = 1"],
    ["one of several targets", "x, final_xml = 1, 2"],
    ["a list of targets", "[x, start_xml] = 1, 2"],
    ["targets in parentheses", "(final_xml) = 1"],
    ["a target within another", "(x, (start_xml, y)) = z"],
    ["a starred target", "x, *start_xml = z"],
    ["a target with its type", "final_xml: str = z"],
    ["an expression that assigns", "x = (final_xml := 1)"],
    ["an operator that assigns", "final_xml += 1"],
    ["a loop", "for final_xml in x: pass"],
    ["a loop over pairs", "for x, start_xml in y: pass"],
    ["a context", "with x as final_xml: pass"],
    ["an import", "import final_xml"],
    ["an import by another name", "from x import y as start_xml"],
    ["a deletion", "del final_xml"],
    ["a deletion of several", "del (x, final_xml)"],
    ["a list in a loop", "for [x, final_xml] in y: pass"],
    ["a case", "match x:\n  case final_xml: pass"],
    ["a case of several", "match x:\n  case [y, *final_xml]: pass"],
    ["a case by a name", "match x:\n  case A(1) as start_xml: pass"],
    ["a declaration", "global start_xml"],
    ["a function", "def final_xml(): pass"],
    ["a class", "class start_xml: pass"],
    ["a loop's body", "for x in y: final_xml = x"],
    ["a context's body", "with x: final_xml = y"],
    ["a branch", "if x: pass\nelse: start_xml = 1"],
    ["a loop's else", "while x: pass\nelse: start_xml = 1"],
  ])("%s", (_, statement) => {
    const last = statement.split("\n").at(-1)?.trim();
    expect(places(source(`self.c()\n${statement}`)).call).toBe(last);
  });

  it("an exception's name", () => {
    expect(places(source("try:\n    a()\nexcept E as final_xml:\n    b()")).call).toBe("b()");
  });
});

describe("what gives neither a value is not waited for", () => {
  it.each([
    ["another name", "final = 1"],
    ["the value of an assignment", "x = final_xml"],
    ["the value of a chain", "x = y = final_xml"],
    ["an index", "x[final_xml] = 1"],
    ["an attribute of it", "final_xml.x = 1"],
    ["an attribute of that name", "self.final_xml = 1"],
    ["an argument's name", "f(final_xml=1)"],
    ["a comparison", "final_xml == 1"],
    ["a function's own variable", "def f():\n    final_xml = 1"],
    ["a function's parameter", "def f(final_xml): pass"],
    ["a class's own variable", "class A:\n    final_xml = 1"],
    ["a lambda's own", "f = lambda final_xml: 1"],
    ["what a lambda assigns", "f = lambda: (final_xml := 1)"],
    ["a type without a value", "final_xml: str"],
    ["the value of an expression that assigns", "x = (y := final_xml)"],
    ["the value of an operator that assigns", "x += final_xml"],
    ["what is called", "final_xml(1)"],
    ["a case that compares", "match x:\n  case final_xml.y: pass"],
    ["a string", 's = "final_xml = 1"'],
    ["a loop over others", "for x in y: pass"],
    ["another context", "with x as y: pass"],
    ["another import", "import x"],
    ["another deletion", "del x"],
    ["another declaration", "global x"],
    ["another exception", "try:\n    a()\nexcept E as x:\n    b()"],
    ["another function", "def f(): pass"],
    ["another case", "match x:\n  case [y, A(1) as z]: pass"],
    ["a comment", "# final_xml = 1"],
  ])("%s", (_, statement) => expect(places(source(statement)).call).toBe("final_xml = self.b()"));
});

describe("a return before the place may give nothing", () => {
  it.each([
    "return",
    "return None",
    "return None, None",
    "return (None, None)",
    "return(None)",
    "return ( None , None )",
  ])("%s", (statement) => {
    const text = source().replace("        start_xml = ", `        if self.x:\n            ${statement}\n$&`);
    expect(places(text).call).toBe("final_xml = self.b()");
  });

  it.each([
    "return False",
    "return Nonesuch",
    "return None or x",
    "return x, None",
    "return start_xml, final_xml",
    "return [None]",
  ])("but not %s", (statement) => {
    const text = source().replace("        start_xml = ", `        if self.x:\n            ${statement}\n$&`);
    expect(() => findSite(text, FILE, "f")).toThrow(
      `f, line ${LINE + 1}: this return leaves the method before the domain's XML is complete, so the place for the patch is not certain.`,
    );
  });

  it("nor may one behind it give something other than the pair", () => {
    for (const statement of ["return start_xml, final_xml", "return (start_xml, final_xml)"])
      expect(places(source(`if self.x:\n    ${statement}`)).call).toBe("final_xml = self.b()");
    for (const statement of [
      "return",
      "return start_xml",
      "return final_xml, start_xml",
      "return start_xml, final_xml, x",
      "return start_xml, self.final_xml",
    ])
      expect(() => findSite(source(`if self.x:\n    ${statement}`), FILE, "f")).toThrow(
        /^f, line \d+: this return gives something other than start_xml, final_xml, so the place/,
      );
  });

  it("those of functions and classes in it are not its own", () => {
    const text = source("def f():\n    return 1\ng = lambda: 2\nclass A:\n    def h(self):\n        return 3");
    expect(places(text).call).toBe("final_xml = self.b()");
  });
});

describe("which method it is", () => {
  it.each([
    ["under a condition of the class", "if True:\n    def other(self):\n        pass"],
    ["behind a decorator", "@property\ndef other(self):\n    return 1"],
    ["behind one of the same name in another class", "class Inner:\n    def _build_xml(self):\n        return 1"],
    ["behind one of the same name in a function", "def f():\n    def _build_xml(self):\n        return 1"],
  ])("%s", (_, before) => expect(places(source("", { before })).call).toBe("final_xml = self.b()"));

  it("one that is decorated, or stands under a condition, is the class's too", () => {
    const plain = source();
    expect(places(plain.replace("    def _build_xml", "    @wrap\n    def _build_xml")).call).toBe(
      "final_xml = self.b()",
    );
    const under = plain
      .replace("    def _build_xml", "    try:\n     def _build_xml")
      .replace(/$/, "    except E:\n        pass\n");
    expect(places(under).call).toBe("final_xml = self.b()");
  });

  it("is not that of another class, nor of the module", () => {
    expect(() => findSite(source().replace("class Guest", "class Guests"), FILE, "f")).toThrow(/found: no such method/);
    const global = "import a\ndef _build_xml(self):\n    start_xml = final_xml = 1\n    return start_xml, final_xml\n";
    expect(() => findSite(global, FILE, "f")).toThrow(/found: no such method/);
  });

  it("is no class of that name", () => {
    expect(places(source("", { before: "class _build_xml: pass" })).call).toBe("final_xml = self.b()");
  });

  it("has to return its pair, not to name it", () => {
    for (const end of ["start_xml, final_xml", "yield start_xml, final_xml", "del start_xml, final_xml"])
      expect(() => findSite(source().replace("return start_xml, final_xml", end), FILE, "f")).toThrow(
        "(found: Guest._build_xml(self) returning something else in line 5)",
      );
  });

  it("has to have known parameters", () => {
    const text = source("", { signature: "def _build_xml(self, other):" });
    expect(() => findSite(text, FILE, "f")).toThrow(
      "f: no known layout of _build_xml (found: Guest._build_xml(self, other) returning start_xml, final_xml in line 5).",
    );
  });

  it("has to end with its one return of the pair", () => {
    const together = source().replace("self.b()\n\n        return", "self.b(); return");
    expect(() => findSite(together, FILE, "f")).toThrow(
      "(found: Guest._build_xml(self) returning something else in line 5)",
    );
  });

  it("has to be in a file that is known", () => {
    expect(() => findSite(source(), "virtinst/other.py", "f")).toThrow("(found: no such method)");
  });
});

describe("where the function goes", () => {
  it.each([
    ["behind the last import", "import a\nimport b\n", "import b"],
    ["behind one from a module", "import a\nfrom b import c\n", "from b import c"],
    ["behind all of a condition with imports", "import a\nif a:\n    import b\nelse:\n    b = None\n", "    b = None"],
    ["behind the line of an import with a comment", "import a  # why\nX = 1\n", "import a  # why"],
    ["behind all imports of a line", "import a; import b\nX = 1\n", "import a; import b"],
    ["before a function that imports", "import a\ndef f():\n    import b\n", "import a"],
    ["before a decorated function that imports", "import a\n@a.b\ndef f():\n    import b\n", "import a"],
    ["before another class that imports", "import a\nclass A:\n    import b\n", "import a"],
  ])("%s", (_, head, helper) => expect(places(source("", { head })).helper).toBe(helper));

  it("is no import behind the first class", () => {
    const attempt = () => findSite(`${source("", { head: "X = 1\n" })}\nimport late\n`, FILE, "f");
    expect(attempt).toThrow("f, line 1: there is no import before the first class, so the place");
  });
});

describe("what makes the place uncertain is said with its line, and what to do", () => {
  it.each([
    [
      "CR as the only line end at the last assignment",
      source().replace("self.b()\n\n", "self.b()\r"),
      "line 7: another statement shares the line of the last assignment",
    ],
    [
      "CR as the only line end at the last import",
      source("", { head: "import a\nimport b\rX = 1\n" }),
      "line 2: another statement shares the line of the last import",
    ],
    [
      "CR as the only line end at the method's beginning",
      source().replace("(self):\n", "(self):\r"),
      "line 5: the method's body does not begin on a line of its own",
    ],
    [
      "a variable without a value",
      source().replace("final_xml = self.b()", "pass"),
      "line 5: _build_xml returns final_xml but never assigns it",
    ],
    [
      "no values at all",
      source().replace("final_xml = self.b()", "pass").replace("start_xml = self.a()", "pass"),
      "line 5: _build_xml returns start_xml but never assigns it",
    ],
    [
      "the method twice",
      `${source()}\n    def _build_xml(self):\n        pass\n`,
      "line 11: class Guest defines _build_xml more than once",
    ],
    ["a NUL at its beginning", `\0${source()}`, "line 1: there is a NUL, and Python takes no such file"],
    ["a NUL", `${source()}# \0\n`, "line 10: there is a NUL, and Python takes no such file"],
    ["an error in the method", source("x = = 1"), "line 8: this is not Python that can be read"],
    [
      "an error before the imports",
      source("", { head: 'print "a", b\nimport logging\n' }),
      "line 1: this is not Python that can be read",
    ],
    [
      "an error elsewhere, and the name of the method twice in the text",
      source("", { before: 'def p(self):\n    print "a", b\n# def _build_xml' }),
      /^line 6: this is not Python that can be read/,
    ],
    [
      "an error, and no method that can be found",
      "import a\nclass Guest:\n  x = = 1\n def _build_xml(self):\n    pass\n",
      /^line \d: this is not Python that can be read/,
    ],
  ])("%s", (_, text, why) => {
    const attempt = () => findSite(text, FILE, "/x/guest.py");
    expect(attempt).toThrow(Failure);
    const message = typeof why === "string" ? `/x/guest.py, ${why}, so the place for the patch is not certain.` : null;
    expect(attempt).toThrow(
      expect.objectContaining({
        kind: "target",
        hint: expect.stringMatching(/^Get a clean file from its package, then apply again\.$/),
        ...(message ? { message } : {}),
      }),
    );
    if (typeof why !== "string") expect(attempt).toThrow(new RegExp(why.source.replace("^", "^/x/guest\\.py, ")));
  });

  it("an error elsewhere is none, nor is one where the file has no such method", () => {
    const other = 'def p(self):\n    print "a", b';
    expect(places(source("", { before: other })).call).toBe("final_xml = self.b()");
    expect(places(`${source()}\n\n${other}\n`).call).toBe("final_xml = self.b()");
    expect(() => findSite("import a\nx = = 1\n", FILE, "f")).toThrow(
      "f: no known layout of _build_xml (found: no such method).",
    );
  });

  it("the layouts that are known are named where none fits", () => {
    expect(() => findSite("import a\n", FILE, "f")).toThrow(
      expect.objectContaining({
        hint: expect.stringContaining(
          "Supported are Guest._build_xml in virtinst/guest.py returning start_xml, final_xml (1.0.0 to 1.3.2); Guest._build_xml in virtinst/guest.py returning install_xml, final_xml (1.4.0 to 1.5.1); ",
        ),
      }),
    );
  });
});
