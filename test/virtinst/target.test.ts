import { cpSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { replacementNotes } from "../../src/virtinst/notes";
import { choiceNotes, isOwnVirtinst, openTarget } from "../../src/virtinst/target";
import { copyVirtinst, temporaryFolder } from "../support/cli";
import { FACTS } from "../support/patched";

/** A mounted system: copies of stand-ins, and a text for each other path. */
function host(virtinsts: Readonly<Record<string, string>>, texts: Readonly<Record<string, string>> = {}) {
  const base = temporaryFolder();
  for (const [path, layout] of Object.entries(virtinsts))
    cpSync(resolve("test/fixtures/virtinst", layout), join(base, path), { recursive: true });
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), text);
  }
  const files = new HostFiles(base);
  return { base, files, target: openTarget({ files }, null) };
}

describe("a target", () => {
  it("is read where it was found, with its release", () => {
    const folder = copyVirtinst("guest-1.4");
    const target = openTarget({ files: new HostFiles(), virtinst: folder }, FACTS);
    expect(target.examined.state).toBe("not-patched");
    expect(target.installation).toMatchObject({ target: { outside: `${folder}/virtinst/guest.py` }, release: "1.4.3" });
  });

  it("that goes between the look and the reading is a failure of the target, which names its file", () => {
    const folder = copyVirtinst("guest-1.4");
    const path = join(folder, "virtinst/guest.py");
    const files = new HostFiles();
    const { readText } = files;
    vi.spyOn(files, "readText").mockImplementation((inside) => {
      const text = readText.call(files, inside);
      rmSync(path, { force: true });
      return text;
    });
    expect(() => openTarget({ files, virtinst: folder }, FACTS)).toThrow(
      expect.objectContaining({ kind: "target", message: `${path} cannot be read: no such file or directory.` }),
    );
  });

  it("is this machine's own, where it was not named and no system is mounted", () => {
    const [own, mounted] = [new HostFiles(), new HostFiles(temporaryFolder())];
    expect(isOwnVirtinst({ files: own })).toBe(true);
    expect(isOwnVirtinst({ files: own, virtinst: "/opt/vm" })).toBe(false);
    expect(isOwnVirtinst({ files: mounted })).toBe(false);
    expect(isOwnVirtinst({ files: mounted, virtinst: "/opt/vm" })).toBe(false);
  });
});

describe("what is to be said of the choice", () => {
  it("nothing where there was none", () => {
    const { files, target } = host({ "usr/share/virt-manager": "installer-4.0" });
    expect(choiceNotes(target, { files })).toEqual([]);
  });

  it("nothing where it was named, however many there are", () => {
    const { files, target } = host({
      "usr/share/virt-manager": "installer-4.0",
      "usr/lib/python3/dist-packages": "guest-1.0",
    });
    expect(choiceNotes(target, { files, virtinst: "/usr/share/virt-manager" })).toEqual([]);
  });

  it("which one of several was taken, for its place or for the program that runs it", () => {
    const several = { "usr/share/virt-manager": "guest-1.4", "usr/lib/python3/dist-packages": "installer-4.0" };
    const usual = host(several);
    const own = `${usual.base}/usr/share/virt-manager`;
    // The stand-in has a virt-install of its own beside it.
    expect(choiceNotes(usual.target, usual)).toEqual([
      `There are several virtinsts: ${own} was taken, for it is what ${own}/virt-install runs; not ${usual.base}/usr/lib/python3/dist-packages. Name another with --virtinst.`,
    ]);
    const withoutProgram = { ...usual.target, installation: { ...usual.target.installation, program: null } };
    expect(choiceNotes(withoutProgram, usual)).toEqual([
      expect.stringContaining("was taken, for it is in the most usual place; not "),
    ]);
  });

  it("that a program cannot be followed, which comes before that", () => {
    const { base, files, target } = host(
      { "usr/share/virt-manager": "guest-1.4", "usr/lib/python3/dist-packages": "installer-4.0" },
      { "usr/bin/virt-install": "#!/bin/sh\nrun_it\n" },
    );
    expect(choiceNotes(target, { files })).toEqual([
      `${base}/usr/share/virt-manager was taken, but which virtinst ${base}/usr/bin/virt-install uses could not be told: ${base}/usr/bin/virt-install begins with "#!/bin/sh", and what it runs is not known. Name its folder with --virtinst, and the Python that runs it with --python.`,
    ]);
  });
});

it("before a file with other names is replaced, that is said", () => {
  const { base, files } = host({ "usr/share/virt-manager": "guest-1.4" });
  const path = join(base, "usr/share/virt-manager/virtinst/guest.py");
  const notes = () => replacementNotes(openTarget({ files }, null), { files });
  expect(notes()).toEqual([]);
  linkSync(path, join(base, "other"));
  expect(notes()).toEqual([`${path} has 2 names (hard links): a change of this one leaves the others unchanged.`]);
});
