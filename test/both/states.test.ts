// States of a patched file, in which the tool and the standalone script must do the same.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sha256 } from "../../src/patch/facts";
import { Both } from "../support/both";
import { HOST, HOST_TWO, patchedBy100 } from "../support/cli";

/** A patched file with the digest of its blocks as they are, whether or not their header can be read. */
function withOwnDigest(text: string): string {
  const blocks = text.match(/^ *# >>>[\s\S]*?^ *# <<<.*\n/gm)?.join("") ?? "";
  return text.replace(/(# blocks: sha256=).*/, `$1${sha256(blocks.replace(/^# blocks: .*/m, ""))}`);
}

let text: Buffer | null = null;

/** Two patched copies. The first call patches them with both; the others take that text, since each run writes the same. */
function patched(): Both {
  const both = new Both();
  if (text === null) both.run("apply");
  text ??= readFileSync(both.places[0].path);
  for (const { path } of both.places) writeFileSync(path, text);
  return both;
}

const crlf = (text: string) => text.replace(/\r?\n/g, "\r\n");

describe("states", () => {
  /** A change of the file itself makes it one that the bundle does not know, and its apply refuses. */
  const UNKNOWN: readonly (readonly [name: string, change: (text: string) => string])[] = [
    ["a file that was changed outside the blocks", (text) => `${text}# more\n`],
    ["a block that was moved", (text) => text.replace(/^/, "# first\n")],
    ["a file with CRLF, blocks and all", crlf],
    ["bytes that are no UTF-8", (text) => `${text}# \xff\xfe\n`],
  ];
  test.each(UNKNOWN)("%s: verify, revert; apply of the bundle refuses", (_, change) => {
    const both = patched();
    both.each(({ edit }) => edit(change));
    both.run("verify", "--static", "--json");
    const before = readFileSync(both.places[1].path);
    expect(both.bundle("apply")).toMatchObject({ code: 4, stderr: expect.stringMatching(/is not known/) });
    expect(readFileSync(both.places[1].path)).toEqual(before);
    both.run("revert", "--check", "--json");
    both.run("revert", "--json");
  });

  const STATES: readonly (readonly [name: string, change: (text: string) => string])[] = [
    ["a changed block", (text) => text.replace("import logging", "import logging  # mine")],
    ["a pool's name that somebody changed to another text", (text) => text.replace('[u"libvirtpool"]', '[u"p\xe9"]')],
    ["a layout in digits that are none", (text) => text.replace("# format: 2", "# format: \xb2")],
    [
      "a time in digits that are none",
      (text) => text.replace(/(mtime=\d+)\.\d{8}/, "$1.\xb2\xb2\xb2\xb2\xb2\xb2\xb2\xb2"),
    ],
    ["an empty line among the words", (text) => text.replace("# format: 2", "#\n# format: 2")],
    ["a marker that is lost", (text) => text.replace(/^# <<<.*\n/m, "")],
    ["a marker without a beginning", (text) => text.replace(/^# >>>.*\n/m, "")],
    ["a block in a block", (text) => text.replace(/^(# >>>.*\n)/m, "$1$1")],
    ["three blocks", (text) => `${text}# >>> virtinst-rbd-patch\n# <<< virtinst-rbd-patch\n`],
    ["one block", (text) => text.replace(/ {8}# >>>[\s\S]*?# <<<.*\n/, "")],
    ["the name outside the blocks", (text) => `${text}_virtinst_rbd_patch\n`],
    ["a header that cannot be read", (text) => text.replace(/^# facts: .*\n/m, "")],
    ["a short hash", (text) => text.replace(/(# pristine: sha256=)[0-9a-f]/, "$1")],
    ["a time without decimals", (text) => text.replace(/(mtime=\d+)\.\d+/, "$1")],
    ["a later layout of the blocks", (text) => text.replace("# format: 2", "# format: 3")],
    ["foreign lines in the helper block", (text) => text.replace(/^# pristine: sha/m, "import os\n$&")],
    ["foreign lines in the call block", (text) => text.replace(/( {8}# >>>.*\n)/, "$1    def more(self):\n")],
    ["blocks of another version", (text) => text.replace(/(>>> virtinst-rbd-patch) \S+/g, "$1 9.9.9")],
    ["blocks with other line ends than the file", (text) => text.replace(/(# >>>[\s\S]*?# <<<[^\n]*)\n/, crlf)],
  ];
  test.each(STATES)("%s: verify, apply, revert", (_, change) => {
    const both = patched();
    both.each(({ edit }) => edit(change));
    both.run("verify", "--static", "--json");
    both.run("apply", "--check", "--json");
    both.run("revert", "--check", "--json");
    both.run("revert", "--json");
  });

  // Each with the digest that fits, so that nothing else is wrong. Without --json or -v an apply takes the short way.
  const TIMES = ["12345678901234567890", "1400000000.", "1.4.0.0.0.0.0.12345.", "99999999999.12345678"];
  test.each(TIMES)("a time that is none: %s", (time) => {
    const both = patched();
    both.each(({ edit }) => edit((text) => withOwnDigest(text.replace(/(mtime=)\S+/, `$1${time}`))));
    both.run("apply", "--check");
    both.run("apply");
  });

  test("blocks of other facts are brought up to date, and go as they came", () => {
    const old = new Both({ facts: HOST });
    old.run("apply");
    const both = new Both({ facts: HOST_TWO });
    for (const [index, { path }] of old.places.entries()) cpSync(path, both.places[index]?.path as string);
    expect(both.run("verify", "--static", "--json").code).toBe(1);
    expect(both.run("apply", "--json").stdout).toMatch(/"status": "updated"/);
    expect(both.run("revert", "--json").stdout).toMatch(/"restored": true/);
  });

  test("what 1.0.0 wrote is brought up to date, and goes as it came", () => {
    const both = new Both().each(({ path }) => {
      const pristine = readFileSync(path);
      writeFileSync(path, patchedBy100(pristine));
    });
    expect(both.run("verify", "--static", "--json").code).toBe(1);
    expect(both.run("apply").stdout).toMatch(/^updated: /);
    expect(both.run("revert").code).toBe(0);
  });
});
