import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, expect, it, vi } from "vitest";
import { Failure } from "../../src/failure";
import { readDocument } from "../../src/host/document";
import { readRbdDisks } from "../../src/host/domain";
import { libvirtAt, readLive } from "../../src/host/virsh";
import { readPool, readSecret } from "../../src/host/xml";
import { colourDiff, PLAIN } from "../../src/output/colours";
import { acceptPatch } from "../../src/patch/accept";
import { findInsertionPoint, splitLines } from "../../src/patch/insertion-point";
import { findManualEdit } from "../../src/patch/manual-edit";
import { stripPatch } from "../../src/patch/strip";
import { HostFiles } from "../../src/system/host-files";
import { findAffected } from "../../src/virtinst/affected";
import { findVirtinst } from "../../src/virtinst/find";
import { ANY_TEXT } from "../support/any-text";
import { temporaryFolder } from "../support/cli";
import { CEPH_POOLS, NAMED, ORIGINAL, patched } from "../support/patched";
import { RUNS, TIMEOUT } from "../support/runs";
import { standIns } from "../support/stand-ins";

// The texts are so long that work which grows with the square of their length exceeds the time limit of a test.
vi.setConfig({ testTimeout: TIMEOUT });
afterEach(() => void vi.unstubAllEnvs());
const LENGTH = RUNS(200_000, 1_000_000);

// The tokens of each grammar, separated by "|".
const XML = `<pool type='rbd'>|</pool>|<secret>|</secret>|<domain>|</domain>|<source>|</source>|<name>|</name>|<host|\
<host name='a' port='1'/>| name='|' port='|'/>|<auth username='u'>|</auth>|<uuid>|</uuid>|<secret uuid='x'/>|\
<usage type='ceph'>|</usage>|<devices>|<disk>|</disk>|</devices>|x|<!--|-->|<![CDATA[|]]>|<?xml version='1.0'?>|<?|?>|\
<!DOCTYPE pool| [|]>|<!ENTITY e 'e'>|&e;|&amp;|&#0;|&#xD800;|&#x110000;|&|;|<|>|/|'|"|=| xmlns='u'|\ufeff|\0| |\r|- `;
const JSON_TOKENS = `{|}|[|]|,|:|"version"|1|"pools"|"name"|"cephPool"|"monitors"|"port"|"auth"|"secret"|"uuid"|\
"usage"|"secrets"|"host"|null|true|1e999|-0|"__proto__"|"a|\\u0000|{"pools":|{"version":1,"pools":[`;
const PYTHON = `        |\t|    |        log.debug(|        return |initial_xml, |final_xml = |re.sub("a", "b", |\
re.compile(|self._build_xml(|    def _build_xml(self):\n|(|)|[|]|{|}|:|: |, |=|;|:=|"""|'|"|#|\\\n|\r|\f|\n| |yield |\
lambda |if x:\n|x|import os\n|# virtinst-rbd-patch\n|source_protocol|auth_secret_uuid`;
const MARKERS = `# >>> virtinst-rbd-patch\n|# <<< virtinst-rbd-patch\n|# >>>|_virtinst_rbd_patch|\
# virtinst-rbd-patch\n|# original: sha256=|# block: sha256=0\n|mtime=1.000000000|x\n|    x\n|#|\n|\r| |\t|\f|def |\
return xml\n`;
const DIFF = `--- a/f\n|+++ b/f\n|@@ -1,1 +1,1 @@\n|@@ -1|@@ | x\n|+y\n|-z\n|diff --git a/x| b/|diff| -r a|x| |\t|\
\\ No newline|\n`;
const SCRIPT = `#!/usr/bin/python3\n|#!/usr/bin/env |#!/bin/sh\n|#!|sys.path.insert(0, |dirname(|__file__|\
os.path.join(|"/a|"|'|,|(|)|exec |a=b |$x|\\\n| |\n|\t|/no/virt-install|# x\n`;
const VIRSH = ` p active yes\n| p |active |yes|\n| |virsh # |<pool |<pool>\n|</pool>\n|</pool >|\
 01234567-89ab-cdef-0123-456789abcdef ceph s\n|<secret>\n|</secret>\n|<uuid>|a `;

