// States of a file in which the tool and the standalone script do the same.
import { cpSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { VERSION } from "../../src/version";
import { Both } from "../support/both";
import { HOST_TWO, withFittingDigest } from "../support/cli";
import { EARLIER, patchedBy } from "../support/patched";

let patchedText: Buffer | null = null;

/** Two patched copies. The first call patches them with both; each run writes the same. */
async function patched(): Promise<Both> {
  const both = new Both();
  if (patchedText === null) await both.run("apply");
  patchedText ??= readFileSync(both.places[0].path);
  for (const { path } of both.places) writeFileSync(path, patchedText);
  return both;
}

function withoutPatch(text: string): string {
  return text.replace(/^ *# >>>[\s\S]*?^ *# <<<.*\n/gm, "");
}

const crlf = (text: string) => text.replace(/\r?\n/g, "\r\n");

const STATES: readonly (readonly [state: string, name: string, change: (text: string) => string])[] = [
  ["modified", "a change outside the patch", (text) => `${text}# more\n`],
  ["modified", "CRLF in a file that was patched with LF", crlf],
  ["modified", "bytes that are not UTF-8", (text) => `${text}# \xff\xfe\n`],
  ["modified", "an edited block", (text) => text.replace("import logging", "import logging  # mine")],
  ["modified", "a BOM in the block", (text) => text.replace("libvirt pools: ", "libvirt pools: \xef\xbb\xbf")],
  ["modified", "a surrogate in the block", (text) => text.replace("libvirt pools: ", "libvirt pools: \xed\xa0\x80")],
  ["damaged", "digits that are not ASCII", (text) => text.replace(/(mtime=\d+)\.\d{8}/, `$1.${"\xb2".repeat(8)}`)],
  ["damaged", "a missing end marker", (text) => text.replace(/^# <<<.*\n/m, "")],
  ["damaged", "a missing begin marker", (text) => text.replace(/^# >>>.*\n/m, "")],
  ["damaged", "a marker twice", (text) => text.replace(/^(# >>>.*\n)/m, "$1$1")],
  ["damaged", "a third block", (text) => `${text}# >>> virtinst-rbd-patch\n# <<< virtinst-rbd-patch\n`],
  ["damaged", "one block only", (text) => text.replace(/ {8}# >>>[\s\S]*?# <<<.*\n/, "")],
  ["damaged", "the name outside the patch", (text) => `${text}_virtinst_rbd_patch\n`],
  ["damaged", "a header without a line", (text) => text.replace(/^# Remove it: .*\n/m, "")],
  ["damaged", "a short digest", (text) => text.replace(/(# original: sha256=)[0-9a-f]/, "$1")],
  ["damaged", "a time without decimals", (text) => text.replace(/(mtime=\d+)\.\d+/, "$1")],
  ["damaged", "a time with too many digits", (text) => text.replace(/mtime=\d+/, `mtime=${"1".repeat(21)}`)],
  ["damaged", "foreign lines in the function block", (text) => text.replace(/^# original: /m, "import os\n$&")],
  ["damaged", "foreign lines in the call block", (text) => text.replace(/( {8}# >>>.*\n)/, "$1    def more(self):\n")],
  ["damaged", "indented code after the patch", (text) => `${text}    x = 1\n`],
  [
    "outdated",
    "another version",
    (text) => withFittingDigest(text.replace(/(>>> virtinst-rbd-patch) 2\S+/g, "$1 9.9.9")),
  ],
  ["outdated", "another pool", (text) => withFittingDigest(text.replaceAll("libvirtpool", "otherpool"))],
  ["not-patched", "the name of the tool in a comment", (text) => `# virtinst-rbd-patch\n${withoutPatch(text)}`],
];

test.each(STATES)("the state is %s with %s", async (state, _, change) => {
  const both = await patched();
  both.each(({ edit }) => edit(change));
  const before = readFileSync(both.places[0].path);
  const isDamaged = state === "damaged";
  expect(await both.run("verify", "--static")).toMatchObject({ code: isDamaged ? 4 : 1, state });
  const { code } = await both.run("apply", "--check");
  if (isDamaged) expect(code).toBe(4);
  expect((await both.run("revert")).code).toBe(isDamaged ? 4 : 0);
  if (isDamaged) expect(readFileSync(both.places[0].path).equals(before)).toBe(true);
});

test.each(["99999999999.123456789", "-1.500000000", "12345678901234567890.000000000"])(
  "the time %s in the header is accepted",
  async (time) => {
    const both = await patched();
    both.each(({ edit }) => edit((text) => withFittingDigest(text.replace(/(mtime=)\S+/, `$1${time}`))));
    expect((await both.run("verify", "--static")).state).toBe("current");
    expect(await both.run("revert")).toMatchObject({ code: 0, state: "not-patched" });
  },
);

test("a patch for other pools is updated, and reverted to the original", async () => {
  const old = await patched();
  const both = new Both({ pools: HOST_TWO });
  for (const [index, { path }] of old.places.entries()) cpSync(path, both.places[index]?.path as string);
  expect(await both.run("apply")).toMatchObject({ code: 0, status: "updated" });
  expect(await both.run("revert")).toMatchObject({ code: 0, restored: true });
});

test.each(EARLIER)(
  "the patch of version %s is outdated; apply updates it, and revert restores the original",
  async (version) => {
    const both = new Both();
    const { path } = both.places[0];
    const [original, { mtimeMs }] = [readFileSync(path), statSync(path)];
    const patchByEarlier = () =>
      both.each((place) => writeFileSync(place.path, patchedBy(version, original.toString())));
    patchByEarlier();
    expect(await both.run("verify", "--static")).toMatchObject({
      code: 1,
      state: "outdated",
      tool: { stateReason: `the patch was written by version ${version}, this is ${VERSION}` },
    });
    expect(await both.run("apply")).toMatchObject({ code: 0, status: "updated", state: "current" });
    expect(readFileSync(path, "latin1")).not.toContain(version);
    for (const change of [() => {}, patchByEarlier]) {
      change();
      expect(await both.run("revert")).toMatchObject({ code: 0, restored: true, timeRestored: true });
      expect(readFileSync(path).equals(original)).toBe(true);
      expect(statSync(path).mtimeMs).toBe(mtimeMs);
    }
  },
);
