import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { Failure } from "../../src/failure";
import { libvirtAt, readLive } from "../../src/host/virsh";
import { colourDiff, PLAIN } from "../../src/output/colours";
import { visible } from "../../src/output/escape";
import { acceptPatch } from "../../src/patch/accept";
import { unifiedDiff } from "../../src/patch/diff";
import { pythonText, readPythonText, readXmlText, xmlText } from "../../src/patch/encode";
import { findInsertionPoint, splitLines } from "../../src/patch/insertion-point";
import { findManualEdit } from "../../src/patch/manual-edit";
import { mergePools } from "../../src/patch/merge";
import { readFacts } from "../../src/patch/read-facts";
import { sampleDomain } from "../../src/patch/sample";
import { stripPatch } from "../../src/patch/strip";
import { HostFiles } from "../../src/system/host-files";
import { findAffected } from "../../src/virtinst/affected";
import { findVirtinst } from "../../src/virtinst/find";
import { patchedBy100, temporaryFolder } from "../support/cli";
import { measured, printGrowth, type Row } from "../support/growth";
import { VMS } from "../support/helper-cases";
import { patched } from "../support/patched";
import { RUNS, TIMEOUT } from "../support/runs";

vi.setConfig({ testTimeout: TIMEOUT });

// What is read from outside is looked at with patterns and loops that a text could be made for. Each of these texts was;
// the work's result is asserted, the time at four times the size only shown: four times as much is what it should be.

const SCALE = RUNS(1, 4);
const sizes = (n: number) => [n * SCALE, 4 * n * SCALE];
const many = (n: number, make: (at: number) => string) => Array.from({ length: n }, (_, at) => make(at)).join("");

/** Runs something that may refuse, and may fail in no other way. */
function refusable<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return null;
  }
}

const rows: Row[] = [];
afterAll(() => printGrowth("Time at four times the size, and at the larger one:", rows));

const FILE = "virtinst/install/installer.py";
const SOURCE = readFileSync(join("test/fixtures/virtinst/installer-4.0", FILE), "utf8");

