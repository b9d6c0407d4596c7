import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { describeHandEdit, withoutHandEdit } from "../../src/virtinst/hand-edit";
import { findSite } from "../../src/virtinst/site";

const FILE = "virtinst/install/installer.py";
const PRISTINE = readFileSync(`test/fixtures/virtinst/installer-4.0/${FILE}`, "utf8");
const LAST = "        final_xml = self._pre_reinstall_xml or final_xml\n";
const IMPORT = "from ..logger import log\n";
const SUB = "        final_xml = re.sub('a', 'b', final_xml)\n";

/** A file with these lines behind the last assignment, and these behind the imports. */
const edited = (method: string, module = "") => PRISTINE.replace(LAST, LAST + method).replace(IMPORT, IMPORT + module);
const find = (text: string) => findSite(text, FILE, FILE).handEdit;
function found(text: string) {
  const edit = find(text);
  if (!edit) throw new Error("there is no hand edit");
  return edit;
}
/** The lines that an edit takes away. */
const taken = (text: string) => found(text).spans.map(({ from, to }) => text.slice(from, to));

describe("what is a hand edit", () => {
  it.each([
    ["re.sub", SUB],
    ["a pattern of the method", "        p = re.compile('a')\n        final_xml = p.sub('b', final_xml)\n"],
    ["a pattern of the object", "        self.p = re.compile('a')\n        final_xml = self.p.sub('b', final_xml)\n"],
    ["the first XML", SUB.replaceAll("final", "initial")],
    ["all of it under a condition", "        if final_xml:\n            final_xml = re.sub('a', 'b', final_xml)\n"],
    [
      "all of it under two conditions",
      "        if final_xml:\n            if self:\n                final_xml = re.sub('a', 'b', final_xml)\n",
    ],
    ["a pattern within the call", SUB.replace("'a'", "re.compile('a')")],
    ["a call over several lines", "        final_xml = re.sub(\n            'a',\n            'b', final_xml)\n"],
  ])("%s: it is taken out as a whole", (_, method) => {
    const text = edited(method);
    expect(taken(text).join("")).toBe(method);
    expect(withoutHandEdit(text, found(text), () => false)).toBe(PRISTINE);
  });

  it.each([
    ["a pattern that nothing uses", "        p = re.compile('a')\n"],
    ["a substitution in another variable", "        other = re.sub('a', 'b', final_xml)\n"],
    ["a substitution that is thrown away", "        re.sub('a', 'b', final_xml)\n"],
    ["a substitution behind something else", "        final_xml = 'x' + re.sub('a', 'b', final_xml)\n"],
    ["a substitution before something else", SUB.replace(/\n/, " + self.x()$&")],
    ["a substitution of a part of it in another variable", "        other = re.sub('a', 'b', final_xml.x)\n"],
    [
      "a substitution by a variable that is no pattern",
      `        p = self.x()\n${SUB.replace("re.sub('a',", "p.sub(")}`,
    ],
    [
      "a substitution by what holds a pattern",
      `        p = X(re.compile('a'))\n${SUB.replace("re.sub('a',", "p.sub(")}`,
    ],
    ["another function of re", "        final_xml = re.escape(final_xml)\n"],
    ["a substitution by something that is no pattern", "        final_xml = other.sub('b', final_xml)\n"],
    [
      "a name that only ends like a pattern's",
      "        p = re.compile('a')\n        final_xml = xp.sub('b', final_xml)\n",
    ],
    ["a name in which a dot may stand", "        a.b = re.compile('a')\n        final_xml = acb.sub('b', final_xml)\n"],
    ["a condition with something else in it", `        if self:\n            log.debug('x')\n    ${SUB}`],
    ["a loop", `        for x in self.y:\n    ${SUB}`],
    ["a substitution that another variable gets too", SUB.replace("final_xml =", "final_xml = other =")],
    ["nothing", ""],
  ])("%s is none", (_, method) => expect(find(edited(method))).toBeNull());

  it("nothing else of the method, whatever it is called", () => {
    const method = "        p = re.compile('a')\n        final_xml = p.sub('b', final_xml)\n";
    expect(taken(edited(`        self.p = X(re.compile('a'))\n${method}        log.debug(self.p)\n`)).join("")).toBe(
      method,
    );
  });

  it("none where other code of the method uses its pattern", () => {
    const method = "        p = re.compile('a')\n        final_xml = p.sub('b', final_xml)\n";
    expect(find(edited(`${method}        log.debug(p)\n`))).toBeNull();
    expect(find(edited(`        log.debug(p)\n${method}`))).toBeNull();
  });
});

