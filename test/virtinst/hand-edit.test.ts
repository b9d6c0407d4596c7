import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describeHandEdit, withoutHandEdit } from "../../src/virtinst/hand-edit";
import { findSite } from "../../src/virtinst/site";
import { cli, copyVirtinst, HOST } from "../support/cli";

const UUID = "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1";
const FILE = "virtinst/install/installer.py";
const PRISTINE = readFileSync(`test/fixtures/virtinst/installer-4.0/${FILE}`, "utf8");

// In the shape of the edit that is copied from page to page, in this project's own words.
const VARIABLES = `auth_secret = """
      <auth username="libvirt">
        <secret type="ceph" uuid="${UUID}"/>
      </auth>"""
ceph_monitors = '<host name="192.0.2.11"/>'
`;
const REWRITE = `        driver = re.compile(r'(<driver name="qemu".*?>)')
        source = re.compile(r'(<source protocol="rbd".*?>)')
        initial_xml = driver.sub(r'\\1' + auth_secret, initial_xml)
        initial_xml = source.sub(r'\\1' + ceph_monitors, initial_xml)
        final_xml = driver.sub(r'\\1' + auth_secret, final_xml)
        final_xml = source.sub(r'\\1' + ceph_monitors, final_xml)
`;
const LAST = "        final_xml = self._pre_reinstall_xml or final_xml\n";
const edited = PRISTINE.replace("\n\ndef _testsuite", `${VARIABLES}\n\ndef _testsuite`).replace(LAST, LAST + REWRITE);
const found = (text: string) => findSite(text, FILE, FILE).handEdit;
const known = (text: string) => text === PRISTINE;

describe("the hand edit", () => {
  test("is found with its line numbers, and taken out to the byte", () => {
    const edit = found(edited);
    expect(edit?.lines).toBe("9 to 13, 38 to 43");
    expect(edit?.raises).toHaveLength(2);
    if (edit) expect(withoutHandEdit(edited, edit, () => false)).toBe(PRISTINE);
  });

  test("no released layout has one", () => expect(found(PRISTINE)).toBeNull());

  test.each([
    ["its own import re", edited.replace("import os\n", "import os\nimport re\n")],
    [
      "comments and empty lines around",
      edited
        .replace("auth_secret =", "# our cluster\nauth_secret =")
        .replace("        driver =", "\n        # Ceph\n        driver =")
        .replace("        final_xml = driver", "\n        # twice\n        final_xml = driver"),
    ],
    [
      "a guard for None",
      edited
        .replace("        initial_xml = driver", "        if initial_xml:\n            initial_xml = driver")
        .replace("        initial_xml = source", "            initial_xml = source"),
    ],
    [
      "patterns compiled in the module",
      edited
        .replace(/ {8}(driver|source) = .*\n/g, "")
        .replace("auth_secret =", "driver = re.compile('a')\nsource = re.compile('b')\nauth_secret ="),
    ],
    ["re.sub", edited.replace(/ {8}(driver|source) = .*\n/g, "").replace(/(driver|source)\.sub\(/g, "re.sub('a', ")],
    ["no regular expression for the first XML", edited.replace(/ {8}initial_xml = (driver|source).*\n/g, "")],
    ["CRLF", edited],
  ])("with %s, taking it out gives the known file", (name, text) => {
    const end = name === "CRLF" ? "\r\n" : "\n";
    const source = text.replace(/\n/g, end);
    const pristine = PRISTINE.replace(/\n/g, end);
    const edit = found(source);
    expect(edit).not.toBeNull();
    if (edit) expect(withoutHandEdit(source, edit, (candidate) => candidate === pristine)).toBe(pristine);
  });

  test("leaves what other code uses", () => {
    const text = edited
      .replace("import os\n", "import os\nimport re\n")
      .replace('return os.path.join("/", os', 'return auth_secret + re.escape("/") + os');
    const edit = found(text);
    if (!edit) throw new Error("not found");
    const left = withoutHandEdit(text, edit, known);
    expect(left).toContain("import re\n");
    expect(left).toContain("auth_secret = ");
    expect(left).not.toContain("ceph_monitors");
    expect(left).not.toContain(".sub(");
  });

  test("is not found where its lines hold something else", () => {
    expect(found(edited.replace("auth_secret, final_xml)\n", "auth_secret, final_xml); self.x()\n"))).toBeNull();
  });

  test("conflicts where it writes another secret than this host's", () => {
    const edit = found(edited);
    if (!edit) throw new Error("not found");
    expect(describeHandEdit(edit, [UUID]).join(" ")).toMatch(
      /line 9 to 13, 38 to 43\..*do not conflict.*NameError.*--import.*--replace-hand-edit/,
    );
    expect(describeHandEdit(edit, ["other"]).join(" ")).toMatch(
      /does not know the secret other of this host: the two conflict/,
    );
  });
});

describe("apply on a file with a hand edit", () => {
  function target(text: string) {
    const folder = copyVirtinst("installer-4.0");
    const path = join(folder, FILE);
    writeFileSync(path, text);
    utimesSync(path, 1400000000, 1400000000);
    return { path, folder, options: [...HOST, "--virtinst", folder] };
  }

  test("goes behind it and says so; inspect says so too; revert brings the edit back", () => {
    const { path, folder, options } = target(edited);
    expect(cli(["inspect", ...options]).stderr).toMatch(/by hand in line 9 to 13, 38 to 43/);
    const { code, stderr } = cli(["apply", ...options]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/by hand in line 9 to 13, 38 to 43/);
    expect(cli(["verify", ...options]).code).toBe(0);
    cli(["revert", "--virtinst", folder]);
    expect(readFileSync(path, "utf8")).toBe(edited);
  });

  test("--replace-hand-edit takes out just its lines, shown by --diff, also behind a patch", () => {
    for (const first of [[], ["apply"]]) {
      const { path, folder, options } = target(edited);
      if (first.length > 0) cli([...first, ...options]);
      const shown = cli(["apply", "--replace-hand-edit", "--check", "--diff", ...options]);
      expect(shown.code).toBe(1);
      const removed = shown.stdout
        .split("\n")
        .filter((line) => /^-(?!--)/.test(line) && !/virtinst.rbd.patch|^-# /.test(line));
      expect(removed.map((line) => `${line.slice(1)}\n`).join("")).toBe(VARIABLES + REWRITE);
      const { code, stderr } = cli(["apply", "--replace-hand-edit", ...options]);
      expect(code).toBe(0);
      expect(stderr).toMatch(
        /hand edit in line .* is taken out\. What is left is not the file of any upstream release/,
      );
      expect(cli(["verify", ...options]).code).toBe(0);
      cli(["revert", "--virtinst", folder]);
      expect(readFileSync(path, "utf8")).toBe(PRISTINE);
    }
  });

  test("without one, --replace-hand-edit says that there is none, and patches", () => {
    const { options } = target(PRISTINE);
    expect(cli(["apply", "--replace-hand-edit", ...options])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/no hand edit/),
    });
    expect(cli(["apply", "--replace-hand-edit", ...options])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/current/),
    });
  });
});
