import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import recipes from "../../patches/index";
import { TOOL, temporaryFolder } from "../support/cli";

let output = "";

/** Runs `npm run conformance` as a user would, but without building the tool again. */
function conformance(...args: readonly string[]) {
  const { INIT_CWD: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/conformance.mjs", ...args], {
    encoding: "utf8",
    env,
  });
  output = stdout;
  return { code: status, stdout, stderr };
}

/** The lines that say what is wrong. */
function failures(): string[] {
  return output.split("\n").filter((line) => line.startsWith("failed: "));
}

/** A small clone: a commit for each layout's stand-in, with the tags of all its releases. */
class Clone {
  readonly folder = temporaryFolder();

  constructor(layouts: readonly string[] = recipes.map(({ name }) => name), program?: string) {
    this.git("init", "-q");
    for (const recipe of recipes.filter(({ name }) => layouts.includes(name))) {
      this.standIn(recipe.name, undefined, program);
      for (const release of Object.keys(recipe.pristine)) this.git("tag", `v${release}`);
    }
  }

  /** Commits a stand-in, in place of what was there. */
  standIn(layout: string, change: (text: string) => string = (text) => text, program?: string): void {
    const file = recipes.find(({ name }) => name === layout)?.file as string;
    rmSync(join(this.folder, "virtinst"), { recursive: true, force: true });
    cpSync(resolve("test/fixtures/virtinst", layout), this.folder, { recursive: true });
    const path = join(this.folder, file);
    writeFileSync(path, change(readFileSync(path, "utf8")));
    if (program !== undefined) writeFileSync(join(this.folder, "virt-install"), program);
    this.git("add", "-A");
    this.git("commit", "-q", "-m", layout);
  }

  /** Moves the last tag to the last commit, so that what was committed since the first one is in the releases. */
  release(): void {
    this.git("tag", "-f", "v5.1.0");
  }

  git(...args: readonly string[]): void {
    const as = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgSign=false"];
    const { status, stderr } = spawnSync("git", ["-C", this.folder, ...as, ...args], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  }
}

/** A tool that does what the real one does, and then damages what it wrote. */
function brokenTool(command: string, damage: string): string {
  const path = join(temporaryFolder(), "tool.js");
  const code = `const { spawnSync } = require("node:child_process");
const { readFileSync, writeFileSync, existsSync } = require("node:fs");
const { join } = require("node:path");
const args = process.argv.slice(2);
const { status, stdout } = spawnSync(process.execPath, [${JSON.stringify(TOOL)}, ...args]);
if (args[0] === ${JSON.stringify(command)}) {
  const folder = args[args.indexOf("--virtinst") + 1];
  const file = ${JSON.stringify([...new Set(recipes.map(({ file }) => file))])}
    .map((name) => join(folder, name)).find((path) => existsSync(path));
  const text = readFileSync(file, "latin1");
  writeFileSync(file, (${damage})(text), "latin1");
}
process.stdout.write(stdout);
process.exitCode = status;
`;
  writeFileSync(path, code);
  return path;
}

describe("without a clone that can be used", () => {
  test("no --git: it says how to get one", () => {
    const { code, stderr } = conformance();
    expect(code).toBe(2);
    expect(stderr).toContain("git clone");
  });

  test("a folder that is no clone", () => {
    const { code, stderr } = conformance("--git", temporaryFolder());
    expect(code).toBe(2);
    expect(stderr).toContain("no git repository");
  });

  test("a clone without the release tags", () => {
    const folder = temporaryFolder();
    spawnSync("git", ["init", "-q", folder]);
    const { code, stderr } = conformance("--git", folder);
    expect(code).toBe(2);
    expect(stderr).toContain("none of the release tags");
  });
});

describe("on a clone of stand-ins", () => {
  test("every release and every state between them passes, and is counted by its layout", () => {
    const clone = new Clone();
    clone.standIn("installer-4.0", (text) => `${text}\n# A commit between releases.\n`);
    clone.release();
    const { code, stdout } = conformance("--git", clone.folder, "--stand-ins");
    expect(failures()).toEqual([]);
    expect(stdout).toMatch(/^\| guest-1\.0 +\| +8 \| +1 \| +0 \|$/m);
    expect(stdout).toMatch(/^\| guest-1\.4 +\| +6 \| +1 \| +0 \|$/m);
    expect(stdout).toMatch(/^\| installer-2\.0 +\| +2 \| +1 \| +0 \|$/m);
    expect(stdout).toMatch(/^\| installer-2\.2 +\| +5 \| +1 \| +0 \|$/m);
    expect(stdout).toMatch(/^\| installer-4\.0 +\| +4 \| +2 \| +0 \|$/m);
    expect(stdout).toMatch(/^\| all +\| +25 \| +6 \| +0 \|$/m);
    expect(code).toBe(0);
  });

  test("a file that is not the release's, a layout nobody knows and a missing tag fail, a line each", () => {
    const clone = new Clone();
    clone.standIn("installer-4.0", (text) => text.replaceAll("initial_xml", "early_xml"));
    clone.release();
    clone.git("tag", "-d", "v1.2.1");
    const { code, stdout } = conformance("--git", clone.folder);
    expect(code).toBe(1);
    const lines = failures();
    expect(lines.filter((line) => line.includes("SHA-256"))).toHaveLength(24);
    expect(lines).toContain("failed: v1.2.1: the clone has no such tag (git fetch --tags)");
    expect(lines.filter((line) => /v5\.1\.0, .*: apply: exit 4: .*no known layout/.test(line))).toHaveLength(1);
    expect(stdout).toMatch(/^\| none +\| +1 \| +1 \| +1 \|$/m);
  });

  test("packages are checked beside it: one whose file is in no recipe fails, and a folder without virtinst is refused", () => {
    const clone = new Clone(["installer-4.0"]);
    const packages = temporaryFolder();
    cpSync(resolve("test/fixtures/virtinst/guest-1.4"), join(packages, "1:1.4.0-5"), { recursive: true });
    const standIns = conformance("--git", clone.folder, "--packages", packages, "--stand-ins");
    expect(standIns.stdout).toMatch(/^\| guest-1\.4 +\| +1 \| +1 \| +0 \|$/m);
    const { code } = conformance("--git", clone.folder, "--packages", packages);
    expect(failures()).toContain("failed: 1:1.4.0-5: its SHA-256 is not that of 1:1.4.0-5 in patches/");
    expect(code).toBe(1);
    rmSync(join(packages, "1:1.4.0-5/virtinst"), { recursive: true });
    expect(conformance("--git", clone.folder, "--packages", packages)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("1:1.4.0-5 holds no virtinst with a _build_xml."),
    });
  });
});

