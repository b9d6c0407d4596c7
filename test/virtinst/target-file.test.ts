import { cpSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { isOwnVirtinst, openTarget, replacementNotes } from "../../src/virtinst/target-file";
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
    expect(target.installation).toMatchObject({ path: `${folder}/virtinst/guest.py`, release: "1.4.3" });
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

describe("a choice is reported", () => {
  const several = { "usr/share/virt-manager": "guest-1.4", "opt/vm": "installer-4.0" };
  const virtInstall = (folder: string) => ({
    "usr/bin/virt-install": `#!/usr/bin/python3\nimport sys\nsys.path.insert(0, "${folder}")\n`,
  });

  it("if the first virt-install in PATH names no directory with a virtinst", () => {
    const { base, files, target } = host(several, virtInstall("/opt/empty"));
    expect(target.installation.path).toBe(`${base}/usr/share/virt-manager/virtinst/guest.py`);
    expect(replacementNotes(target, { files })).toEqual([
      `${base}/usr/bin/virt-install may use another virtinst than ${base}/usr/share/virt-manager. Pass the directory that contains the virtinst package with --virtinst.`,
    ]);
    expect(replacementNotes(target, { files, virtinst: "/usr/share/virt-manager" })).toEqual([]);
  });

  it("not if it names one, or if there is no virt-install", () => {
    for (const { files, target } of [host(several, virtInstall("/opt/vm")), host(several)])
      expect(replacementNotes(target, { files })).toEqual([]);
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
