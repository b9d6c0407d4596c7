import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { STAND_INS, TOOL, temporaryFolder } from "../support/cli";

/** Runs `npm run conformance` as a user would, but without building the tool again. */
function conformance(...args: readonly string[]) {
  const { INIT_CWD: _, ...env } = process.env;
  const options = { encoding: "utf8", env } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/conformance.mjs", ...args], options);
  return { code: status, stdout, stderr, failures: stdout.split("\n").filter((line) => line.startsWith("failed: ")) };
}

const TAGS = ["v1.0.0", "v1.4.0", "v2.0.0", "v2.2.0", "v4.0.0"];

/** A small clone: a commit and a tag for each stand-in, and a revision between the last two releases. */
function clone(virtInstall = ""): string {
  const folder = temporaryFolder();
  const as = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgSign=false"];
  const git = (...args: readonly string[]) => {
    const { status, stderr } = spawnSync("git", ["-C", folder, ...as, ...args], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  };
  const commit = (name: string) => {
    git("add", "-A");
    git("commit", "-q", "-m", name);
  };
  git("init", "-q");
  for (const [at, { name, file }] of STAND_INS.entries()) {
    rmSync(join(folder, "virtinst"), { recursive: true, force: true });
    cpSync(resolve("test/fixtures/virtinst", name), folder, { recursive: true });
    if (virtInstall) writeFileSync(join(folder, "virt-install"), virtInstall);
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    if (at === STAND_INS.length - 1) {
      writeFileSync(path, `${text}\n# A commit between releases.\n`);
      commit("between");
    }
    writeFileSync(path, text);
    commit(name);
    git("tag", TAGS[at] as string);
  }
  git("tag", "v0.10.0");
  git("tag", "other");
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

describe("without a clone that can be used", () => {
  test("--git is missing", () => {
    expect(conformance()).toMatchObject({ code: 2, stderr: expect.stringContaining("git clone") });
  });

  test("a directory that is not a clone", () => {
    const { code, stderr } = conformance("--git", temporaryFolder());
    expect([code, stderr]).toEqual([2, expect.stringContaining("is not a git repository")]);
  });

  test("a clone without the release tags", () => {
    const folder = temporaryFolder();
    spawnSync("git", ["init", "-q", folder]);
    expect(conformance("--git", folder)).toMatchObject({ code: 2, stderr: expect.stringContaining("no release tags") });
  });
});

test("a clone and a package: every release and the revision between them passes", () => {
  const packages = temporaryFolder();
  cpSync(resolve("test/fixtures/virtinst/guest-1.4"), join(packages, "1:1.4.0-5"), { recursive: true });
  const { failures, stdout, code } = conformance("--git", clone(), "--packages", packages);
  expect(failures).toEqual([]);
  expect(stdout).toMatch(/^5 releases, 7 revisions, 0 failures, \d+ s$/m);
  expect(code).toBe(0);
});

test("a package without virtinst is refused", () => {
  const packages = temporaryFolder();
  cpSync(resolve("test/fixtures/host"), join(packages, "other"), { recursive: true });
  const { code, stderr } = conformance("--git", clone(), "--packages", packages);
  expect([code, stderr]).toEqual([2, expect.stringContaining("other contains no virtinst with a _build_xml.")]);
});

describe("a broken tool is caught", () => {
  test.each([
    [
      "the final XML is not passed through the function",
      "apply",
      "(t) => t.replace(/final_xml = _virt.*\\n/, 'pass\\n')",
      [/patched: _build_xml returns other XML, both/, /returns other XML, no first/, /render \| patch/, /verify: /],
    ],
    [
      "the secret is another one",
      "apply",
      "(t) => t.replaceAll('client.libvirt', 'client.other')",
      [/patched: .* both/],
    ],
    ["the file does not compile", "apply", "(t) => t.replace(/^# <<</m, ')\\n# <<<')", [/_build_xml does not run: /]],
    ["revert leaves a line", "revert", "(t) => t + '\\n'", [/revert: the content/, /revert: the modification time/]],
    [
      "a file is changed twice",
      "apply",
      "(t) => t + '#\\n'",
      [/apply: updated, not current/, /a second apply has changed/],
    ],
  ])("%s", (_, command, damage, expected) => {
    const { code, failures } = conformance("--git", clone(), "--tool", brokenTool(command, damage));
    expect(code).toBe(1);
    for (const tag of TAGS)
      for (const pattern of expected)
        expect(failures.filter((line) => line.startsWith(`failed: ${tag}, `) && pattern.test(line))).not.toEqual([]);
  });
});

/** A virt-install that prints what its Installer builds for a disk of the sample pool. */
const VIRT_INSTALL = `#!/usr/bin/env python3
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

test("--virt-install runs each release's own program before and after, and reports what cannot run", () => {
  const git = clone(VIRT_INSTALL);
  const right = conformance("--git", git, "--virt-install");
  expect(right.stdout).toContain("virt-install: 2 of 3 releases from 2.0.0");
  expect(right.stdout).toMatch(/^skipped: v2\.0\.0: .+/m);
  expect(right.failures).toEqual([]);
  const tool = brokenTool("apply", "(t) => t.replaceAll('client.libvirt', 'client.other')");
  const wrong = conformance("--git", git, "--virt-install", "--tool", tool);
  for (const how of ["--import", "--pxe"])
    expect(wrong.stdout).toContain(`failed: v4.0.0: virt-install ${how} after apply: other XML than expected`);
});