describe("what belongs to it in the module", () => {
  const used = "        final_xml = p.sub(text, final_xml)\n";

  it("are variables and patterns that only it uses", () => {
    const module = "p = re.compile('a')\ntext = 'x'\n";
    expect(taken(edited(used, module))).toEqual(["p = re.compile('a')\n", "text = 'x'\n", used]);
  });

  it("not those that other code uses, nor those that nothing uses", () => {
    const module = "p = re.compile('a')\ntext = 'x'\nother = text\nspare = 1\n";
    expect(taken(edited(used, module))).toEqual(["p = re.compile('a')\n", used]);
  });

  it("not what gives other names a value too: an attribute, an index, a pair, a chain", () => {
    const method = "        final_xml = re.sub(os.x, text[0] + a + c, final_xml)\n";
    const module = "os.x = 1\ntext[0] = 2\na, b = 3, 4\nc = d = 5\nprint(b, d)\n";
    expect(taken(edited(method, module))).toEqual([method]);
  });

  it("is an import of re, where nothing else needs it", () => {
    expect(taken(edited(SUB, "import re\n"))).toEqual(["import re\n", SUB]);
    expect(taken(edited(SUB, "import re\nx = re.escape('a')\n"))).toEqual([SUB]);
    expect(taken(edited(SUB, "import os, re\n"))).toEqual([SUB]);
  });
});

describe("what it is known to raise", () => {
  const NAME = "NameError each time, for the module does not import re";
  const TYPE = "TypeError under --import, for the first XML is None there";
  const raises = (...texts: readonly [string, string?]) => found(edited(...texts)).raises;

  it.each([
    ["import re\n", true],
    ["import os, re\n", true],
    ["from x import re\n", true],
    ["import regex as re\n", true],
    ["from x import *\n", true],
    ["import os  # not re\n", false],
    ["import rex\n", false],
    ["from re import sub\n", false],
    ["x = 're'\n", false],
    ["x = 'import re'\n", false],
    ["", false],
  ])("the module imports re by %j: %s", (module, imports) => expect(raises(SUB, module).includes(NAME)).toBe(!imports));

  it("an import in the method serves as well", () => expect(raises(`        import re\n${SUB}`)).not.toContain(NAME));

  const sub = (name: string, argument: string) => `        ${name} = re.sub('a', 'b', ${argument})\n`;
  const [FIRST, SECOND] = ["initial_xml", "final_xml"];
  it.each([
    ["the first XML as it is", sub(FIRST, FIRST), true],
    ["the first XML with more arguments", sub(FIRST, `${FIRST}, 1`), true],
    ["the second XML", sub(SECOND, SECOND), false],
    ["the first XML or nothing", sub(FIRST, `${FIRST} or ''`), false],
    ["the first XML, if there is one", `        if ${FIRST}:\n    ${sub(FIRST, FIRST)}`, false],
  ])("%s", (_, text, does) => expect(raises(text).includes(TYPE)).toBe(does));

  it("just that, or nothing", () => {
    expect(raises(SUB, "import re\n")).toEqual([]);
    expect(raises(SUB)).toEqual([NAME]);
    expect(raises(sub(FIRST, FIRST), "import re\n")).toEqual([TYPE]);
  });
});

it("its lines are given as ranges", () => {
  const lines = (...texts: readonly [string, string?]) => found(edited(...texts)).lines;
  expect(lines(SUB)).toBe("33");
  expect(lines(SUB + SUB)).toBe("33 to 34");
  expect(lines(`${SUB}        self.x()\n${SUB}`)).toBe("33, 35");
  expect(lines(`${SUB}${SUB}        self.x()\n${SUB}`, "import re\n")).toBe("9, 34 to 35, 37");
});