const SOURCE = readFileSync("test/fixtures/virtinst/installer-4.0/virtinst/install/installer.py", "utf8");
const { text: PATCHED, block: BLOCK } = patched();
/** The text, before something in a file. */
const before = (file: string, anchor: string) => (text: string) => file.replace(anchor, () => `${text}${anchor}`);
const raw = (text: string) => text;
/** The text, in the place of a "|" in a file. */
const within = (file: string) => (text: string) => file.replace("|", () => text);

/** Makes a folder with a virtinst, and a function that replaces a file in it, and then reads. */
function inVirtinst(file: string, make: (files: HostFiles, top: string) => () => unknown) {
  const base = temporaryFolder();
  const top = join(base, "usr/share/virt-manager");
  cpSync("test/fixtures/virtinst/installer-4.0", top, { recursive: true });
  mkdirSync(join(base, "usr/bin"));
  const read = make(new HostFiles(base), top);
  return (text: string) => {
    writeFileSync(join(base, file), text);
    read();
  };
}

/** Makes a function that reads the output of virsh. */
function fromVirsh() {
  const said = join(temporaryFolder(), "said");
  const print = `case "$5" in h*) echo " p active yes" ;; *dumpxml*) echo "<pool type='rbd'>" ;; esac; cat ${said}`;
  vi.stubEnv("PATH", standIns({ virsh: print }));
  return (text: string) => {
    writeFileSync(said, text);
    return readLive(libvirtAt("test:///default"));
  };
}

function isAffected(files: HostFiles, top: string) {
  const installation = findVirtinst(files, top);
  return () => findAffected(installation, [{ name: "p", monitors: [], auth: null }], files);
}

/** The tokens of a text, what makes the function that reads it, and the files that it is put into. */
type Reader = readonly [
  tokens: string,
  make: () => (text: string) => unknown,
  ...files: readonly ((text: string) => string)[],
];
const READERS: Readonly<Record<string, Reader>> = {
  "a pool": [
    XML,
    () => (text) => readPool(text, "f"),
    raw,
    within("<pool type='rbd'><name>p</name><source>|</source></pool>"),
  ],
  "a secret": [XML, () => (text) => readSecret(text, "f"), raw, within("<secret>|</secret>")],
  "a domain": [XML, () => (text) => readRbdDisks(text, "f"), raw, within("<domain><devices>|</devices></domain>")],
  "a host file": [JSON_TOKENS, () => (text) => readDocument(text, "f"), raw, within('{"version":1,"pools":[|]}')],
  "the output of virsh": [VIRSH, fromVirsh, raw],
  "a virt-install": [SCRIPT, () => inVirtinst("usr/bin/virt-install", (files) => () => findVirtinst(files)), raw],
  "the code of virtinst for disks": [
    PYTHON,
    () => inVirtinst("usr/share/virt-manager/virtinst/devices/disk.py", isAffected),
    within("|\nsource_protocol = auth_secret_uuid"),
  ],
  "a file with _build_xml": [
    PYTHON,
    () => (text) => [findManualEdit(text.split("\n"), NAMED), findInsertionPoint(splitLines(text, NAMED).lines, NAMED)],
    ...["        log.debug(", "        return initial_xml", " meter):", "final_xml)\n"].map((at) => before(SOURCE, at)),
    (text) => SOURCE + text,
  ],
  "a file with the patch": [
    MARKERS,
    () => stripPatch,
    raw,
    ...[BLOCK, "        # >>>", "        start_xml = _", "# original", "    return xml\n# <<<"].map((at) =>
      before(PATCHED, at),
    ),
    (text) => PATCHED + text,
  ],
  "a patch file": [DIFF, () => (text) => acceptPatch(text, "f", "x\n", "0", "w"), raw],
  "a diff that is shown": [DIFF, () => (text) => colourDiff(text, PLAIN), raw],
};

