import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/patch/pools";
import { readCephPools } from "../../src/patch/read-pools";
import { blockDigest, stripPatch } from "../../src/patch/strip";
import { temporaryFile } from "../support/cli";
import { HOSTILE } from "../support/hostile";
import { CEPH_POOLS, EARLIER, MODIFIED, ORIGINAL, patched, patchedBy } from "../support/patched";
import { RUNS } from "../support/runs";

// With lines of others after the method and at the end, as a distribution may have.
const BASE = `${ORIGINAL}\n    # a comment\n    def other(self):\n        return None\n\n# the end: virtinst-rbd-patch\n`;
const OLD_BASE = readFileSync("test/fixtures/virtinst/installer-4.0/virtinst/install/installer.py", "utf8");
const FILES: [version: string, text: string, base: string][] = [
  ["this version", patched(CEPH_POOLS, BASE).text, BASE],
  ...EARLIER.map((version): [string, string, string] => [version, patchedBy(version, OLD_BASE), OLD_BASE]),
];
const [[, TEXT]] = FILES as [[string, string, string]];
const isMarker = (line: string) => /^ *# (>>>|<<<) virtinst-rbd-patch/.test(line);
const damage = (text: string) => {
  const stripped = stripPatch(text);
  return stripped.state === "damaged" ? `line ${stripped.line}: ${stripped.reason}` : stripped.state;
};
const strip = (text: string) => {
  const stripped = stripPatch(text);
  if (stripped.state !== "patched") throw new Error(damage(text));
  return stripped;
};
/** A text with some lines taken out, and others put before a line. */
function edited(text: string, at: number, remove: number, ...insert: string[]): string {
  const lines = text.split("\n");
  lines.splice(at, remove, ...insert);
  return lines.join("\n");
}