describe("a tool that is wrong is caught", () => {
  test.each([
    [
      "final_xml is not passed through the helper",
      "apply",
      "(t) => t.replace(/final_xml = _virt.*\\n/, 'pass\\n')",
      [
        /patched, both XMLs: .* another final XML/,
        /patched, no first XML: .* another final XML/,
        /render \| patch -p1: the bytes/,
        /verify: exit 1/,
      ],
    ],
    [
      "the secret is another one",
      "apply",
      "(t) => t.replaceAll('2a5b08e4', '2a5b08e5')",
      [/patched, both XMLs: .* another first XML/, /patched, both XMLs: .* another final XML/],
    ],
    [
      "what is written does not compile",
      "apply",
      "(t) => t.replace(/^# <<</m, ')\\n# <<<')",
      [/patched: _build_xml does not run: .*line \d+/],
    ],
    ["revert leaves a line", "revert", "(t) => t + '\\n'", [/revert: the bytes/, /revert: the modification time/]],
    [
      "a file is changed twice",
      "apply",
      "(t) => t + '#\\n'",
      [/apply a second time: .* not current/, /apply a second time: the file has changed/],
    ],
  ])("%s", (_, command, damage, expected) => {
    const clone = new Clone(["guest-1.4", "installer-4.0"]);
    const { code } = conformance("--git", clone.folder, "--stand-ins", "--tool", brokenTool(command, damage));
    expect(code).toBe(1);
    for (const layout of ["v1.4.0", "v4.0.0"])
      for (const pattern of expected)
        expect(failures().filter((line) => line.startsWith(`failed: ${layout} `) && pattern.test(line))).not.toEqual(
          [],
        );
  });
});

/** A virt-install of our own, which prints what its Installer builds for a disk of the sample pool. */
const PROGRAM = `#!/usr/bin/env python3
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from virtinst.install.installer import Installer

XML = """<domain>
  <devices>
    <disk type="network" device="disk">
      <auth username="libvirt">
        <secret type="ceph"/>
      </auth>
      <source protocol="rbd" name="vms/virt-1">
        <host name="192.0.2.11" port="6789"/>
        <host name="192.0.2.12" port="6789"/>
        <host name="192.0.2.13" port="6789"/>
      </source>
    </disk>
  </devices>
</domain>"""


class Guest:
    def get_xml(self):
        return XML


for xml in Installer(XML if "--pxe" in sys.argv else None)._build_xml(Guest(), None):
    if xml:
        print(xml)
`;

describe("--virt-install", () => {
  test("runs each release's own program before and after, and notices what the tool gets wrong", () => {
    const clone = new Clone(["installer-4.0"], PROGRAM);
    const right = conformance("--git", clone.folder, "--stand-ins", "--virt-install");
    expect(right.stdout).toContain("before, after and reverted: 4 of 4 releases from 4.0.0");
    expect(failures().filter((line) => line.includes("virt-install"))).toEqual([]);
    const tool = brokenTool("apply", "(t) => t.replaceAll('2a5b08e4', '2a5b08e5')");
    conformance("--git", clone.folder, "--stand-ins", "--virt-install", "--tool", tool);
    for (const way of ["--import", "--pxe"])
      expect(failures()).toContain(`failed: v5.1.0: virt-install ${way}, patched: another XML than expected`);
  });

  test("a release that cannot be run here is not run, with its reason", () => {
    const { code, stdout } = conformance("--git", new Clone(["installer-4.0"]).folder, "--stand-ins", "--virt-install");
    expect(stdout).toMatch(/^not run: v4\.1\.0: .*virtinstall/m);
    expect(failures()).toContain("failed: no release's virt-install could be run here");
    expect(code).toBe(1);
  });
});