describe("the scripts that lead to virtinst", () => {
  const SCRIPTS: readonly (readonly [title: string, n: number, make: (n: number) => string])[] = [
    ["dirname( without an end", 500, (n) => `#!/usr/bin/python3\nsys.path.insert(0, ${"dirname(".repeat(n)}`],
    ["dirname( and __file__", 250, (n) => `#!/usr/bin/python3\nsys.path.insert(0, ${"dirname(__file__".repeat(n)}x`],
    ["lines with nothing", 2000, (n) => `#!/usr/bin/python3\n${"\n".repeat(n)}x`],
    ["lines with blanks", 2000, (n) => `#!/usr/bin/python3\n${" \n".repeat(n)}x`],
    ["sys.path.insert without an end", 500, (n) => `#!/usr/bin/python3\n${"sys.path.insert(0,\n".repeat(n)}`],
    ["a folder without an end", 5000, (n) => `#!/usr/bin/python3\nsys.path.insert(0, "${"/a".repeat(n)}`],
    [
      "folders that are not there",
      300,
      (n) => `#!/usr/bin/python3\n${many(n, (at) => `sys.path.insert(0, "/no/${at}")\n`)}`,
    ],
    ["white space after #!", 10_000, (n) => `#!${" ".repeat(n)}`],
    ["words after env", 5000, (n) => `#!/usr/bin/env ${"a=b ".repeat(n)}`],
    ["exec without a command", 5000, (n) => `#!/bin/sh\n${"exec \n".repeat(n)}`],
    ["exec with open quotes", 10_000, (n) => `#!/bin/sh\nexec ${`"'`.repeat(n)}`],
    ["exec with variables", 5000, (n) => `#!/bin/sh\nexec ${"a=b ".repeat(n)}`],
    ["exec with blanks", 10_000, (n) => `#!/bin/sh\n${" ".repeat(n)}exec${" ".repeat(n)}`],
  ];

  it.each(SCRIPTS)("a virt-install with %s: the usual place is taken, or it is refused", (title, n, make) => {
    const root = temporaryFolder();
    cpSync("test/fixtures/virtinst/installer-4.0", join(root, "usr/share/virt-manager"), { recursive: true });
    mkdirSync(join(root, "usr/bin"));
    const files = new HostFiles(root);
    const row = measured(`virt-install: ${title}`, sizes(n).map(make), (script) => {
      writeFileSync(join(root, "usr/bin/virt-install"), script);
      try {
        expect(findVirtinst(files).directory.inside).toBe("/usr/share/virt-manager");
      } catch (error) {
        expect(error).toMatchObject({ kind: "target" });
      }
    });
    rows.push(row);
  });

  const CODE: readonly (readonly [title: string, n: number, make: (n: number) => string])[] = [
    ["empty lines", 10_000, (n) => `${"\n".repeat(n)}source_protocol = auth_secret_uuid`],
    ["lines of blanks", 10_000, (n) => `${" \n".repeat(n)}source_protocol = auth_secret_uuid`],
    ["one line of blanks", 20_000, (n) => `${" ".repeat(n)}\nsource_protocol = auth_secret_uuid`],
    ["comments", 10_000, (n) => `${"# auth\n".repeat(n)}source_protocol = auth_secret_uuid`],
    ["a long name", 20_000, (n) => `${"source_protoco".repeat(n)} = source_protocol, auth_secret_uuid`],
  ];

  it.each(CODE)("disk code with %s: the host is not affected", (title, n, make) => {
    const root = temporaryFolder();
    cpSync("test/fixtures/virtinst/installer-4.0", root, { recursive: true });
    const files = new HostFiles();
    const installation = findVirtinst(files, root);
    const row = measured(`disk code: ${title}`, sizes(n).map(make), (code) => {
      writeFileSync(join(root, "virtinst/devices/disk.py"), code);
      expect(findAffected(installation, [{ name: "p", monitors: [], auth: null }], files).affected).toBe("no");
    });
    rows.push(row);
  });
});

describe("virsh", () => {
  const UUID = "01234567-89ab-cdef-0123-456789abcdef";
  const POOL = "<pool type='rbd'>\n  <name>p</name>\n  <source>\n    <name>c</name>\n  </source>\n</pool>\n";
  /** What it lists, what it describes, and how many pools that makes; null where it contradicts itself. */
  type Said = readonly [listed: string, described: string, pools: number | null];
  const TABLES: readonly (readonly [title: string, n: number, make: (n: number) => Said])[] = [
    ["a row without a state", 2000, (n) => [` ${"a ".repeat(n)}\n`, "", 0]],
    ["a row of blanks", 1000, (n) => [`${" ".repeat(n)}x\n`, "", 0]],
    ["a row with many states", 500, (n) => [` p ${"active ".repeat(n)}\n`, "", 0]],
    ["rows that are none", 5000, (n) => [" p\n".repeat(n), "", 0]],
    ["words like the last one", 1000, (n) => ["virsh # ".repeat(n), "", 0]],
    ["documents that begin", 1000, (n) => [" p active yes\n", "<pool ".repeat(n), null]],
    ["documents that end", 1000, (n) => [" p active yes\n", `<pool ${"\n</pool >".repeat(n)}`, null]],
    ["documents without an end", 1000, (n) => [" p active yes\n", POOL + "<pool>\n".repeat(n), 1]],
    ["prompts", 2000, (n) => [" p active yes\n", "virsh # ".repeat(n) + POOL, 1]],
    ["pools", 100, (n) => [many(n, (at) => ` p${at} active yes\n`), many(n, (at) => POOL.replace("p<", `p${at}<`)), n]],
    [
      "secrets",
      500,
      (n) => [` ${UUID} ceph s\n`.repeat(n), `<secret>\n<uuid>${UUID}</uuid>\n</secret>\n`.repeat(n), 0],
    ],
  ];

  it.each(TABLES)("says %s", async (title, n, make) => {
    const folder = temporaryFolder();
    const [listed, described] = [join(folder, "listed"), join(folder, "described")];
    const program = `#!/bin/sh\ncase "$5" in hostname*) cat ${listed} ;; *dumpxml*) cat ${described}; : > ${described} ;; esac\n`;
    writeFileSync(join(folder, "virsh"), program);
    chmodSync(join(folder, "virsh"), 0o755);
    const path = process.env.PATH;
    process.env.PATH = `${folder}:${path}`;
    try {
      const milliseconds: number[] = [];
      for (const size of sizes(n)) {
        const [table, documents, pools] = make(size);
        writeFileSync(listed, table);
        writeFileSync(described, documents);
        const begin = performance.now();
        const read = await readLive(libvirtAt("test:///default")).catch((error) => {
          expect(error).toBeInstanceOf(Failure);
          return null;
        });
        milliseconds.push(performance.now() - begin);
        expect(read?.pools.length ?? null).toBe(pools);
      }
      rows.push({ title: `virsh: ${title}`, milliseconds });
    } finally {
      process.env.PATH = path;
    }
  });
});

describe("the file that contains _build_xml", () => {
  const NAMED = { path: FILE, restoring: "Restore the file from its package" };
  const before = (anchor: string) => (text: string) => SOURCE.replace(anchor, () => `${text}${anchor}`);
  const beforeReturn = before("        return initial_xml");
  const beforeLog = before("        log.debug(");
  const EDIT = '        final_xml = re.sub("a", "b", final_xml)\n';
  /** Texts, and whether the insertion point in them is certain. */
  const TEXTS: readonly (readonly [title: string, n: number, taken: boolean, make: (n: number) => string])[] = [
    ["statements", 5000, true, (n) => beforeLog("        x = 1\n".repeat(n))],
    ["assignments", 5000, true, (n) => beforeLog("        final_xml = 1\n".repeat(n))],
    ["assignments after the log line", 5000, false, (n) => beforeReturn("        final_xml = 1\n".repeat(n))],
    ["log lines", 5000, true, (n) => beforeReturn('        log.debug("x")\n'.repeat(n))],
    [
      "a log line of many lines",
      5000,
      true,
      (n) => beforeReturn(`        log.debug(\n${"            1,\n".repeat(n)}        )\n`),
    ],
    ["a long log line", 20_000, true, (n) => beforeReturn(`        log.debug(${"1, ".repeat(n)})\n`)],
    ["returns", 5000, false, (n) => beforeLog("        if x: return None, \n".repeat(n))],
    ["words that look like a return", 5000, true, (n) => beforeLog("        returning = myreturn\n".repeat(n))],
    ["a line of colons and blanks", 20_000, true, (n) => beforeLog(`        x = {${"1:  ".repeat(n)}1}\n`)],
    ["a line of blanks behind a colon", 20_000, true, (n) => beforeLog(`        x = {1:${" ".repeat(n)}1}\n`)],
    [
      "a long return",
      10_000,
      false,
      (n) => SOURCE.replace("return initial_xml, ", `return ${"initial_xml, ".repeat(n + 1)}`),
    ],
    [
      "blanks behind the return",
      20_000,
      true,
      (n) => SOURCE.replace(/(return initial_xml, final_xml)/, `$1${" ".repeat(n)}`),
    ],
    ["a line of names", 20_000, true, (n) => beforeLog(`        ${"a, ".repeat(n)}b = c\n`)],
    ["a line of names that assigns nothing", 20_000, true, (n) => beforeLog(`        ${"a, ".repeat(n)}b\n`)],
    ["annotations", 20_000, true, (n) => beforeLog(`        x${": x".repeat(n)}\n`)],
    ["brackets", 20_000, true, (n) => beforeLog(`        x = ${"(".repeat(n)}1${")".repeat(n)}\n`)],
    ["brackets that stay open", 20_000, true, (n) => beforeLog(`        x = ${"(".repeat(n)}\n`)],
    ["ever deeper lines", 300, true, (n) => beforeLog(many(n, (at) => `        ${" ".repeat(at)}x\n`))],
    ["triple quotes", 10_000, false, (n) => beforeLog(`        ${'"""'.repeat(2 * n + 1)}\n`)],
    ["words like yield", 20_000, true, (n) => beforeLog(`        ${"yields ".repeat(n)}\n`)],
    ["colons", 20_000, true, (n) => beforeLog(`        x = a${"[:]".repeat(n)}\n`)],
    ["blank lines", 20_000, true, (n) => beforeLog("\n".repeat(n))],
    ["lines of blanks", 20_000, true, (n) => beforeLog(" \n".repeat(n))],
    ["comments", 10_000, true, (n) => beforeLog("# x\n".repeat(n))],
    [
      "a long signature",
      10_000,
      true,
      (n) => SOURCE.replace("(self, guest, meter):", `(\n${"            x,\n".repeat(n)}    ):`),
    ],
    [
      "a signature without an end",
      10_000,
      false,
      (n) => SOURCE.replace("(self, guest, meter):", `(\n${"            x,\n".repeat(n)}`),
    ],
    ["a signature and a comment", 20_000, true, (n) => SOURCE.replace("meter):", `meter): ${"#".repeat(n)}`)],
    ["a signature and quotes", 20_000, true, (n) => SOURCE.replace("meter):", `meter): ${"# ':".repeat(n)}`)],
    ["definitions", 5000, false, (n) => `${SOURCE}${"    def _build_xml(self):\n".repeat(n)}`],
    ["uses", 5000, true, (n) => `${SOURCE}    def x(self):\n${"        self._build_xml(1)\n".repeat(n)}`],
    [
      "uses in one line",
      5000,
      true,
      (n) => `${SOURCE}    def x(self):\n        x = [${"self._build_xml(1), ".repeat(n)}]\n`,
    ],
    ["carriage returns", 20_000, false, (n) => `${SOURCE}#${"\r".repeat(n)}\n`],
    ["lines of both kinds", 10_000, false, (n) => `${SOURCE}${"#\r\n#\n".repeat(n)}`],
    ["manual edits", 2000, true, (n) => beforeLog(EDIT.repeat(n))],
  ];

  it.each(TEXTS)("with %s", (title, n, taken, make) => {
    expect(make(1)).not.toBe(SOURCE);
    const row = measured(`source: ${title}`, sizes(n).map(make), (text) => {
      expect(refusable(() => findInsertionPoint(splitLines(text, NAMED).lines, NAMED)) !== null).toBe(taken);
    });
    rows.push(row);
  });

  /** Texts, and whether they contain a manual edit. */
  const EDITS: readonly (readonly [title: string, n: number, found: boolean, make: (n: number) => string])[] = [
    ["manual edits", 2000, true, (n) => beforeLog(EDIT.repeat(n))],
    [
      "patterns",
      2000,
      true,
      (n) =>
        beforeLog(
          many(n, (at) => `        p${at} = re.compile("a")\n        final_xml = p${at}.sub("b", final_xml)\n`),
        ),
    ],
    [
      "an edit of many lines",
      5000,
      true,
      (n) => beforeLog(`        final_xml = re.sub(\n${'            "a",\n'.repeat(n)}        )\n`),
    ],
    ["edits in blocks", 2000, true, (n) => beforeLog(`        if x:\n            final_xml = re.sub("a")\n`.repeat(n))],
    ["ever deeper lines", 300, false, (n) => beforeLog(many(n, (at) => `        ${" ".repeat(at)}x\n`))],
    [
      "a long line that rewrites nothing",
      20_000,
      false,
      (n) => beforeLog(`        final_xml = "${"re.compile ".repeat(n)}"\n`),
    ],
    ["other variables", 5000, false, (n) => beforeLog('        x = re.sub("a", "b", x)\n'.repeat(n))],
  ];

  it.each(EDITS)("with %s: a manual edit is found, or none", (title, n, found, make) => {
    const row = measured(`edit: ${title}`, sizes(n).map(make), (text) => {
      expect(findManualEdit(text.split("\n"), NAMED) !== null).toBe(found);
    });
    rows.push(row);
  });

  const { text: PATCHED, block: BLOCK } = patched();
  const PATCHED_1 = patchedBy100(Buffer.from(SOURCE));
  const inBlock = (text: string) => PATCHED.replace("    return xml\n# <<<", () => `${text}    return xml\n# <<<`);
  const aboveBlock = (text: string) => PATCHED.replace(BLOCK, () => text + BLOCK);
  const MARKED: readonly (readonly [title: string, n: number, state: string, make: (n: number) => string])[] = [
    ["markers", 2000, "damaged", (n) => "# >>> virtinst-rbd-patch\n# <<< virtinst-rbd-patch\n".repeat(n)],
    ["markers that only begin", 5000, "damaged", (n) => "# >>> virtinst-rbd-patch\n".repeat(n)],
    ["markers beside the patch", 5000, "damaged", (n) => aboveBlock("# <<< virtinst-rbd-patch\n".repeat(n))],
    ["names without markers", 5000, "damaged", (n) => "_virtinst_rbd_patch\n".repeat(n)],
    ["names outside the patch", 5000, "damaged", (n) => aboveBlock("_virtinst_rbd_patch\n".repeat(n))],
    ["names in the function block", 5000, "patched", (n) => inBlock("    _virtinst_rbd_patch\n".repeat(n))],
    ["names of the tool in comments", 5000, "patched", (n) => aboveBlock("# virtinst-rbd-patch\n".repeat(n))],
    ["blanks before a marker", 20_000, "patched", (n) => PATCHED.replace("        # >>>", `${" ".repeat(n)}# >>>`)],
    ["blanks without a marker", 20_000, "not-patched", (n) => `${" ".repeat(n)}virtinst-rbd-patch`],
    ["lines of blanks", 20_000, "not-patched", (n) => " \t\f\n".repeat(n)],
    ["carriage returns", 20_000, "patched", (n) => inBlock(`    #${"\r".repeat(n)}\n`)],
    ["comments in the header", 5000, "damaged", (n) => PATCHED.replace("# original", `${"# x\n".repeat(n)}# original`)],
    [
      "a long version",
      20_000,
      "patched",
      (n) => PATCHED.replace(/(# >>> virtinst-rbd-patch [\w.]+)$/m, `$1${"x".repeat(n)}`),
    ],
    [
      "white space in the call",
      20_000,
      "patched",
      (n) => PATCHED.replace("        start_xml = _", `${" ".repeat(n)}start_xml = _`),
    ],
    ["a long name in the call", 20_000, "damaged", (n) => PATCHED.replace("start_xml = _", `${"x".repeat(n)} = _`)],
    ["lines of white space", 10_000, "patched", (n) => inBlock("    \n".repeat(n))],
    ["foreign lines in the function block", 10_000, "damaged", (n) => inBlock("x\n".repeat(n))],
    ["blank lines behind the patch", 20_000, "patched", (n) => `${PATCHED}${"\n".repeat(n)}`],
    ["blanks behind the patch", 20_000, "patched", (n) => `${PATCHED}${" ".repeat(n)}\n`],
    ["lines of blanks behind the patch", 10_000, "patched", (n) => `${PATCHED}${" \n".repeat(n)}`],
    ["code behind blank lines", 10_000, "damaged", (n) => `${PATCHED}${" \n".repeat(n)}    x\n`],
    ["a long line in a 1.x patch", 20_000, "patched", (n) => PATCHED_1.replace("# facts: ", `$&${"x".repeat(n)}`)],
    ["more lines in a 1.x patch", 5000, "damaged", (n) => PATCHED_1.replace("# facts: ", `${"# x\n".repeat(n)}$&`)],
  ];

  it.each(MARKED)("with %s: the state is right", (title, n, state, make) => {
    const row = measured(`patch in a file: ${title}`, sizes(n).map(make), (text) => {
      expect(stripPatch(text).state).toBe(state);
    });
    rows.push(row);
  });

  it("blocks whose lines all differ: the diff leads from one to the other", () => {
    const blocks = (word: string, n: number) => inBlock(many(n, (at) => `    ${word}${at}\n`));
    const inputs = sizes(200).map((n) => [blocks("y", n), blocks("z", n)] as const);
    const row = measured("diff: blocks that differ", inputs, ([before, after]) => {
      expect(unifiedDiff("f", before, after).match(/^\+ {4}z/gm)).toHaveLength(before.match(/^ {4}y/gm)?.length ?? 0);
    });
    rows.push(row);
  });

  const PATCHES: readonly (readonly [title: string, n: number, make: (n: number) => string])[] = [
    ["hunks", 1000, (n) => `--- a/f\n+++ b/f\n${"@@ -1,1 +1,1 @@\n x\n".repeat(n)}`],
    ["files", 2000, (n) => "--- a/f\n+++ b/f\n".repeat(n)],
    ["names in one line", 5000, (n) => `diff --git a/x${" b/".repeat(n)}`],
    ["revisions", 5000, (n) => `diff${" -r a".repeat(n)}`],
    ["numbers", 5000, (n) => `--- a/f\n+++ b/f\n@@ ${"@@ -1".repeat(n)}`],
    ["blanks after a name", 5000, (n) => `--- a/f${" ".repeat(n)}x\n+++ b/f\n@@ -1 +1 @@\n`],
    ["added lines", 2000, (n) => `--- a/f\n+++ b/f\n@@ -1,1 +1,${n + 1} @@\n x\n${"+y\n".repeat(n)}`],
  ];

  it.each(PATCHES)("a patch with %s is refused", (title, n, make) => {
    const row = measured(`patch: ${title}`, sizes(n).map(make), (patch) => {
      expect(refusable(() => acceptPatch(patch, "f", "x\n", "0", "w"))).toBeNull();
    });
    rows.push(row);
  });

  it("what a block was rendered from is read back, however much that is", () => {
    const texts: readonly (readonly [title: string, n: number, make: (n: number) => string])[] = [
      ["quotes", 2000, (n) => '"'.repeat(n)],
      ["backslashes", 2000, (n) => "\\".repeat(n)],
      ["characters beyond ASCII", 2000, (n) => "\u{1F600}".repeat(n)],
      ["plain characters", 10_000, (n) => "x".repeat(n)],
    ];
    for (const [title, n, make] of texts)
      rows.push(
        measured(`encoding: ${title}`, sizes(n).map(make), (text) => {
          expect(readPythonText(pythonText(text))).toBe(text);
          expect(readXmlText(xmlText(text))).toBe(text);
          const facts = [
            { libvirtPools: [text, text], name: text, monitors: [], auth: { username: text, uuid: text } },
            { libvirtPools: [text], name: text, monitors: [], auth: { username: text, uuid: "", usage: text } },
          ];
          expect(readFacts(patched(facts).block)).toEqual(facts);
        }),
      );
    for (const literal of [(n: number) => `u"${'\\"'.repeat(n)}`, (n: number) => `u"${'u"\\"'.repeat(n)}`])
      rows.push(
        measured("encoding: no literal of ours", sizes(10_000).map(literal), (text) => {
          expect(readPythonText(text)).not.toBe("");
        }),
      );
  });
});

describe("the host's pools", () => {
  const pools = (n: number, change: (at: number) => Partial<typeof VMS>) =>
    Array.from({ length: n }, (_, at) => ({ ...VMS, pool: `p${at}`, ...change(at) }));
  const monitors = (n: number) => Array.from({ length: n }, (_, at) => ({ name: `m${at}`, port: 6789 }));
  const HOSTS: readonly (readonly [
    title: string,
    n: number,
    make: (n: number) => (typeof VMS)[],
    entries: (n: number) => number,
  ])[] = [
    ["pools of one cluster", 100, (n) => pools(n, () => ({})), () => 1],
    ["pools apart", 100, (n) => pools(n, (at) => ({ monitors: [{ name: `m${at}`, port: null }] })), (n) => n],
    ["Ceph pools", 100, (n) => pools(n, (at) => ({ cephPool: `c${at}` })), (n) => n],
    [
      "pools in a chain",
      50,
      (n) => pools(n, (at) => ({ monitors: [at, at + 1].map((one) => ({ name: `m${one}`, port: null })) })),
      () => 1,
    ],
    ["monitors", 200, (n) => pools(1, () => ({ monitors: monitors(n) })), () => 1],
  ];

  it.each(HOSTS)("many %s", (title, n, make, entries) => {
    const row = measured(
      `facts: ${title}`,
      sizes(n).map((size) => [size, make(size)] as const),
      ([size, all]) => {
        const facts = mergePools(all);
        expect(facts).toHaveLength(entries(size));
        expect(sampleDomain(all).disks.length).toBeGreaterThan(1);
        expect(patched(facts).patch.intact).toBe(true);
      },
    );
    rows.push(row);
  });

  it("texts for a terminal", () => {
    rows.push(
      measured(
        "report: a diff",
        sizes(5000).map((n) => "+a\n-b\n c\n@@ d\n".repeat(n)),
        (diff) => {
          expect(colourDiff(diff, PLAIN)).toBe(diff);
        },
      ),
      measured(
        "report: control characters",
        sizes(20_000).map((n) => "\u001b".repeat(n)),
        (text) => {
          expect(visible(text)).toHaveLength(4 * text.length);
        },
      ),
    );
  });
});
