import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure";
import { examine, requireBase } from "../../src/patch/examine";
import { splitLines } from "../../src/patch/insertion-point";
import { sha256 } from "../../src/patch/pools";
import { insertPatch } from "../../src/patch/render-function";
import { decode } from "../../src/patch/source";
import { VERSION } from "../../src/version";
import { withFittingDigest } from "../support/cli";
import { CEPH_POOLS, EARLIER, MODIFIED, NAMED, ORIGINAL, patched, patchedBy } from "../support/patched";

const { text } = patched();
const look = (content: string, pools: Parameters<typeof examine>[1] = CEPH_POOLS) =>
  examine(Buffer.from(content), pools, NAMED);
const other = CEPH_POOLS.slice(0, 1);

describe("the state of a file", () => {
  const line = text.slice(0, text.indexOf("\n# >>>")).split("\n").length + 1;
  const edited = `the patch (line ${line}) was edited`;
  const outside = "the file was changed outside the patch";
  const pools = "the pools or secrets of this host have changed since the patch was rendered";
  const by = (version: string) => `the patch was written by version ${version}, this is ${VERSION}`;
  const as = (version: string) => withFittingDigest(text.replace(/(\n# >>> virtinst-rbd-patch) \S+/, `$1 ${version}`));
  const rebased = withFittingDigest(text.replace(/(original: sha256=)..../, "$10000"));
  const more = 'the patch is for "libvirtpool", "second", but this host also has "open"';
  // Somebody's own function, with the right hash: not what this tool renders.
  const own = withFittingDigest(text.replace("import re\n", "import re, os\n"));
  const lost = expect.stringMatching(/^line \d+: the patch's marker lines/);

  it.each([
    ["current", "the patch for these pools", "the patch is the one for the pools of this host", text],
    ["not-patched", "no patch", "the file has no patch", ORIGINAL],
    ["modified", "an edited function", edited, text.replace("import re\n", "import re, os\n")],
    ["modified", "another digest of the patch", edited, text.replace(/(block: sha256=)..../, "$10000")],
    ["modified", "a line after the patch", outside, `${text}x = 1\n`],
    ["modified", "another digest of the original", outside, rebased],
    ["outdated", "a patch of another version", by("2.0.1"), as("2.0.1")],
    ["outdated", "a patch for fewer pools", more, patched(other).text],
    ["outdated", "another function and its digest", pools, own],
    ["damaged", "a missing marker line", lost, text.replace(/# <<<.*\n$/, "")],
  ])("is %s with %s", (state, _, reason, content) => {
    expect(look(content as string)).toMatchObject({ state, reason, compared: true });
  });

  it("is modified if the calls were moved", () => {
    const call = text.slice(text.indexOf("        # >>>"), text.indexOf("        logging"));
    const moved = text.replace(call, "").replace("        start_xml = 1\n", `$&${call}`);
    expect(look(moved)).toMatchObject({ state: "modified", reason: `the patch (line ${line}) was moved` });
  });

  it("is outdated if the patch is for a pool that is not wanted", () => {
    const reason = 'the patch is also for "open", which this host does not have or --pool does not select';
    expect(look(text, other)).toMatchObject({ state: "outdated", reason });
  });

  it("is outdated if the monitors differ", () => {
    const moved = CEPH_POOLS.map((pool) => ({ ...pool, monitors: [] }));
    expect(look(text, moved)).toMatchObject({ state: "outdated", reason: pools });
  });

  it("is outdated if the host has no pool any more", () =>
    expect(look(text, [])).toMatchObject({ state: "outdated", reason: "this host has no rbd pool any more" }));

  it("is current without pools to compare with, and says that they were not compared", () => {
    expect(look(text, null)).toMatchObject({ state: "current", compared: false });
    expect(look(patched(other).text, null)).toMatchObject({ state: "current", compared: false });
  });

  it.each(EARLIER)("is outdated with a patch of %s, which gives back the original", (version) => {
    const original = readFileSync("test/fixtures/virtinst/installer-4.0/virtinst/install/installer.py");
    const examined = examine(Buffer.from(patchedBy(version, original.toString())), CEPH_POOLS, NAMED);
    expect(examined).toMatchObject({ state: "outdated", reason: by(version), isOriginal: true });
    expect(examined).toMatchObject({ baseHash: sha256(original), patch: { original: { modified: MODIFIED } } });
    const base = requireBase(examined, { path: "x", restoring: "" });
    expect(Buffer.from(base.text).equals(original)).toBe(true);
    // What `apply` makes of it.
    const renewed = insertPatch(base, MODIFIED, CEPH_POOLS, NAMED);
    expect(examine(Buffer.from(renewed.text), CEPH_POOLS, NAMED).state).toBe("current");
  });
});

it("a file changed outside the patch is not the original, and its hash is that of the rest", () => {
  expect(look(`${text}x = 1\n`)).toMatchObject({ isOriginal: false, baseHash: sha256(`${ORIGINAL}x = 1\n`) });
  expect(look(text)).toMatchObject({ isOriginal: true, baseHash: sha256(ORIGINAL) });
});

it.each([
  ["CRLF", Buffer.from(ORIGINAL.replace(/\n/g, "\r\n"))],
  ["tabs", Buffer.from(ORIGINAL.replace(/ {4}/g, "\t"))],
  ["a byte order mark", Buffer.from(`\ufeff${ORIGINAL}`)],
  ["Latin-1", Buffer.from(`# \xe9\n${ORIGINAL}`, "latin1")],
  ["line ends of Unicode", Buffer.from(ORIGINAL.replace("XML", "\u2028\u0085\v"))],
])("a file with %s is current after the insertion, and gives back its bytes", (_, bytes) => {
  const after = insertPatch(decode(bytes), MODIFIED, CEPH_POOLS, NAMED);
  // No line end differs.
  expect(() => splitLines(after.text, NAMED)).not.toThrow();
  const examined = examine(Buffer.from(after.text, after.encoding), CEPH_POOLS, NAMED);
  expect(examined).toMatchObject({ state: "current", isOriginal: true, baseHash: sha256(bytes) });
  expect(Buffer.from(examined.base?.text ?? "", after.encoding).equals(bytes)).toBe(true);
});

it("a damaged file has no base: the failure has the line and how to restore the file", () => {
  const attempt = () => requireBase(look(text.replace(/# <<<.*\n$/, "")), { path: "/x", restoring: "Reinstall it" });
  expect(attempt).toThrow(Failure);
  expect(attempt).toThrow(
    expect.objectContaining({
      kind: "target",
      message: expect.stringMatching(/^\/x, line \d+: .*\. Nothing was written\.$/),
      hint: "Reinstall it, then apply again.",
    }),
  );
});
