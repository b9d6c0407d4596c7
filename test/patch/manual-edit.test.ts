import { describe, expect, it } from "vitest";
import { findManualEdit, manualEditFailure } from "../../src/patch/manual-edit";
import { NAMED, ORIGINAL } from "../support/patched";

const LOG = '        logging.debug("XML';
/** The file with lines before its log line, which is line 9. */
const withLines = (...lines: string[]) =>
  ORIGINAL.replace(LOG, `${lines.map((line) => `        ${line}\n`).join("")}${LOG}`);
const find = (text: string) => findManualEdit(text.split("\n"), NAMED);

describe("the widely copied edit is found, with its lines", () => {
  const secret = `"<auth username='libvirt'><secret type='ceph' uuid='2a5b08e4'/></auth>"`;
  it.each([
    ["one replacement", ["final_xml = final_xml.replace('<a/>', '<b/>')"], "9"],
    [
      "a re.sub of both variables",
      [`start_xml = re.sub(r"x", ${secret}, start_xml)`, `final_xml = re.sub("x", "", final_xml)`],
      "9, 10",
    ],
    [
      "a pattern for each variable",
      [
        "a = re.compile('x')",
        "b = re.compile('y')",
        "start_xml = a.sub('', start_xml)",
        "final_xml=b.sub('', final_xml)",
      ],
      "9, 10, 11, 12",
    ],
    [
      "a replacement with its arguments on lines of their own",
      ["final_xml = re.sub(", "    'x',", "    'y', final_xml)"],
      "9",
    ],
    [
      "a replacement with other lines between",
      ["pattern = re.compile('x')", "name = 1", "final_xml = pattern.sub('', final_xml)"],
      "9, 11",
    ],
    ["a replacement through another variable", ["xml = re.subn('x', 'y', final_xml)[0]", "final_xml = xml"], "9"],
  ])("if it is %s", (_, lines, expected) => expect(find(withLines(...lines))?.lines).toBe(expected));

  it("and with their text", () => {
    const [one, two] = ["final_xml = final_xml.replace('a', 'b')", "final_xml = re.sub('a', 'b', final_xml)"];
    const text = `        ${one}\n        ${two}\n`;
    expect(find(withLines(one, "name = 1", two))).toEqual({ lines: "9, 11", text });
  });

  it("in a file with CRLF or tabs", () => {
    const text = withLines("final_xml = final_xml.replace('a', 'b')");
    expect(find(text.replace(/ {4}/g, "\t"))?.lines).toBe("9");
  });

  it("if a comment was added after the return too", () => {
    const text = withLines("final_xml = final_xml.replace('a', 'b')").replace(/return .*/, "$&\n        # edited");
    expect(find(text)?.lines).toBe("9");
  });

  it("in both values of the return, and without a return of two variables", () => {
    const both = "return re.sub('a', 'b', start_xml), re.sub('a', 'b', final_xml)";
    expect(find(ORIGINAL.replace("return start_xml, final_xml", both))?.lines).toBe("10");
    expect(find(withLines("final_xml = final_xml.replace('a', 'b')").replace(/return .*/, "pass"))?.lines).toBe("9");
  });
});

describe("other code is not a manual edit:", () => {
  it.each([
    ["the original", ORIGINAL],
    ["a replacement in another variable", withLines("name = name.replace('a', 'b')")],
    ["a replacement in the log", withLines("logging.debug(final_xml.replace('a', 'b'))")],
    ["another method", `${ORIGINAL}\n    def other(self, final_xml):\n        return final_xml.replace('a', 'b')\n`],
    ["a function with such a name", withLines("final_xml = substitute(final_xml)", "final_xml = self.sub")],
    ["no _build_xml", "final_xml = final_xml.replace('a', 'b')\n"],
  ])("%s", (_, text) => expect(find(text)).toBeNull());
});

it("the failure has the lines, the known bugs and how to restore the file", () => {
  const { kind, message, hint } = manualEditFailure({ lines: "9, 10", text: "    a = 1\n        b\n" }, NAMED);
  expect(kind).toBe("target");
  expect(message).toMatch(/^virtinst\/guest\.py: _build_xml has a manual edit in line 9, 10, .*Nothing was written\./);
  for (const bug of ["NameError", "TypeError", "<auth>"]) expect(message).toContain(bug);
  expect(hint).toMatch(/^Remove the edit \(`a = 1`, `b`\), or restore the file\./);
  expect(hint).toContain(`${NAMED.restoring}. Then apply again. --force`);
});

it("the failure shows the first 120 columns of the first 20 lines", () => {
  const text = Array.from({ length: 21 }, (_, at) => `${at}${"x".repeat(130)}\n`).join("");
  const shown = manualEditFailure({ lines: "1", text }, NAMED).hint.match(/`[^`]*`/g);
  expect(shown?.map((line) => line.length)).toEqual(Array(20).fill(122));
});
