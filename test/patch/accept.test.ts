import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure";
import { acceptPatch } from "../../src/patch/accept";
import { unifiedDiff } from "../../src/patch/diff";
import { sha256 } from "../../src/patch/pools";
import { VERSION } from "../../src/version";
import { CEPH_POOLS, MODIFIED, ORIGINAL, PATH, patched } from "../support/patched";

const { text } = patched();
const HASH = sha256(ORIGINAL);
const PATCH = unifiedDiff(PATH, ORIGINAL, text);
/** The patch in two hunks. */
const HUNKS = unifiedDiff(PATH, ORIGINAL, text, 0);
const LAST = HUNKS.lastIndexOf("@@ -");
const far = (number: RegExp, to: string) => HUNKS.slice(0, LAST) + HUNKS.slice(LAST).replace(number, to);
const BEYOND = `it has a line number above ${ORIGINAL.split("\n").length}, the last line of the file`;
const accept = (patch: string, base = ORIGINAL, hash = HASH) => acceptPatch(patch, PATH, base, hash, "host.patch");

/** The diff to another text, made without knowledge of blocks. */
const diffTo = (after: string) => unifiedDiff(PATH, ORIGINAL, after);

describe("a patch file is accepted", () => {
  const offered = { text, cephPools: CEPH_POOLS, original: { sha256: HASH, modified: MODIFIED }, tool: VERSION };

  it("and returns the patched file and what its blocks contain", () => expect(accept(PATCH)).toEqual(offered));

  it.each([
    ["comments before it", `# virtinst-rbd-patch\n# host: hv01\n${PATCH}`],
    ["no lines of context", unifiedDiff(PATH, ORIGINAL, text, 0)],
  ])("with %s", (_, patch) => expect(accept(patch)).toEqual(offered));

  it("if lines above its place moved, but the hash is that of the file", () => {
    const longer = `# one more\n${ORIGINAL}`;
    expect(accept(PATCH, longer, HASH).text).toBe(`# one more\n${text}`);
  });
});

describe("a patch file is refused", () => {
  const [line = ""] = /^ +start_xml = _virtinst_rbd_patch.*$/m.exec(text) ?? [];
  const twoFiles = (names: string) => `${PATCH}${names}\n@@ -0,0 +1 @@\n+x\n`;
  it.each<[title: string, patch: string, why: string]>([
    ["that is empty", "", "this is not a unified diff"],
    ["without hunks", PATCH.slice(0, PATCH.indexOf("@@")), "this is not a unified diff"],
    ["with a hunk cut short", PATCH.split("\n").slice(0, 9).join("\n"), "this is not a unified diff"],
    [
      "to another file",
      PATCH.replace(`+++ b/${PATH}`, "+++ ../../etc/passwd"),
      `it changes ../../etc/passwd, but may only change ${PATH}`,
    ],
    [
      "whose old path only ends like the right one",
      PATCH.replace(`--- a/${PATH}`, `--- x/a/${PATH}`),
      `it changes x/a/${PATH}, but may only change ${PATH}`,
    ],
    [
      "whose new path only ends like the right one",
      PATCH.replace(`+++ b/${PATH}`, `+++ x/b/${PATH}`),
      `it changes x/b/${PATH}, but may only change ${PATH}`,
    ],
    [
      "for the same file twice",
      twoFiles(`--- a/${PATH}\n+++ b/${PATH}`),
      `it changes more than one file, but may only change ${PATH}`,
    ],
    ["for a second file", twoFiles("--- a/x\n+++ b/x"), `it changes x, but may only change ${PATH}`],
    [
      "without names of files",
      PATCH.slice(PATCH.indexOf("@@")),
      `it changes more than one file, but may only change ${PATH}`,
    ],
    ["whose last hunk is beyond the end of the old file", far(/-\d+/, "-9999999"), BEYOND],
    ["whose last hunk is beyond the end of the new file", far(/\+\d+/, "+9999999"), BEYOND],
    [
      "that adds another line beside the blocks",
      diffTo(`${text}import os\n`),
      "it does not add exactly the two blocks of this tool",
    ],
    [
      "that removes a line in one of several hunks",
      unifiedDiff(PATH, ORIGINAL, text.replace("class Guest(object):\n", ""), 0),
      "it removes lines, but may only add the two blocks of this tool (to remove them: virtinst-rbd-patch revert)",
    ],
    [
      "that adds something else",
      diffTo(`${ORIGINAL}import os\n`),
      "it does not add exactly the two blocks of this tool",
    ],
    ["for no pool", diffTo(patched([]).text), "it contains no pool"],
    [
      "whose blocks were changed",
      PATCH.replace(`+${line}`, `+${line}  # changed`),
      "it does not add exactly the two blocks of this tool",
    ],
  ])("%s", (_, patch, why) => {
    const attempt = () => accept(patch);
    expect(attempt).toThrow(Failure);
    expect(attempt).toThrow(
      expect.objectContaining({
        kind: "target",
        message: `host.patch: ${why}. Nothing was written.`,
        hint: "Render the patch again on this host: virtinst-rbd-patch render -o FILE.",
      }),
    );
  });

  it("that was rendered for another file: the message has both hashes", () => {
    const other = "0".repeat(64);
    expect(() => accept(PATCH, ORIGINAL, other)).toThrow(
      `host.patch: it was rendered for a file with the SHA-256 ${HASH}, but this file has ${other}. Nothing was written.`,
    );
  });

  it("whose lines do not fit, although the hash does", () => {
    const other = ORIGINAL.replaceAll("start_xml", "first_xml");
    expect(() => accept(PATCH, other)).toThrow(
      "host.patch: its context lines do not match the file. Nothing was written.",
    );
  });

  it("if the file has other line ends, which are not converted", () =>
    expect(() => accept(PATCH, ORIGINAL.replaceAll("\n", "\r\n"))).toThrow("its context lines do not match the file"));
});
