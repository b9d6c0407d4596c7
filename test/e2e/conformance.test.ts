import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { STAND_INS, TOOL, temporaryFolder } from "../support/cli";
import { must } from "../support/stand-ins";

/** Runs `npm run conformance` as a user would, but without building the tool again. */
function conformance(...args: readonly string[]) {
  const { INIT_CWD: _, ...env } = process.env;
  const options = { encoding: "utf8", env } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/conformance.mjs", ...args], options);
  return { code: status, stdout, stderr, failures: stdout.split("\n").filter((line) => line.startsWith("failed: ")) };
}

const TAGS = ["v1.0.0", "v1.4.0", "v2.0.0", "v2.2.0", "v4.0.0"];

/** A small clone: a commit and a tag for each stand-in, and a revision between the last two releases. */
function makeClone(virtInstall = ""): string {
  const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-test-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const as = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgSign=false"];
  const git = (...args: readonly string[]) => must("git", "-C", folder, ...as, ...args);
  const commit = (name: string) => {
    git("add", "-A");
    git("commit", "-q", "-m", name);
  };
  git("init", "-q");
  for (const [at, { name, file }] of STAND_INS.entries()) {
    rmSync(join(folder, "virtinst"), { recursive: true, force: true });
    cpSync(resolve("test/fixtures/virtinst", name), folder, { recursive: true });
    if (virtInstall) writeFileSync(join(folder, "virt-install"), virtInstall);
    if (at === STAND_INS.length - 1) {
      appendFileSync(join(folder, file), "\n# A commit between releases.\n");
      commit("between");
      cpSync(resolve("test/fixtures/virtinst", name, file), join(folder, file));
    }
    commit(name);
    git("tag", TAGS[at] as string);
  }
  for (const tag of ["v0.10.0", "other"]) git("tag", tag);
  return folder;
}

function emptyClone(): string {
  const folder = temporaryFolder();
  must("git", "init", "-q", folder);
  return folder;
}

/** A tool that does what the real one does, and damages the file after one of the commands. */
function brokenTool(command: string, damage: string): string {
  const path = join(temporaryFolder(), "tool.js");
  const code = `const { spawnSync } = require("node:child_process");
const { readFileSync, writeFileSync, existsSync } = require("node:fs");
const args = process.argv.slice(2);
const { status, stdout } = spawnSync(process.execPath, [${JSON.stringify(TOOL)}, ...args]);
if (args[0] === ${JSON.stringify(command)}) {
  const folder = args[args.indexOf("--virtinst") + 1];
  const file = ${JSON.stringify(STAND_INS.map(({ file }) => file))}
    .map((name) => folder + "/" + name).find((path) => existsSync(path));
  const text = readFileSync(file, "latin1");
  writeFileSync(file, (${damage})(text), "latin1");
}
process.stdout.write(stdout);
process.exitCode = status;
`;
  writeFileSync(path, code);
  return path;
}

/** A virt-install that prints what its Installer builds for a disk of the sample pool. */
const VIRT_INSTALL = `#!/usr/bin/env python3
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from virtinst.install.installer import Installer

HOSTS = ['<host name="192.0.2.%d" port="6789"/>' % number for number in (11, 12, 13)]
AUTH = '<auth username="libvirt">\\n<secret type="ceph"/>\\n</auth>'
SOURCE = '<source protocol="rbd" name="vms/virt-1">\\n%s\\n</source>' % "\\n".join(HOSTS)
XML = '<domain>\\n<devices>\\n<disk type="network">\\n%s\\n%s\\n</disk>\\n</devices>\\n</domain>' % (AUTH, SOURCE)


class Guest:
    def get_xml(self):
        return XML


for xml in Installer(XML if "--pxe" in sys.argv else None)._build_xml(Guest(), None):
    if xml:
        print(xml)
`;

describe("npm run conformance", () => {
  const [clone, git] = [makeClone(), makeClone(VIRT_INSTALL)];

  test.each([
    ["--git is missing", () => [], "--git needs a clone"],
    ["the directory is not a clone", () => ["--git", temporaryFolder()], "is not a full clone"],
    ["the clone has no release tags", () => ["--git", emptyClone()], "is not a full clone"],
    ["a package has no virtinst", () => ["--git", clone, "--packages", resolve("test/fixtures")], "contains none of"],
  ])("exits with 2 and names the reason if %s", (_, args, reason) => {
    expect(conformance(...args())).toMatchObject({ code: 2, stderr: expect.stringContaining(reason) });
  });

  test("passes for every release, the revision between two releases and a package", () => {
    const packages = temporaryFolder();
    cpSync(resolve("test/fixtures/virtinst/guest-1.4"), join(packages, "1:1.4.0-5"), { recursive: true });
    const { failures, stdout, code } = conformance("--git", clone, "--packages", packages);
    expect([code, failures]).toEqual([0, []]);
    expect(stdout).toMatch(/^5 releases, 7 revisions, 0 failures, \d+ s$/m);
  });

  test.each([
    [
      "skips the final XML",
      "(t) => t.replace(/final_xml = _virt.*\\n/, 'pass\\n')",
      /patched: _build_xml returns other/,
    ],
    ["breaks the syntax", "(t) => t.replace(/^# <<</m, ')\\n# <<<')", /: Command failed: .*build_xml/],
    ["leaves a line after revert", "(t) => t + '\\n'", /: revert: the content is not the original/],
    ["changes a file twice", "(t) => t + '#\\n'", /: apply: not current: .*"updated"/],
  ])("fails for a tool that %s", (name, damage, expected) => {
    const tool = brokenTool(name.includes("revert") ? "revert" : "apply", damage);
    const { code, stdout, failures } = conformance("--git", clone, "--tool", tool, "--sample", "1");
    expect([code, failures]).toEqual([1, [expect.stringMatching(expected)]]);
    expect(stdout).toMatch(/^5 releases, 1 revisions, 1 failures, \d+ s$/m);
  });

  test("--virt-install runs the program of each release before and after apply, and reports what cannot run", () => {
    const right = conformance("--git", git, "--virt-install", "--sample", "3");
    expect(right.stdout).toContain("virt-install: 2 of 3 releases from 2.0.0");
    expect(right.stdout).toMatch(/^skipped: v2\.0\.0: .+/m);
    expect(right.failures).toEqual([]);
    const tool = brokenTool("apply", "(t) => t.replaceAll('client.libvirt', 'client.other')");
    const wrong = conformance("--git", git, "--virt-install", "--sample", "3", "--tool", tool);
    expect(wrong.stdout).toContain("failed: v4.0.0: virt-install after apply: other XML than expected");
  });
});