describe("lines around it that somebody added", () => {
  const back = (method: string, module = "") => {
    const text = edited(method, module);
    return withoutHandEdit(text, found(text), (candidate) => candidate === PRISTINE);
  };
  const four = "\n        # a\n\n        # b\n";

  it.each([
    ["empty ones before it", `\n\n${SUB}`],
    ["a comment before it", `        # Ceph\n${SUB}`],
    ["empty ones behind it", `${SUB}\n\n`],
    ["a comment behind it", `${SUB}        # end\n`],
    ["both", `        # Ceph\n${SUB}        # end\n`],
    ["comments between its parts", `${SUB}        # and\n\n${SUB}`],
    ["any number of comments between its parts", `${SUB}${"        # and\n".repeat(10)}${SUB}`],
    ["four on both sides", `${four}${SUB}${four}`],
  ])("%s go too where that gives a known file", (_, method) => expect(back(method)).toBe(PRISTINE));

  it("in the module and in the method at once", () => {
    expect(back(`        # Ceph\n${SUB}`, "\n# ours\nimport re\n\n")).toBe(PRISTINE);
  });

  it.each([
    ["more lines of them than anybody adds", `\n\n${four}${SUB}`],
    ["other code", `        self.x()\n${SUB}`],
  ])("%s stay, and all others with them", (_, method) => {
    expect(back(method)).toBe(edited(method).replace(SUB, ""));
  });

  it("stay where a known file has them", () => {
    const text = edited(`${SUB}        # theirs\n${SUB}`);
    expect(withoutHandEdit(text, found(text), () => true)).toBe(text.replaceAll(SUB, ""));
  });

  it("at the file's end go too, with its last line's end or without", () => {
    for (const end of ["# by hand", "# by hand\n"]) {
      const text = `${edited("        final_xml = p.sub('b', final_xml)\n")}p = re.compile('a')\n${end}`;
      expect(withoutHandEdit(text, found(text), (candidate) => candidate === PRISTINE)).toBe(PRISTINE);
    }
  });

  it.each([
    ["20,000 ways", "", 20_000],
    ["fewer where the file is long", `# ${"x".repeat(200_000)}\n`, 4900],
  ])("at most %s are tried", (_, long, most) => {
    const text = edited(`${four}${SUB}${four}        self.x()\n`.repeat(5)) + long;
    let tried = 0;
    withoutHandEdit(text, found(text), () => ++tried < 0);
    // The edit's own lines come before all ways.
    expect(Math.floor((tried - 1) / 100)).toBe(most / 100);
  });

  it("stay where no way gives a known file", () => {
    const text = edited(`        # Ceph\n${SUB}`);
    const tried: string[] = [];
    const left = withoutHandEdit(text, found(text), (candidate) => {
      tried.push(candidate);
      return false;
    });
    expect(left).toBe(text.replace(SUB, ""));
    expect(tried).toContain(PRISTINE);
  });
});

describe("what is said of one that stays", () => {
  const edit = found(edited(SUB.replace("'b'", "'2A5B08E4'")));
  const [a, b] = ["2a5b08e4", "11111111"];

  it("that it does not conflict where it knows the secrets, in any case of letters", () => {
    expect(describeHandEdit(edit, [a as string])).toEqual([
      "_build_xml rewrites its XML by hand in line 33. The patch goes behind it and leaves the auth that it writes as it is, so the two do not conflict.",
      expect.stringMatching(
        /^The edit itself stays as it is: it raises NameError .*; its auth may land on disks that are not rbd\. /,
      ),
    ]);
  });

  it("which secrets it does not know", () => {
    const said = (...uuids: (string | undefined)[]) => describeHandEdit(edit, uuids as string[])[0];
    expect(said(a, b)).toContain("and that does not know the secret 11111111 of this host: the two conflict.");
    expect(said(b, "2222")).toContain(
      "and that does not know the secrets 11111111, 2222 of this host: the two conflict.",
    );
  });

  it("all that it raises", () => {
    const both = found(edited(SUB.replaceAll("final", "initial")));
    expect(describeHandEdit(both, [])[1]).toMatch(
      /^The edit itself stays as it is: it raises NameError [^;]*; it raises TypeError [^;]*; its auth may land/,
    );
  });

  it("nothing of an import that is there", () => {
    const imported = found(edited(SUB, "import re\n"));
    expect(describeHandEdit(imported, [])[1]).toMatch(/^The edit itself stays as it is: (?!it raises NameError)/);
  });
});
