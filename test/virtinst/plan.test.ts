import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure";
import { findBlocks } from "../../src/patch/blocks";
import { sha256 } from "../../src/patch/facts";
import { decode } from "../../src/patch/source";
import { examine } from "../../src/patch/state";
import { HostFiles } from "../../src/system/host-files";
import { findEditIn, planOn, planPatch, planWithoutHandEdit, sameBytes } from "../../src/virtinst/plan";
import { RECIPES, type ReleasedFile } from "../../src/virtinst/recipes";
import { openTarget, type Target } from "../../src/virtinst/target";
import { copyVirtinst } from "../support/cli";
import { FACTS } from "../support/patched";

const FILE = "virtinst/install/installer.py";
const PRISTINE = readFileSync(`test/fixtures/virtinst/installer-4.0/${FILE}`, "utf8");
const LAST = "        final_xml = self._pre_reinstall_xml or final_xml\n";
const EDIT = "        final_xml = re.sub('<source', '<auth username=\"u\"/><source', final_xml)\n";
const EDITED = PRISTINE.replace(LAST, LAST + EDIT);
const NOW = "1500000000.000000001";

/** A target that holds some text. */
function target(text: string | Buffer): Target {
  const folder = copyVirtinst("installer-4.0");
  writeFileSync(join(folder, FILE), text);
  utimesSync(join(folder, FILE), 1400000000, 1400000000);
  return openTarget({ files: new HostFiles(), virtinst: folder }, FACTS);
}
const plan = ({ installation, examined }: Target, modified = NOW) => planPatch(installation, examined, modified, FACTS);

function header(text: string) {
  const found = findBlocks(text);
  if (found.state !== "present") throw new Error(found.state);
  return found.header;
}

describe("the plan for a file", () => {
  it("has both blocks in their place, which state the file, its time and the lines", () => {
    const { before, after, blocks, recipe, handEdit, replaced } = plan(target(PRISTINE));
    expect(before).toEqual({ text: PRISTINE, encoding: "utf8" });
    expect({ recipe: recipe.name, handEdit, replaced }).toEqual({
      recipe: "installer-4.0",
      handEdit: null,
      replaced: null,
    });
    expect(after.text.replace(blocks.helper, "").replace(blocks.call, "")).toBe(PRISTINE);
    const { pristine, modified, lines } = header(after.text);
    expect({ pristine, modified }).toEqual({ pristine: sha256(PRISTINE), modified: NOW });
    const numbered = PRISTINE.split("\n");
    expect(numbered[lines[0] - 2]).toBe("from ..logger import log");
    expect(`${numbered[lines[1] - 2]}\n`).toBe(LAST);
    expect(examine(Buffer.from(after.text), FACTS).state).toBe("current");
  });

  it("keeps the file's own encoding", () => {
    const bytes = Buffer.from(PRISTINE.replace("\n\n", "\n# caf\xe9\n\n"), "latin1");
    const { before, after } = plan(target(bytes));
    expect([before.encoding, after.encoding]).toEqual(["latin1", "latin1"]);
    expect(header(after.text).pristine).toBe(sha256(bytes));
  });

  it("is the same for a file that has the blocks already, with the time of the first apply", () => {
    const first = plan(target(PRISTINE)).after;
    const again = plan(target(first.text), "1600000000.000000000").after;
    expect(again).toEqual(first);
  });

  it("states the time of now where the file was changed since, and the file as it is now", () => {
    const first = plan(target(PRISTINE)).after;
    const { after } = plan(target(`${first.text}# more\n`), "1600000000.000000000");
    expect(header(after.text)).toMatchObject({
      modified: "1600000000.000000000",
      pristine: sha256(`${PRISTINE}# more\n`),
    });
  });

  it("is none where its markers are damaged", () => {
    const damaged = plan(target(PRISTINE)).after.text.replace("# <<< virtinst-rbd-patch\n", "");
    const attempt = () => plan(target(damaged));
    expect(attempt).toThrow(Failure);
    expect(attempt).toThrow(/installer\.py, line \d+: /);
  });

  it("may be made for another pristine file than the one at hand", () => {
    const { installation } = target(PRISTINE);
    const other = { sha256: "b".repeat(64), modified: "1.000000000" };
    const { after } = planOn(decode(Buffer.from(PRISTINE)), installation, other, FACTS);
    expect(header(after.text)).toMatchObject({ pristine: other.sha256, modified: other.modified });
  });
});

describe("a file with a hand edit", () => {
  it("keeps it in the plan, which names it", () => {
    const { before, after, handEdit, replaced } = plan(target(EDITED));
    expect(before.text).toBe(EDITED);
    expect(after.text).toContain("re.sub(");
    expect(handEdit?.lines).toBe("33");
    expect(replaced).toBeNull();
  });

  it("has a plan without it, for the file as it was", () => {
    const { installation, examined } = target(EDITED);
    const found = planWithoutHandEdit(installation, examined, NOW, FACTS);
    expect(found?.before.text).toBe(PRISTINE);
    expect(found?.handEdit).toBeNull();
    expect(found?.replaced?.lines).toBe("33");
    expect(header(found?.after.text ?? "")).toMatchObject({ pristine: sha256(PRISTINE), modified: NOW });
  });

  it("has one too behind the blocks, and keeps the time of the first apply", () => {
    const { installation, examined } = target(plan(target(EDITED)).after.text);
    const found = planWithoutHandEdit(installation, examined, "1600000000.000000000", FACTS);
    expect(found?.before.text).toBe(PRISTINE);
    expect(header(found?.after.text ?? "").modified).toBe(NOW);
  });

  it("is brought back to the file of a release where empty lines around it go too", () => {
    const recipe = RECIPES.find(({ name }) => name === "installer-4.0");
    if (!recipe) throw new Error("installer-4.0");
    const spaced = PRISTINE.replace(LAST, `${LAST}\n        # by hand\n${EDIT}`);
    const { installation, examined } = target(spaced);
    const unknown = planWithoutHandEdit(installation, examined, NOW, FACTS);
    expect(unknown?.before.text).toBe(PRISTINE.replace(LAST, `${LAST}\n        # by hand\n`));
    // As if this very file were that of a release.
    const releases = recipe.pristine as Record<string, ReleasedFile>;
    releases["0.0.0"] = { sha256: sha256(PRISTINE), lines: [1, 1] };
    try {
      expect(planWithoutHandEdit(installation, examined, NOW, FACTS)?.before.text).toBe(PRISTINE);
    } finally {
      delete releases["0.0.0"];
    }
  });

  it("that there is none is no failure", () => {
    const { installation, examined } = target(PRISTINE);
    expect(planWithoutHandEdit(installation, examined, NOW, FACTS)).toBeNull();
    expect(findEditIn(PRISTINE, installation)).toBeNull();
  });

  it("is found, where the layout is known", () => {
    const { installation } = target(EDITED);
    expect(findEditIn(EDITED, installation)?.lines).toBe("33");
    expect(findEditIn(EDITED.replace("_build_xml", "_other"), installation)).toBeNull();
    // A fault of this tool is not taken for such a file.
    expect(() => findEditIn(null as unknown as string, installation)).toThrow(TypeError);
  });
});

it("two sources are the same by their bytes, not by their texts", () => {
  const utf8 = { text: "é", encoding: "utf8" } as const;
  expect(sameBytes(utf8, { ...utf8 })).toBe(true);
  expect(sameBytes(utf8, { text: "é", encoding: "latin1" })).toBe(false);
  expect(sameBytes(utf8, { text: "Ã©", encoding: "latin1" })).toBe(true);
});
