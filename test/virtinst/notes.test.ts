import { linkSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/patch/facts";
import { HostFiles } from "../../src/system/host-files";
import { editOf, targetNotes } from "../../src/virtinst/notes";
import { planPatch } from "../../src/virtinst/plan";
import { RECIPES, type ReleasedFile } from "../../src/virtinst/recipes";
import { openTarget } from "../../src/virtinst/target";
import { copyVirtinst } from "../support/cli";
import { FACTS } from "../support/patched";

const FILE = "virtinst/install/installer.py";
const PRISTINE = readFileSync(`test/fixtures/virtinst/installer-4.0/${FILE}`, "utf8");
const LAST = "        final_xml = self._pre_reinstall_xml or final_xml\n";
const EDITED = PRISTINE.replace(LAST, `${LAST}        final_xml = re.sub('a', '2a5b08e4', final_xml)\n`);
const FOREIGN = "The file is not that of any upstream release: a distribution's, or changed by hand.";
const BY_HAND = expect.stringMatching(
  /^_build_xml rewrites its XML by hand in line 33\. .* so the two do not conflict\.$/,
);
const STAYS = expect.stringMatching(/^The edit itself stays as it is: /);

/** A target that holds some text. */
function open(text: string) {
  const virtinst = copyVirtinst("installer-4.0");
  const path = join(virtinst, FILE);
  writeFileSync(path, text);
  const options = { files: new HostFiles(), virtinst };
  return { path, options, target: openTarget(options, null) };
}

/** What is said of it. */
function notes(text: string, uuids: readonly string[] | null = ["2a5b08e4"]): string[] {
  const { target, options } = open(text);
  return targetNotes(target, options, uuids);
}

/** The text with the blocks in it. */
function patched(text: string): string {
  const { target } = open(text);
  return planPatch(target.installation, target.examined, "1400000000.000000000", FACTS).after.text;
}

/** As if a release had this file. */
function released<T>(text: string, act: () => T): T {
  const releases = RECIPES[0]?.pristine as Record<string, ReleasedFile>;
  releases["0.0.0"] = { sha256: sha256(text), lines: [1, 1] };
  try {
    return act();
  } finally {
    delete releases["0.0.0"];
  }
}

describe("what is said of a target", () => {
  it("nothing of a release's file, with our blocks or without", () => {
    expect(released(PRISTINE, () => notes(PRISTINE))).toEqual([]);
    expect(released(PRISTINE, () => notes(patched(PRISTINE)))).toEqual([]);
  });

  it("that it is nobody's that is known", () => expect(notes(PRISTINE)).toEqual([FOREIGN]));

  it("nothing of where a damaged file comes from", () => {
    expect(notes(patched(EDITED).replace("# <<< virtinst-rbd-patch\n", ""))).toEqual([]);
  });

  it("its hand edit, with our blocks or without; not where that is to be taken out", () => {
    expect(notes(EDITED)).toEqual([FOREIGN, BY_HAND, STAYS]);
    expect(notes(patched(EDITED))).toEqual([
      FOREIGN,
      expect.stringMatching(/^_build_xml rewrites its XML by hand in line \d+\. /),
      STAYS,
    ]);
    expect(notes(EDITED, null)).toEqual([FOREIGN]);
  });

  it("which secrets its hand edit does not know", () => {
    expect(notes(EDITED, ["other"])[1]).toContain("does not know the secret other of this host");
  });

  it("its other names first", () => {
    const { path, options, target } = open(PRISTINE);
    linkSync(path, `${path}.old`);
    expect(targetNotes(target, options, [])).toEqual([
      `${path} has 2 names (hard links): a change of this one leaves the others as they are.`,
      FOREIGN,
    ]);
  });
});

describe("the hand edit of a target", () => {
  const edit = (text: string) => editOf(open(text).target);

  it("is that of its file as it is", () => {
    expect(edit(EDITED)?.lines).toBe("33");
    const text = patched(EDITED);
    const line = text.slice(0, text.indexOf("re.sub('a'")).split("\n").length;
    expect(edit(text)?.lines).toBe(String(line));
  });

  it("may have its patterns in the module", () => {
    const text = EDITED.replace("re.sub('a', ", "p.sub(").replace("import os\n", "import os\np = re.compile('a')\n");
    expect(edit(text)).not.toBeNull();
  });

  it.each([
    ["in a file without one", PRISTINE],
    ["in a file without a known layout", EDITED.replace("_build_xml(self", "_build_xml(self, other")],
    ["in a damaged file", `${EDITED}# <<< virtinst-rbd-patch\n`],
    ["where another module is called like that", EDITED.replace("re.sub(", "more.sub(")],
  ])("is none %s", async (_, text) => expect(edit(text)).toBeNull());
});
