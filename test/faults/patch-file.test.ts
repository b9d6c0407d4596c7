import { cpSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it, vi } from "vitest";
import { planReviewed } from "../../src/commands/apply-patch";
import { Failure } from "../../src/failure";
import { unifiedDiff } from "../../src/patch/diff";
import { mergePools } from "../../src/patch/merge";
import { HostFiles } from "../../src/system/host-files";
import { openTarget, planPatch } from "../../src/virtinst/target-file";
import { VMS } from "../support/helper-cases";
import { RUNS, THOROUGH, TIMEOUT } from "../support/runs";

vi.setConfig({ testTimeout: TIMEOUT });

const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-file-"));
afterAll(() => rmSync(folder, { recursive: true }));
cpSync("test/fixtures/virtinst/installer-4.0", folder, { recursive: true });
const TARGET = openTarget({ files: new HostFiles(), virtinst: folder }, null);
const { installation, examined, file } = TARGET;
utimesSync(installation.path, 1400000000, 1400000000);
// Some pools have a name that is not ASCII.
const FACTS = mergePools([VMS, { ...VMS, pool: "gr\u00f6\u00dfer", cephPool: "gr\u00f6\u00dfer" }]);
const { before, after } = planPatch(installation, examined, file.modified, FACTS);

/** The patch as `render` writes it: some comments, then the diff. */
const DIFF = unifiedDiff(installation.file, before.text, after.text);
const TEXT = `# virtinst-rbd-patch\n# host:     unknown\n# pool:     vms\n${DIFF}`;
const PATCH = Buffer.from(TEXT);
const LINES = TEXT.split("\n");

/** The file that `apply PATCH` would write; null if it refuses the patch. Anything but a refusal is an error. */
function planned(patch: Buffer): string | null {
  try {
    return planReviewed(TARGET, patch, join(folder, "host.patch")).plan.after.text;
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({ kind: "target", message: expect.stringMatching(/Nothing was written\.$/) });
    return null;
  }
}
const RIGHT = planned(PATCH);
function expectSafe(patch: Buffer): void {
  expect([null, RIGHT]).toContain(planned(patch));
}

type Mutation = (bytes: Buffer, at: number) => Buffer;
const spliced = (bytes: Buffer, at: number, count: number, instead: Buffer) =>
  Buffer.concat([bytes.subarray(0, at), instead, bytes.subarray(at + count)]);
const flip =
  (mask: number): Mutation =>
  (bytes, at) =>
    spliced(bytes, at, 1, Buffer.from([(bytes[at] as number) ^ mask]));
const insert =
  (text: string, count = 0): Mutation =>
  (bytes, at) =>
    spliced(bytes, at, count, Buffer.from(text));
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  "the lowest bit flipped": flip(1),
  "the highest bit flipped": flip(0x80),
  "the byte deleted": insert("", 1),
  "the byte doubled": (bytes, at) => spliced(bytes, at, 0, bytes.subarray(at, at + 1)),
  "a line break before it": insert("\n"),
  "a carriage return before it": insert("\r"),
  "9 in its place": insert("9", 1),
  "a minus in its place": insert("-", 1),
  "a plus in its place": insert("+", 1),
  "nothing after it": (bytes, at) => bytes.subarray(0, at),
};

/** The bytes of lines that are not added: the grammar of the diff, and its context. */
const GRAMMAR = [...PATCH.toString("latin1").matchAll(/^(?![+#](?!\+\+)).*\n/gm)].flatMap(({ index, 0: line }) =>
  Array.from(line, (_, at) => index + at),
);
const byte = fc
  .tuple(fc.constantFrom(...Object.values(MUTATIONS)), fc.oneof(fc.nat(PATCH.length - 1), fc.constantFrom(...GRAMMAR)))
  .map(([mutate, at]) => mutate(PATCH, at));

const OTHER_LINES = [
  ...[
    "",
    " ",
    "+",
    "-",
    "\\ No newline at end of file",
    "GIT binary patch",
    "deleted file mode 100644",
    "=".repeat(67),
  ],
  ...["@@ -1,1 +1,1 @@", "@@ -1 +1 @@", "@@ -0,0 +1,0 @@", "@@ @@", "rename from x", "Index: x", "+import os", "-#"],
  ...["--- a/virtinst/cli.py", "+++ b/virtinst/cli.py", "--- /dev/null", "+++ ../../etc/passwd", "diff --git a/x b/x"],
];
const line = fc.oneof(fc.constantFrom(...LINES), fc.constantFrom(...OTHER_LINES));
const edit = fc.record({ at: fc.nat(LINES.length), count: fc.nat(3), instead: fc.array(line, { maxLength: 2 }) });
const edited = fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits) => {
  const lines = [...LINES];
  for (const { at, count, instead } of edits) lines.splice(at, count, ...instead);
  return Buffer.from(lines.join("\n"));
});

const number = fc.oneof(
  fc.nat(200).map(String),
  fc.nat({ max: 12 }).map((digits) => "9".repeat(digits)),
  fc.bigInt({ min: 0n, max: 10n ** 30n }).map(String),
  fc.constantFrom("0", "00", "-1", "+1", "1e9", "0x1", "2147483648", "4294967296", "9007199254740993", "NaN", " "),
);
const COUNT =
  LINES.filter((line) => line.startsWith("@@"))
    .join()
    .match(/\d+/g)?.length ?? 0;
const renumbered = fc.array(fc.tuple(fc.nat(COUNT - 1), number), { minLength: 1, maxLength: 3 }).map((numbers) => {
  const others = new Map(numbers);
  let index = 0;
  return Buffer.from(TEXT.replace(/^@@.*$/gm, (header) => header.replace(/\d+/g, (own) => others.get(index++) ?? own)));
});

const anything = fc
  .tuple(fc.constantFrom("", LINES.slice(0, 6).join("\n")), fc.uint8Array({ maxLength: 300 }))
  .map(([head, bytes]) => Buffer.concat([Buffer.from(head), bytes]));

it("a patch file as render writes it is accepted", () => expect(RIGHT).toContain("\ndef _virtinst_rbd_patch(xml):"));

it.each([
  ["one byte changed", byte],
  ["lines moved, doubled, removed and inserted", edited],
  ["other numbers in its hunks, however big", renumbered],
  ["random bytes in its place", anything],
])("a patch file with %s is refused, or writes exactly the same file", (_, patches) => {
  fc.assert(fc.property(patches, expectSafe), { numRuns: RUNS(300, 20_000) });
});

it.runIf(THOROUGH).each(Object.entries(MUTATIONS))(
  "a patch file with any byte changed (%s) is refused, or writes exactly the same file",
  (_, mutate) => {
    for (let at = 0; at < PATCH.length; at++) expectSafe(mutate(PATCH, at));
  },
);