/** Texts of tokens: short ones of many, and long ones that repeat a few. */
function soup(tokens: string, length = LENGTH): fc.Arbitrary<string> {
  const token = fc.constantFrom(...tokens.split("|"));
  const short = fc.array(fc.oneof({ weight: 8, arbitrary: token }, ANY_TEXT), { maxLength: 40 });
  const long = fc.array(token, { minLength: 1, maxLength: 3 });
  return fc.oneof(
    { weight: 2, arbitrary: short.map((parts) => parts.join("")) },
    { weight: 2, arbitrary: long.map((parts) => parts.join("")).map((text) => text.repeat(length / text.length)) },
    { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
  );
}

/** Reads a text; returns the message of a refusal. Anything else that is thrown is an error. */
async function refusal(read: (text: string) => unknown, text: string): Promise<string | null> {
  try {
    await read(text);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return (error as Failure).message;
  }
}

it.each(Object.entries(READERS))(
  "%s is read or refused, with any text of any length",
  async (_, [tokens, make, ...files]) => {
    const read = make();
    const text = fc.tuple(fc.constantFrom(...files), soup(tokens)).map(([put, text]) => put(text));
    await fc.assert(
      fc.asyncProperty(text, async (value) => void (await refusal(read, value))),
      { numRuns: RUNS(30, 2000) },
    );
  },
);

it("a host file with any JSON value in it is read or refused", async () => {
  const keys = ["pools", "secrets", "host", "version", "virtinst", "__proto__", "x"];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 4 }), async (key, value) => {
      const parts = JSON.parse(`{"${key}":${JSON.stringify(value)}}`);
      await refusal((text) => readDocument(text, "f"), JSON.stringify({ version: 1, pools: [], ...parts }));
    }),
    { numRuns: RUNS(500, 50_000) },
  );
});

it("a refused XML file is not quoted: the value of a secret that it may contain is not shown", async () => {
  // Letters only, so that no other word of a message contains it.
  const KEY = "QVFCc2VjcmV0";
  const places = `|<pool>|<pool><!-- |<pool><![CDATA[|<pool x="|<pool x='' x='|<pool type='rbd'><x>|\
<secret><value>|<domain><name>`;
  // A message names a UUID, a port, a tag or a reference that is wrong: the user has to find it.
  const NAMES =
    /is not a UUID|has the port|has no|names its secret|was expected|isn't defined|Duplicate|[Uu]nclosed|end tag/;
  const xml = soup(XML, 0);
  await fc.assert(
    fc.asyncProperty(xml, fc.constantFrom(...places.split("|")), xml, async (first, place, last) => {
      for (const text of [place + KEY + last, first + place + KEY, place + KEY])
        for (const read of [readPool, readSecret, readRbdDisks]) {
          const message = (await refusal((value) => read(value, "f"), text)) ?? "";
          if (!NAMES.test(message)) expect(message).not.toContain(KEY);
        }
    }),
    { numRuns: RUNS(500, 50_000) },
  );
});

it("apply and revert keep the text outside the blocks byte for byte", () => {
  const tokens = `${PYTHON}|# virtinst-rbd-patch-2\n|# >>> conda\n|\u2028|\u00e9|\ufffd|\v`;
  const [head, tail] = ORIGINAL.split(/(?=class)/) as [string, string];
  let kept = 0;
  fc.assert(
    fc.property(soup(tokens), soup(tokens), (first, last) => {
      const original = `${head}# ${first}\n${tail}\n\n# ${last}\n`;
      fc.pre(stripPatch(original).state === "not-patched");
      try {
        const { text, base } = patched(CEPH_POOLS, original);
        expect(base === original).toBe(true);
        expect(text.includes(`# ${first}\n`) && text.includes(`# ${last}\n`)).toBe(true);
        kept++;
      } catch (error) {
        expect(error).toBeInstanceOf(Failure);
      }
    }),
    { numRuns: RUNS(200, 20_000) },
  );
  expect(kept).toBeGreaterThan(10);
});
