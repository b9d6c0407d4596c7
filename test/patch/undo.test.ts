import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { PoolFacts } from "../../src/patch/facts";
import { sha256 } from "../../src/patch/facts";
import { insert, linesOf } from "../../src/patch/insert";
import { mergePools } from "../../src/patch/merge";
import { render } from "../../src/patch/render";
import { decode, encode } from "../../src/patch/source";
import { RECIPES } from "../../src/virtinst/recipes";
import { findSite } from "../../src/virtinst/site";
import { VMS } from "../support/helper-cases";
import { HOSTILE } from "../support/hostile";

const utf8 = (change: (text: string) => string) => (bytes: Buffer) => Buffer.from(change(bytes.toString("utf8")));
const tabs = utf8((text) => text.replace(/^( {4})+/gm, (indent) => "\t".repeat(indent.length / 4)));
const crlf = utf8((text) => text.replace(/\n/g, "\r\n"));
const cut = utf8((text) => text.trimEnd());
const latin1 = (bytes: Buffer) =>
  Buffer.concat([Buffer.from("# -*- coding: latin-1 -*-\n# caf\xe9\n", "latin1"), bytes]);
const mark = utf8((text) => `\ufeff${text}`);

/** What a file may be like on some host. */
const VARIANTS: [title: string, change: (bytes: Buffer) => Buffer][] = [
  ["as it is", (bytes) => bytes],
  ["indented by tabs", tabs],
  ["with CRLF", crlf],
  ["with tabs and CRLF", (bytes) => crlf(tabs(bytes))],
  ["without a line break at its end", cut],
  ["with CRLF, but none at its end", (bytes) => crlf(cut(bytes))],
  ["with a byte that is not UTF-8", latin1],
  ["with a byte order mark", mark],
];

const HOSTS: [title: string, pools: readonly PoolFacts[]][] = [
  ["one pool", [VMS]],
  ["pools with hostile values", HOSTILE.map((value, at) => ({ ...VMS, pool: value, cephPool: `${at}${value}` }))],
];

const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-undo-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with both blocks, and the helper block itself. */
function patched(before: Buffer, file: string, pools: readonly PoolFacts[]): { after: Buffer; helper: string } {
  const source = decode(before);
  const site = findSite(source.text, file, file);
  const lines = linesOf(source.text, site);
  const blocks = render(mergePools(pools), { sha256: sha256(before), modified: "1400000000.000000000", lines }, site);
  return { after: encode({ ...source, text: insert(source.text, site, blocks) }), helper: blocks.helper };
}

/** The command that a block's header gives for hosts without this tool. */
function commandIn(helper: string): string {
  const [, command] = /^# Or, without that tool: (sed -i '[^'\n]+' FILE)$/m.exec(helper) ?? [];
  return command as string;
}

describe.each(RECIPES.map(({ name, file }) => [name, file] as const))("the layout %s", (name, file) => {
  const fixture = readFileSync(join("test/fixtures/virtinst", name, file));

  it.each(VARIANTS.flatMap(([title, change]) => HOSTS.map(([host, pools]) => [title, host, change, pools] as const)))(
    "%s, for %s: the header's command gives back the very bytes",
    (_, __, change, pools) => {
      const before = change(fixture);
      const { after, helper } = patched(before, file, pools);
      const path = join(folder, "it's a file.py");
      writeFileSync(path, after);
      expect(after.toString("latin1").match(/# >>> virtinst-rbd-patch /g)).toHaveLength(2);
      // With a quote and blanks in the path, as somebody would type it.
      const command = commandIn(helper).replace("FILE", `"${path}"`);
      execFileSync("sh", ["-c", command]);
      expect(readFileSync(path).equals(before)).toBe(true);
      // A second time it finds nothing.
      execFileSync("sh", ["-c", command]);
      expect(readFileSync(path).equals(before)).toBe(true);
    },
  );
});

it("the variants are what they are called", () => {
  const [, ...others] = VARIANTS.map(([, change]) => change(Buffer.from("if a:\n    b()\n")).toString("latin1"));
  expect(others).toEqual([
    "if a:\n\tb()\n",
    "if a:\r\n    b()\r\n",
    "if a:\r\n\tb()\r\n",
    "if a:\n    b()",
    "if a:\r\n    b()",
    "# -*- coding: latin-1 -*-\n# caf\xe9\nif a:\n    b()\n",
    "\xef\xbb\xbfif a:\n    b()\n",
  ]);
});
