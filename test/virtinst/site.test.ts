import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RECIPES } from "../../src/virtinst/recipes";
import { findSite } from "../../src/virtinst/site";

const FILE = "virtinst/guest.py";

/** A guest.py whose `_build_xml(self)` has this body; `%` stands for one indentation. */
function source(
  body: string,
  { head = "import logging\n", before = "", after = "", indent = "    ", parameters = "self" } = {},
): string {
  const method = `%def _build_xml(${parameters}):\n${body}`;
  return `${head}\n\nclass Guest(object):\n${before}${method}${after}`.replace(/^%+/gm, (run) =>
    indent.repeat(run.length),
  );
}

const PLAIN = `%%start_xml = self.a()
%%final_xml = self.b()

%%logging.debug(final_xml)
%%return start_xml, final_xml
`;

/** The line that the call block would follow, and the one that the helper would follow. */
function found(text: string) {
  const site = findSite(text, FILE, FILE);
  const lineBefore = (at: number) =>
    text
      .slice(0, at - 1)
      .split("\n")
      .at(-1);
  return {
    call: lineBefore(site.callAt)?.trim(),
    helper: lineBefore(site.helperAt),
    indent: site.indent,
    recipe: site.recipe.name,
  };
}

test.each(RECIPES.map((recipe) => [recipe.name, recipe] as const))("%s: the stand-in's own site", (name, recipe) => {
  const text = readFileSync(`test/fixtures/virtinst/${name}/${recipe.file}`, "utf8");
  const site = findSite(text, recipe.file, recipe.file);
  expect(site.recipe.name).toBe(name);
  expect(site.variables).toEqual(recipe.returns);
  expect(text.slice(0, site.callAt)).toMatch(/\n {8}final_xml = .*\n$/);
  expect(text.slice(0, site.helperAt)).toMatch(/\n(from|import) .*\n$|\n\)\n$/);
});

describe("the site is right with", () => {
  test.each([
    ["a plain method", source(PLAIN), "final_xml = self.b()"],
    ["a decorator", source(PLAIN, { before: "%@wrap\n%@wrap(\n%%1)\n" }), "final_xml = self.b()"],
    [
      "a nested function of the same name",
      source(PLAIN, {
        before:
          "%def other(self):\n%%def _build_xml(self):\n%%%start_xml = 1\n%%%return start_xml, final_xml\n%%return _build_xml\n\n",
      }),
      "final_xml = self.b()",
    ],
    [
      "a _build_xml in another class",
      source(PLAIN, {
        head: "import logging\n\nclass Other(object):\n%def _build_xml(self):\n%%start_xml = final_xml = 0\n%%return start_xml, final_xml\n",
      }),
      "final_xml = self.b()",
    ],
    [
      "a docstring that looks like the end",
      source(`%%"""Ends in\n%%return start_xml, final_xml\n%%"""\n${PLAIN}`),
      "final_xml = self.b()",
    ],
    [
      "comments that look like the end",
      source(
        `%%# return start_xml, final_xml\n%%# final_xml = None\n${PLAIN.replace("%%log", "%%# final_xml = 1\n%%log")}`,
      ),
      "final_xml = self.b()",
    ],
    [
      "a string that looks like an assignment",
      source(PLAIN.replace("%%log", '%%text = """\nfinal_xml = 1\n"""\n%%log')),
      "final_xml = self.b()",
    ],
    [
      "an assignment inside if",
      source(PLAIN.replace("\n\n", "\n%%if self.c:\n%%%final_xml = self.d()\n%%%self.e()\n\n")),
      "self.e()",
    ],
    [
      "an assignment inside try, with a comment behind",
      source(
        PLAIN.replace("\n\n", "\n%%try:\n%%%final_xml = self.d()\n%%except ValueError, error:\n%%%pass\n%%%# why\n\n"),
      ),
      "pass",
    ],
    [
      "an assignment inside with, for and else",
      source(
        PLAIN.replace(
          "\n\n",
          "\n%%for final_xml in self.all:\n%%%pass\n%%else:\n%%%with self.x as start_xml:\n%%%%pass\n\n",
        ),
      ),
      "pass",
    ],
    [
      "a tuple on the left",
      source(PLAIN.replace("\n\n", "\n%%(start_xml, [x, final_xml]) = self.both()\n\n")),
      "(start_xml, [x, final_xml]) = self.both()",
    ],
    [
      "a chain of assignments",
      source(PLAIN.replace("\n\n", "\n%%x = final_xml = self.d()\n\n")),
      "x = final_xml = self.d()",
    ],
    ["+=", source(PLAIN.replace("\n\n", "\n%%final_xml += self.d()\n\n")), "final_xml += self.d()"],
    ["a continuation line", source(PLAIN.replace("\n\n", "\n%%final_xml = self.d(\n%%%1,\n%%%2)\n\n")), "2)"],
    ["a backslash", source(PLAIN.replace("\n\n", "\n%%final_xml = \\\n%%%self.d()\n\n")), "self.d()"],
    [
      "an attribute or index of the variable, which is no assignment to it",
      source(
        PLAIN.replace(
          "\n\n",
          "\n%%final_xml.x = 1\n%%self.final_xml = 2\n%%f(final_xml=3)\n%%x[final_xml] = 4\n%%x = final_xml == 5\n\n",
        ),
      ),
      "final_xml = self.b()",
    ],
    [
      "the name in a nested function, which is not this one's",
      source(PLAIN.replace("\n\n", "\n%%def g():\n%%%final_xml = 1\n%%%return 2\n%%h = lambda: final_xml\n\n")),
      "final_xml = self.b()",
    ],
    [
      "an early return of nothing",
      source(`%%if self.c:\n%%%return None, None\n%%if self.d:\n%%%return\n${PLAIN}`),
      "final_xml = self.b()",
    ],
    [
      "a second return of the pair, behind the place",
      source(PLAIN.replace("%%return", "%%if self.c:\n%%%return start_xml, final_xml\n%%return")),
      "final_xml = self.b()",
    ],
    [
      "parentheses around the pair",
      source(PLAIN.replace("return start_xml, final_xml", "return (start_xml, final_xml)")),
      "final_xml = self.b()",
    ],
    [
      "a comment in the pair",
      source(PLAIN.replace("return start_xml, final_xml", "return (start_xml,  # first\n%%%final_xml)")),
      "final_xml = self.b()",
    ],
    [
      "a trailing comment on the assignment",
      source(PLAIN.replace("self.b()", "self.b()  # boot")),
      "final_xml = self.b()  # boot",
    ],
    [
      "a second statement on the line",
      source(PLAIN.replace("self.b()", "self.b(); self.c()")),
      "final_xml = self.b(); self.c()",
    ],
    ["a byte order mark", `\uFEFF${source(PLAIN)}`, "final_xml = self.b()"],
    ["CRLF", source(PLAIN).replace(/\n/g, "\r\n"), "final_xml = self.b()"],
    [
      "a class under if",
      source(PLAIN).replace("class Guest(object):", "if True:\n  class Guest(object):").replace(/^ {4}/gm, "      "),
      "final_xml = self.b()",
    ],
    [
      "Python 2 that the grammar does not know, in another method",
      source(PLAIN, { before: '%def p(self):\n%%print "a", self\n%%print >>f, `x`\n\n' }),
      "final_xml = self.b()",
    ],
  ])("%s", (_, text, call) => expect(found(text).call).toBe(call));

  test("tabs", () => expect(found(source(PLAIN, { indent: "\t" })).indent).toBe("\t\t"));

  test("imports over several lines, under try, with later ones inside functions", () => {
    const head =
      "#!/usr/bin/python\n'''import no'''\nimport a\ntry:\n    import b\nexcept ImportError:\n    b = None\nfrom c import (\n    d,\n    e,\n)  # f\nX = 1\n";
    expect(found(source(PLAIN, { head, after: "\nimport late\n" })).helper).toBe(")  # f");
  });

  test("both layouts of guest.py", () => {
    expect(found(source(PLAIN)).recipe).toBe("guest-1.0");
    expect(found(source(PLAIN.replace(/start_xml/g, "install_xml"))).recipe).toBe("guest-1.4");
  });
});

