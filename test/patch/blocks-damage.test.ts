import { describe, expect, it } from "vitest";
import { blocksDigest, findBlocks } from "../../src/patch/blocks";
import { sha256 } from "../../src/patch/facts";
import { readFacts } from "../../src/patch/read-facts";
import { FACTS, PRISTINE, patched } from "../support/patched";

const { blocks, text } = patched();
const callLine = blocks.call.split("\n")[1] as string;
/** With a line at the end of the calls. */
const inCall = (line: string) => text.replace(`${callLine}\n`, `${callLine}\n${line}\n`);
const inHelper = (line: string) =>
  text.replace("    return xml\n", `$&${line}\n`).replace("    import logging\n", `${line}\n$&`);

describe("a file without blocks", () => {
  it.each([
    ["that has nothing of ours", PRISTINE],
    ["that names the tool in a comment", `# see virtinst-rbd-patch\n${PRISTINE}`],
    ["that is empty", ""],
  ])("%s", (_, content) => expect(findBlocks(content)).toEqual({ state: "absent" }));
});

describe("the function's name outside the blocks is damage", () => {
  const reason = "the name _virtinst_rbd_patch stands outside the blocks";
  it.each([
    ["without any block", "x = 1\ny = _virtinst_rbd_patch(x)\n", 2],
    ["at the very beginning", "_virtinst_rbd_patch = 1\n", 1],
    ["before the blocks", `x = _virtinst_rbd_patch\n${text}`, 1],
    ["between the blocks", text.replace("class Guest", "_virtinst_rbd_patch\nclass Guest"), null],
    [
      "in the line behind the first block",
      text.replace(blocks.helper, `${blocks.helper}_virtinst_rbd_patch(1)\n`),
      null,
    ],
  ])("%s", (_, content, line) => {
    expect(findBlocks(content)).toMatchObject({ state: "damaged", reason, ...(line === null ? {} : { line }) });
  });
});

describe("markers without the function's name are no clean file", () => {
  it("a beginning", () => {
    expect(findBlocks("import a\n# >>> virtinst-rbd-patch 1.0.0\n")).toEqual({
      state: "damaged",
      reason: "a block begins and has no end",
      line: 2,
    });
  });

  it("an end", () => {
    expect(findBlocks("import a\n\n  # <<< virtinst-rbd-patch\n")).toEqual({
      state: "damaged",
      reason: "a block ends that has no beginning",
      line: 3,
    });
  });
});

describe("what stands between the markers and is not of this tool", () => {
  const reason = (what: string) => ({
    state: "damaged",
    reason: `between the markers stands what is not of this tool (${what})`,
  });
  const long = "x".repeat(60);

  it.each([
    ["a statement in the calls, at a line's start", inCall("import os"), "import os"],
    ["a function in the calls", inCall("        def f():"), "def f():"],
    ["a class in the calls, by tabs", inCall("\t\tclass A:"), "class A:"],
    ["much of it in the calls", inCall(`import ${long}`), `import ${long.slice(0, 34)}`],
    ["much of it in a function of the calls", inCall(`    def ${long}`), `def ${long.slice(0, 39)}`],
    ["a statement in the function's block", inHelper("import os"), "import os"],
    ["another function in its block", inHelper("def other():"), "def other():"],
    ["much of it there", inHelper(`import ${long}`), `import ${long.slice(0, 34)}`],
  ])("%s", (_, content, what) => expect(findBlocks(content)).toMatchObject(reason(what)));

  it.each([
    ["a comment in the calls", inCall("        # the class of all disks")],
    ["a name that begins like a definition", inCall("        default = 1")],
    ["a comment at a line's start", inHelper("# a comment")],
  ])("%s is an edit, but no damage", (_, content) => {
    expect(findBlocks(content)).toMatchObject({ state: "present", intact: false });
  });
});

describe("the first lines of the function's block", () => {
  it("state lines with several digits", () => {
    const lines = `${"\n".repeat(1233)}${PRISTINE.replace("\n        return", `${"\n".repeat(100)}\n        return`)}`;
    const found = findBlocks(patched(FACTS, `import os${lines}`).text);
    expect(found).toMatchObject({
      state: "present",
      intact: true,
      inPlace: true,
      header: { lines: [2, expect.any(Number)] },
    });
    expect(found.state === "present" && found.header.lines[1]).toBeGreaterThan(1000);
    const late = findBlocks(text.replace(/lines=2,\d+/, "lines=12345,67890"));
    expect(late).toMatchObject({ header: { lines: [12345, 67890] }, inPlace: false });
  });

  it.each([
    ["a marker that is indented", text.replace("# >>> virtinst", "  # >>> virtinst")],
    ["a line between format and file", text.replace(/# format: \d+\n/, "$&# more\n")],
    ["no format at all", text.replace(/# format: \d+\n/, "")],
    ["a format that is no number", text.replace(/# format: \d+/, "# format: two")],
    ["a digest that is too short", text.replace(/sha256=[0-9a-f]{64}/, "sha256=0123")],
  ])("cannot be read with %s", (_, content) => {
    expect(findBlocks(content)).toEqual({
      state: "damaged",
      reason: "the first lines of the helper block cannot be read",
      line: 2,
    });
  });

  it.each(["3", "12", "123456789"])("of format %s are those of a later version", (format) => {
    expect(findBlocks(text.replace(/# format: \d+/, `# format: ${format}`))).toMatchObject({
      state: "damaged",
      reason: expect.stringMatching(
        /written by virtinst-rbd-patch \d\S+, in a layout that this version does not know$/,
      ),
    });
  });

  it("may have a libvirt pool's name that looks like one of them", () => {
    const [first] = FACTS as [(typeof FACTS)[number]];
    const odd = [{ ...first, libvirtPools: ["# blocks: sha256=0", "# format: 9"] }];
    const found = findBlocks(patched(odd).text);
    expect(found).toMatchObject({ state: "present", intact: true });
    if (found.state === "present") expect(readFacts(found.blocks.helper)).toEqual(odd);
  });
});

it("a file may end with the last marker, without a line break", () => {
  const end = text.lastIndexOf("\n        return");
  const cut = text.slice(0, end - 1);
  expect(cut).toMatch(/# <<< virtinst-rbd-patch$/);
  expect(findBlocks(cut)).toMatchObject({ state: "present", spans: [expect.anything(), { to: cut.length }] });
});

it("the digest is what it always was: that of both blocks without its own line", () => {
  const helper = "# a\n# blocks: sha256=whatever\nb # blocks: sha256=kept\n";
  expect(blocksDigest({ helper, call: "c\n" })).toBe(sha256("# a\n\nb # blocks: sha256=kept\nc\n"));
});
