import { linkSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { editOf, openTarget, planPatch, targetNotes } from "../../src/virtinst/target-file";
import { copyVirtinst } from "../support/cli";
import { FACTS } from "../support/patched";

const FILE = "virtinst/install/installer.py";
const ORIGINAL = readFileSync(`test/fixtures/virtinst/installer-4.0/${FILE}`, "utf8");
const EDITED = ORIGINAL.replace(/^( +)log\.debug\(/m, "$1final_xml = re.sub('a', 'b', final_xml)\n$&");

/** A target with some text. */
function open(text: string) {
  const virtinst = copyVirtinst("installer-4.0");
  const path = join(virtinst, FILE);
  writeFileSync(path, text);
  const options = { files: new HostFiles(), virtinst };
  return { path, options, target: openTarget(options, null) };
}

/** The text with the patch. */
function patched(text: string): string {
  const { target } = open(text);
  return planPatch(target.installation, target.examined, "1400000000.000000000", FACTS).after.text;
}

const lineOf = (text: string) => text.slice(0, text.indexOf("re.sub('a'")).split("\n").length;

test("nothing is reported about a file without a manual edit, patched or not", () => {
  for (const text of [ORIGINAL, patched(ORIGINAL)]) {
    const { target, options } = open(text);
    expect(targetNotes(target, options)).toEqual([]);
  }
});

test("hard links are reported, because the other names keep the old content", () => {
  const { path, options } = open(ORIGINAL);
  linkSync(path, `${path}.old`);
  expect(targetNotes(openTarget(options, null), options)).toEqual([
    `${path} has 2 names (hard links): a change of this one leaves the others unchanged.`,
  ]);
});

test.each([
  ["not patched", (text: string) => text],
  ["patched", patched],
])("a manual edit is reported with its line in the file as it is, %s", (_, change) => {
  const text = change(EDITED);
  const { target, options } = open(text);
  expect(editOf(target)?.lines).toBe(String(lineOf(text)));
  expect(targetNotes(target, options)).toEqual([
    `_build_xml has a manual edit in line ${lineOf(text)}, which rewrites the domain XML: restore the file from its package.`,
  ]);
});