describe.each(FILES)("a file patched by %s", (version, text, base) => {
  const lines = text.split("\n");
  const markers = lines.flatMap((line, at) => (isMarker(line) ? [at] : []));

  it("gives back the original, with its hash and time", () => {
    const { patch, base: found } = strip(text);
    expect(found).toBe(base);
    expect(patch.original).toEqual({ sha256: sha256(base), modified: MODIFIED });
    expect(patch.intact).toBe(version === "this version");
    if (version !== "this version") expect(patch.tool).toBe(version);
    expect(lines[patch.line - 1]).toMatch(/^# >>> virtinst-rbd-patch \d/);
  });

  it("with CRLF gives back the original with CRLF", () => {
    const { base: found, patch } = strip(text.replace(/\n/g, "\r\n"));
    expect(found).toBe(base.replace(/\n/g, "\r\n"));
    expect(patch.block).toBe(strip(text).patch.block);
    expect(patch.intact).toBe(version === "this version");
  });

  it("is damaged with any marker line deleted", () => {
    for (const at of markers) expect(damage(edited(text, at, 1))).toMatch(/^line \d+: /);
  });

  it("is damaged with any marker line duplicated, wherever the copy is", () => {
    for (const from of markers)
      for (let to = 0; to <= lines.length; to++)
        expect(damage(edited(text, to, 0, lines[from] as string))).toMatch(/^line \d+: /);
  });

  it("with any marker line moved is damaged, or stripping removes the patch and nothing else", () => {
    for (const from of markers) {
      const without = edited(text, from, 1);
      for (let to = 0; to < lines.length; to++) {
        const moved = edited(without, to, 0, lines[from] as string);
        const stripped = stripPatch(moved);
        if (stripped.state !== "damaged") expect([to, stripped]).toMatchObject([to, { state: "patched", base }]);
      }
    }
  });

  it("with a line of another program anywhere keeps that line, or is damaged or has an edited block", () => {
    const foreign = ["x = 1", "    def other(self):", "# a comment", "        final_xml = None", "import os"];
    for (const line of foreign)
      for (let to = 0; to <= lines.length; to++) {
        const stripped = stripPatch(edited(text, to, 0, line));
        if (stripped.state !== "patched" || stripped.base.split("\n").includes(line)) continue;
        // An indented line in the function is an edit of the patch.
        expect([to, line, stripped.patch.intact, line.startsWith(" ")]).toEqual([to, line, false, true]);
      }
  });
});

describe("a damaged patch is reported with its line", () => {
  const markers = "the patch's marker lines are not complete and in order";
  const outside = "the name _virtinst_rbd_patch occurs outside the patch";
  const call = "the block in _build_xml is not the four lines of this tool";
  const block = "the function block is incomplete or contains other code";
  const header = expect.stringMatching(/^the header of the function block is not known \(version .*\)$/);
  const lineOf = (part: string) => TEXT.slice(0, TEXT.indexOf(part)).split("\n").length;
  const callLine = lineOf("        # >>>");
  const blockLine = lineOf("\n# >>>") + 1;
  const end = TEXT.lastIndexOf("# <<<");

  it.each([
    ["the function's name alone", "import a\nx = _virtinst_rbd_patch\n", 2, markers],
    ["a marker alone", "import a\n\n  # <<< virtinst-rbd-patch\n", 3, markers],
    ["a call elsewhere", `_virtinst_rbd_patch(1)\n${TEXT}`, 1, outside],
    ["a call right after the patch", `${TEXT}_virtinst_rbd_patch(1)\n`, TEXT.split("\n").length, outside],
    ["no second call", TEXT.replace(/ {8}final_xml = _virt.*\n/, ""), callLine, call],
    ["other names in the calls", TEXT.replace("(final_xml)\n        # <<<", "(x)\n        # <<<"), callLine, call],
    ["a call block with a comment", TEXT.replace(/ {8}final_xml = _virt.*(?=\n)/, "$&  # x"), callLine, call],
    [
      "another function",
      TEXT.replace("def _virtinst_rbd_patch(xml)", "def _virtinst_rbd_patch(text)"),
      blockLine,
      block,
    ],
    ["a statement at the first column", `${TEXT.slice(0, end)}import os\n${TEXT.slice(end)}`, blockLine, block],
    ["a statement before the function", TEXT.replace("def _virt", "import os\n$&"), blockLine, block],
    ["a rest of a function after it", `${TEXT}\n        return xml\n`, blockLine, block],
    ["one header line more", TEXT.replace("# block: ", "# x\n$&"), blockLine, header],
    ["two header lines exchanged", TEXT.replace(/(# original: .*\n)(# block: .*\n)/, "$2$1"), blockLine, header],
    ["a short hash", TEXT.replace(/(original: sha256=)..../, "$1"), blockLine, header],
    ["a time without nanoseconds", TEXT.replace(/mtime=\d+\.\d+/, "mtime=1400000000"), blockLine, header],
    ["a version with blanks", TEXT.replace(/(\n# >>> virtinst-rbd-patch) \S+/, "$1 2.0 .0"), blockLine, header],
  ])("if it has %s", (_, text, line, reason) => expect(stripPatch(text)).toEqual({ state: "damaged", line, reason }));
});

it.each([
  ["nothing of this tool", ORIGINAL],
  ["the tool's name in a comment", `# patched by virtinst-rbd-patch 2.0.0\n${ORIGINAL}`],
  ["markers of other tools", `# >>> virtinst-rbd-patch-2\n# >>> virtinst-rbd-patches\n# >>> conda\n${ORIGINAL}`],
  ["a marker within a line", `x = 1 # >>> virtinst-rbd-patch\n${ORIGINAL}`],
  [
    "lines that resemble markers",
    `#>>> virtinst-rbd-patch\n#  <<< virtinst-rbd-patch\n\u2028# >>> virtinst-rbd-patch\n`,
  ],
])("a file with %s is not patched", (_, text) => expect(stripPatch(text)).toEqual({ state: "not-patched" }));

it("many blank lines after the patch are kept", () => {
  const text = `${TEXT}${"\n".repeat(8_000_000)}   \n`;
  expect(strip(text).base.length).toBe(BASE.length + 8_000_004);
});

it("comments with the tool's name, and other code after the patch, are kept", () => {
  const text = `# virtinst-rbd-patch\n${TEXT}\n# virtinst-rbd-patch: see above\n\n\ndef more():\n    pass\n`;
  expect(strip(text).base).toBe(text.replace(TEXT, BASE));
});

describe("the header", () => {
  it.each([...HOSTILE, "# block: sha256=0", "\n# original: sha256="])("accepts a pool named %j", (name) => {
    const [first] = CEPH_POOLS as [(typeof CEPH_POOLS)[number]];
    const pools = [{ ...first, libvirtPools: [name, "x"], name }];
    const { patch, text } = patched(pools);
    expect(patch.intact).toBe(true);
    expect(text).toMatch(/^[\n\t -~]*$/);
    expect(readCephPools(patch.block)).toEqual(pools);
  });

  it.each(["-1.000000001", "0.000000000", "10000000000.999999999"])("accepts the time %s", (modified) => {
    const text = TEXT.replace(MODIFIED, modified);
    expect(strip(text).patch.original).toEqual({ sha256: sha256(BASE), modified });
    expect(strip(text).patch.intact).toBe(false);
  });

  it("has the hash of both blocks, and its command prints it", () => {
    const [call = "", block = ""] = strip(TEXT).patch.spans.map(({ from, to }) => TEXT.slice(from, to));
    const digest = /^# block: sha256=(.*)$/m.exec(TEXT)?.[1];
    expect(blockDigest(call, block)).toBe(digest);
    const file = temporaryFile("guest.py", TEXT);
    const sed = "sed -n '/^ *# >>> virtinst-rbd-patch/,/^ *# <<< virtinst-rbd-patch/p'";
    const printed = execFileSync("sh", ["-c", `${sed} '${file}' | grep -v '^# block:' | sha256sum`], {
      encoding: "utf8",
    });
    expect(printed.split(" ")[0]).toBe(digest);
  });

  it("with the right hash of text that is not ASCII does not make the patch intact", () => {
    const text = TEXT.replace("    import re\n", "    import re  # \u00e9\n");
    const [call = "", block = ""] = strip(text).patch.spans.map(({ from, to }) => text.slice(from, to));
    expect(text).not.toBe(TEXT);
    expect(strip(text.replace(/(# block: sha256=).*/, `$1${blockDigest(call, block)}`)).patch.intact).toBe(false);
  });

  it("has a command that removes the patch: the same bytes as stripping", () => {
    const command = /^# Without it: (sed .*) FILE$/m.exec(TEXT)?.[1];
    for (const text of [TEXT, TEXT.replace(/\n/g, "\r\n"), patched(CEPH_POOLS, BASE.replace(/ {4}/g, "\t")).text]) {
      const file = temporaryFile("guest.py", text);
      execFileSync("sh", ["-c", `${command} '${file}'`]);
      expect(readFileSync(file, "utf8")).toBe(strip(text).base);
    }
  });
});

it("a change of one character in the blocks never removes other code", () => {
  const { spans } = strip(TEXT).patch;
  const inside = spans.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, at) => from + at));
  const place = fc.constantFrom(...inside);
  fc.assert(
    fc.property(place, fc.constantFrom("x", " ", "0", "#", "\n", '"', "\t"), fc.boolean(), (at, by, replace) => {
      const text = TEXT.slice(0, at) + by + TEXT.slice(at + (replace ? 1 : 0));
      const stripped = stripPatch(text);
      if (text === TEXT || stripped.state === "damaged") return;
      expect(stripped).toMatchObject({ state: "patched" });
      if (stripped.state !== "patched") return;
      // White space at the edge of a block can be outside of it.
      const code = (of: string) => of.replace(/\s/g, "");
      expect(code(stripped.base)).toBe(code(BASE));
    }),
    { numRuns: RUNS(3000, 100_000) },
  );
});
