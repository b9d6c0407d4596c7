import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { examine } from "../../src/patch/examine";
import { sha256 } from "../../src/patch/facts";
import { encode } from "../../src/patch/source";
import { stripPatch } from "../../src/patch/strip";
import { HostFiles } from "../../src/system/host-files";
import { openTarget, planPatch, type Target } from "../../src/virtinst/target-file";
import { copyVirtinst } from "../support/cli";
import { FACTS } from "../support/patched";

const FILE = "virtinst/install/installer.py";
const ORIGINAL = readFileSync(`test/fixtures/virtinst/installer-4.0/${FILE}`, "utf8");
const NOW = "1500000000.000000001";

/** A target with some content. */
function target(content: string | Buffer): Target {
  const folder = copyVirtinst("installer-4.0");
  writeFileSync(join(folder, FILE), content);
  utimesSync(join(folder, FILE), 1400000000, 1400000000);
  return openTarget({ files: new HostFiles(), virtinst: folder }, FACTS);
}
const plan = ({ installation, examined }: Target, modified = NOW) => planPatch(installation, examined, modified, FACTS);

function original(text: string) {
  const stripped = stripPatch(text);
  if (stripped.state !== "patched") throw new Error(stripped.state);
  return stripped.patch.original;
}

test("the plan is the original file, and that file with the patch for these pools", () => {
  const own = target(ORIGINAL);
  const { before, after } = plan(own);
  expect(before).toEqual({ text: ORIGINAL, encoding: "utf8" });
  expect(original(after.text)).toEqual({ sha256: sha256(ORIGINAL), modified: NOW });
  expect(examine(encode(after), FACTS, own.installation).state).toBe("current");
});

test("a file that is not UTF-8 keeps its bytes", () => {
  const bytes = Buffer.from(ORIGINAL.replace("\n\n", "\n# caf\xe9\n\n"), "latin1");
  const { before, after } = plan(target(bytes));
  expect([before.encoding, after.encoding]).toEqual(["latin1", "latin1"]);
  expect(encode(before).equals(bytes)).toBe(true);
  expect(original(after.text)?.sha256).toBe(sha256(bytes));
});

test("a second plan keeps the modification time from before the first one", () => {
  const first = plan(target(ORIGINAL)).after;
  expect(plan(target(first.text), "1600000000.000000000").after).toEqual(first);
});

test("if the file was changed outside the patch, the plan has the time and the digest of the changed file", () => {
  const first = plan(target(ORIGINAL)).after;
  const { after } = plan(target(`${first.text}# more\n`), "1600000000.000000000");
  expect(original(after.text)).toEqual({
    sha256: sha256(`${ORIGINAL}# more\n`),
    modified: "1600000000.000000000",
  });
});

test("a damaged patch is refused with its line, and with the way to restore the file", () => {
  const damaged = plan(target(ORIGINAL)).after.text.replace("# <<< virtinst-rbd-patch\n", "");
  const own = target(damaged);
  expect(() => plan(own)).toThrow(
    expect.objectContaining({
      kind: "target",
      message: expect.stringMatching(/installer\.py, line \d+: the patch's marker lines .* Nothing was written\.$/),
      hint: expect.stringContaining(own.installation.restoring),
    }),
  );
});
