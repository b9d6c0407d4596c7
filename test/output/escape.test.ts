import { expect, test } from "vitest";
import { type Colours, colourDiff, PLAIN } from "../../src/output/colours";
import { inline, visible } from "../../src/output/escape";
import { monitorText } from "../../src/patch/pools";

test.each([
  ["a bell and a line break", "a\u0007b\nc\td", "a\\x07b\\x0ac\\x09d", "a\\x07b\nc\td"],
  ["a delete and an 8-bit control", "\u007f\u009b\u00a1", "\\x7f\\x9b\u00a1", "\\x7f\\x9b\u00a1"],
  ["an escape sequence and a carriage return", "\u001b[2Jx\rb", "\\x1b[2Jx\\x0db", "\\x1b[2Jx\\x0db"],
  ["a character that changes the direction", "\u202eabc", "\\u202eabc", "\\u202eabc"],
  ["characters without a width", "a\u200bb\ufeffc", "a\\u200bb\\ufeffc", "a\\u200bb\\ufeffc"],
  ["letters of any language", "\u00f6\u6d77\u{1f600}", "\u00f6\u6d77\u{1f600}", "\u00f6\u6d77\u{1f600}"],
])("text with %s is readable in the output, and has no effect on the terminal", (_, text, onOneLine, onLines) => {
  expect(inline(text)).toBe(onOneLine);
  expect(visible(text)).toBe(onLines);
});

test.each([
  [{ name: "mon.example", port: 6789 }, "mon.example:6789"],
  [{ name: "2001:db8::1", port: 3300 }, "[2001:db8::1]:3300"],
  [{ name: "2001:db8::1", port: null }, "2001:db8::1"],
  [{ name: "[2001:db8::1]", port: 3300 }, "[2001:db8::1]:3300"],
])("the monitor %o is shown as %s", (monitor, text) => expect(monitorText(monitor)).toBe(text));

test("each line of a diff has the colour that git gives it, and control characters are escaped", () => {
  const named: Colours = {
    ...PLAIN,
    bold: (text) => `<b ${text}>`,
    cyan: (text) => `<c ${text}>`,
    green: (text) => `<g ${text}>`,
    red: (text) => `<r ${text}>`,
  };
  const diff = "# for a host\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n k + # @@\n-old\n+n\u0007\tew\n";
  expect(colourDiff(diff, named)).toBe(
    "<b # for a host>\n<b --- a/x>\n<b +++ b/x>\n<c @@ -1,2 +1,2 @@>\n k + # @@\n<r -old>\n<g +n\\x07\tew>\n",
  );
});