describe("where it is not certain, it says so with the line", () => {
  test.each([
    [
      "an early return of something",
      source(`%%if self.c:\n%%%return start_xml, final_xml\n${PLAIN}`),
      /line 7: this return leaves/,
    ],
    [
      "a late return of something else",
      source(PLAIN.replace("%%return", "%%if self.c:\n%%%return final_xml, start_xml\n%%return")),
      /line 11: this return gives something other/,
    ],
    ["line ends of CR alone", source(PLAIN).replace(/\n/g, "\r"), /shares the line of the last/],
    [
      "the method twice",
      source(PLAIN, { after: `\n%def _build_xml(self):\n${PLAIN}` }),
      /line 12: class Guest defines _build_xml more than once/,
    ],
    [
      "a variable that is never assigned",
      source(PLAIN.replace("start_xml = self.a()", "pass")),
      /line 5: _build_xml returns start_xml but never assigns/,
    ],
    ["no import", source(PLAIN, { head: "" }), /no import/],
    ["text that is not Python", source(PLAIN.replace("self.b()", "self.b(")), /line \d+: this is not Python/],
  ])("%s", (_, text, message) => expect(() => findSite(text, FILE, FILE)).toThrow(message));
});

describe("no known layout", () => {
  test.each([
    [
      "other names",
      source(PLAIN.replace(/start_xml/g, "first_xml")),
      /found: Guest\._build_xml\(self\) returning first_xml, final_xml in line 5/,
    ],
    ["one value", source(PLAIN.replace("return start_xml, final_xml", "return final_xml")), /returning something else/],
    ["other parameters", source(PLAIN, { parameters: "self, *rest" }), /_build_xml\(self, rest\)/],
    ["no method", "import logging\nclass Guest: pass\n", /no such method/],
    ["the method outside the class", `import logging\ndef _build_xml(self):\n    return 1\n`, /no such method/],
  ])("%s", (_, text, message) => {
    let failure: unknown;
    try {
      findSite(text, FILE, "/x/guest.py");
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({
      kind: "target",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/Supported are .*1\.0\.0 to 1\.3\.2.*5\.1\.0/),
    });
  });
});
