import { readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { examine } from "../../src/patch/examine";
import { sha256 } from "../../src/patch/pools";
import { encode } from "../../src/patch/source";
import { stripPatch } from "../../src/patch/strip";
import { HostFiles } from "../../src/system/host-files";
import { openTarget, planPatch, targetNotes } from "../../src/virtinst/target-file";
import { copyVirtinst, PLAIN } from "../support/cli";
import { CEPH_POOLS } from "../support/patched";
import { system } from "../support/programs";

const FILE = "virtinst/install/installer.py";
const ORIGINAL = readFileSync(`test/fixtures/virtinst/${PLAIN}/${FILE}`, "utf8");
const NOW = "1500000000.000000001";

/** A target with some content. */
function open(content: string | Buffer) {
  const virtinst = copyVirtinst(PLAIN);
  writeFileSync(join(virtinst, FILE), content);
  utimesSync(join(virtinst, FILE), 1400000000, 1400000000);
  const options = { files: new HostFiles(), virtinst };
  const target = openTarget(options, CEPH_POOLS);
  const plan = (modified = NOW) => planPatch(target.installation, target.examined, modified, CEPH_POOLS);
  return { target, plan, notes: () => targetNotes(target, options) };
}

function original(text: string) {
  const stripped = stripPatch(text);
  if (stripped.state !== "patched") throw new Error(stripped.state);
  return stripped.patch.original;
}

describe("the plan", () => {
  test("is the original file, and that file with the patch for these pools", () => {
    const { target, plan } = open(ORIGINAL);
    const { before, after } = plan();
    expect(before).toEqual({ text: ORIGINAL, encoding: "utf8" });
    expect(original(after.text)).toEqual({ sha256: sha256(ORIGINAL), modified: NOW });
    expect(examine(encode(after), CEPH_POOLS, target.installation).state).toBe("current");
  });

  test("for a patched file has the modification time from before the patch", () => {
    const first = open(ORIGINAL).plan().after;
    expect(open(first.text).plan("1600000000.000000000").after).toEqual(first);
  });

  test("for a file that was changed outside the patch has the time and the digest of the changed file", () => {
    const first = open(ORIGINAL).plan().after;
    const { after } = open(`${first.text}# more\n`).plan("1600000000.000000000");
    expect(original(after.text)).toEqual({
      sha256: sha256(`${ORIGINAL}# more\n`),
      modified: "1600000000.000000000",
    });
  });
});

test("a file that is removed while it is read is an error of the target, with its path", () => {
  const virtinst = copyVirtinst(PLAIN);
  const path = join(virtinst, FILE);
  const files = new HostFiles();
  const { readText } = files;
  vi.spyOn(files, "readText").mockImplementation((inside) => {
    const text = readText.call(files, inside);
    rmSync(path, { force: true });
    return text;
  });
  expect(() => openTarget({ files, virtinst }, CEPH_POOLS)).toThrow(
    expect.objectContaining({ kind: "target", message: `${path} cannot be read: no such file or directory.` }),
  );
});

describe("every command reports", () => {
  test("a manual edit, with its line in the file as it is", () => {
    const edited = ORIGINAL.replace(/^( +)log\.debug\(/m, "$1final_xml = re.sub('a', 'b', final_xml)\n$&");
    for (const text of [edited, open(edited).plan().after.text]) {
      const line = text.slice(0, text.indexOf("re.sub('a'")).split("\n").length;
      expect(open(text).notes()).toEqual([
        `_build_xml has a manual edit in line ${line}, which rewrites the domain XML: restore the file from its package.`,
      ]);
    }
    for (const text of [ORIGINAL, open(ORIGINAL).plan().after.text]) expect(open(text).notes()).toEqual([]);
  });

  test("that virt-install may use another virtinst, unless --virtinst names one", () => {
    const choose = (folder: string, virtinst?: string) => {
      const { base, files } = system({
        "usr/share/virt-manager/": "guest-1.4",
        "opt/vm/": PLAIN,
        "usr/bin/virt-install": `#!/usr/bin/python3\nimport sys\nsys.path.insert(0, "${folder}")\n`,
      });
      const options = { files, ...(virtinst === undefined ? {} : { virtinst }) };
      return targetNotes(openTarget(options, null), options).map((note) => note.replaceAll(base, ""));
    };
    expect(choose("/opt/empty")).toEqual([
      "/usr/bin/virt-install may use another virtinst than /usr/share/virt-manager. Pass the directory that contains the virtinst package with --virtinst.",
    ]);
    expect(choose("/opt/vm")).toEqual([]);
    expect(choose("/opt/empty", "/usr/share/virt-manager")).toEqual([]);
  });
});
