import { cpSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it, vi } from "vitest";
import { planReviewed } from "../../src/commands/apply-patch";
import { Failure } from "../../src/failure";
import { acceptPatch } from "../../src/patch/accept";
import { unifiedDiff } from "../../src/patch/diff";
import { mergePools } from "../../src/patch/merge";
import { HostFiles } from "../../src/system/host-files";
import { openTarget, planPatch } from "../../src/virtinst/target-file";
import { VMS } from "../support/helper-cases";
import { RUNS, THOROUGH, TIMEOUT } from "../support/runs";

vi.setConfig({ testTimeout: TIMEOUT });

const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

// The layout that needs no Python 2; a name that is not ASCII, as some pools have.
cpSync("test/fixtures/virtinst/installer-4.0", folder, { recursive: true });
const TARGET = openTarget({ files: new HostFiles(), virtinst: folder }, null);
const { installation, examined, file } = TARGET;
utimesSync(installation.path, 1400000000, 1400000000);
const FACTS = mergePools([VMS, { ...VMS, pool: "gr\u00f6\u00dfer", cephPool: "gr\u00f6\u00dfer" }]);
const { before, after } = planPatch(installation, examined, file.modified, FACTS);

/** The patch as `render` writes it: some words, then the diff. */
const PATCH = Buffer.from(
  `# virtinst-rbd-patch\n# host:     unknown\n# pool:     vms\n${unifiedDiff(installation.file, before.text, after.text)}`,
);
const PATH = join(folder, "host.patch");

/** What `apply PATCH` would make of the target; null where it refuses. Anything but a refusal is an error. */
function decided(patch: Buffer): string | null {
  const begin = performance.now();
  try {
    acceptPatch(patch.toString("utf8"), installation.file, before.text, examined.baseHash, PATH);
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
  }
  // Nobody waits for it: a patch of this size takes some milliseconds.
  expect(performance.now() - begin).toBeLessThan(1000);
  try {
    return planReviewed(TARGET, patch, PATH).plan.after.text;
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({ kind: "target", message: expect.stringMatching(/Nothing was written\.$/) });
    return null;
  }
}

const RIGHT = decided(PATCH) as string;

/** A patch either does just what it did before it was changed, or it is refused. */
function expectSafe(patch: Buffer, seen: { same: number; refused: number }): void {
  const diff = decided(patch);
  if (diff === null) seen.refused++;
  else {
    seen.same++;
    expect(diff).toBe(RIGHT);
  }
}

const MUTATIONS: Readonly<Record<string, (bytes: Buffer, at: number) => Buffer>> = {
  flip: (bytes, at) => spliced(bytes, at, 1, Buffer.from([(bytes[at] as number) ^ 1])),
  "flip the highest bit": (bytes, at) => spliced(bytes, at, 1, Buffer.from([(bytes[at] as number) ^ 0x80])),
  delete: (bytes, at) => spliced(bytes, at, 1, Buffer.alloc(0)),
  duplicate: (bytes, at) => spliced(bytes, at, 0, bytes.subarray(at, at + 1)),
  "a line break before it": (bytes, at) => spliced(bytes, at, 0, Buffer.from("\n")),
  "a carriage return before it": (bytes, at) => spliced(bytes, at, 0, Buffer.from("\r")),
  "9 in its place": (bytes, at) => spliced(bytes, at, 1, Buffer.from("9")),
  "a minus in its place": (bytes, at) => spliced(bytes, at, 1, Buffer.from("-")),
  "a plus in its place": (bytes, at) => spliced(bytes, at, 1, Buffer.from("+")),
  "nothing after it": (bytes, at) => bytes.subarray(0, at),
};

function spliced(bytes: Buffer, at: number, count: number, instead: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), instead, bytes.subarray(at + count)]);
}

/** Where the lines begin and end that are not added: the diff's grammar, and the lines of the file around. */
const GRAMMAR = [...PATCH.toString("latin1").matchAll(/^(?![+#](?!\+\+)).*\n/gm)].flatMap(({ index, 0: line }) =>
  Array.from(line, (_, at) => index + at),
);

describe("a patch file with a byte changed", () => {
  it("the patch itself is taken", () => {
    expect(RIGHT).toContain("\ndef _virtinst_rbd_patch(xml):");
    expect(decided(PATCH)).toBe(RIGHT);
    expect(GRAMMAR.length).toBeGreaterThan(200);
  });

  it.skipIf(THOROUGH)("does just what it did, or is refused (a sample of places)", () => {
    const seen = { same: 0, refused: 0 };
    const place = fc.oneof(fc.nat(PATCH.length - 1), fc.constantFrom(...GRAMMAR));
    fc.assert(
      fc.property(place, fc.constantFrom(...Object.keys(MUTATIONS)), (at, name) => {
        expectSafe((MUTATIONS[name] as (typeof MUTATIONS)[string])(PATCH, at), seen);
      }),
      { numRuns: RUNS(300, 0) },
    );
    expect(seen.same).toBeGreaterThan(0);
    expect(seen.refused).toBeGreaterThan(0);
  });

  it.runIf(THOROUGH).each(Object.entries(MUTATIONS))(
    "%s, at every place: it does just what it did, or is refused",
    (_, mutate) => {
      const seen = { same: 0, refused: 0 };
      for (let at = 0; at < PATCH.length; at++) expectSafe(mutate(PATCH, at), seen);
      console.log(JSON.stringify(seen));
    },
  );
});

describe("a patch file put together anew", () => {
  const LINES = PATCH.toString("utf8").split("\n");
  const line = fc.oneof(
    fc.constantFrom(...LINES),
    fc.constantFrom(
      ...[
        "",
        " ",
        "+",
        "-",
        "\\ No newline at end of file",
        "@@ -1,1 +1,1 @@",
        "@@ -1 +1 @@",
        "@@ -0,0 +1,0 @@",
        "@@ @@",
      ],
      ...[
        "--- a/virtinst/cli.py",
        "+++ b/virtinst/cli.py",
        "--- /dev/null",
        "+++ ../../etc/passwd",
        "diff --git a/x b/x",
      ],
      ...[
        "rename from x",
        "Index: x",
        "=".repeat(67),
        "deleted file mode 100644",
        "GIT binary patch",
        "+import os",
        "-#",
      ],
    ),
  );

  it("of lines moved, doubled, left out and put in: it does just what it did, or is refused", () => {
    const seen = { same: 0, refused: 0 };
    const edit = fc.record({ at: fc.nat(LINES.length), count: fc.nat(3), instead: fc.array(line, { maxLength: 2 }) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const lines = [...LINES];
        for (const { at, count, instead } of edits) lines.splice(at, count, ...instead);
        expectSafe(Buffer.from(lines.join("\n")), seen);
      }),
      { numRuns: RUNS(200, 20_000) },
    );
  });

  it("of bytes of any kind: it is refused", () => {
    const seen = { same: 0, refused: 0 };
    const head = LINES.slice(0, 6).join("\n");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, withHead) => {
        expectSafe(Buffer.concat([Buffer.from(withHead ? head : ""), bytes]), seen);
      }),
      { numRuns: RUNS(200, 20_000) },
    );
    expect(seen.same).toBe(0);
  });

  it("with other numbers in its hunks, however big: it does just what it did, or is refused", () => {
    const seen = { same: 0, refused: 0 };
    const number = fc.oneof(
      fc.nat(200).map(String),
      fc.nat({ max: 12 }).map((digits) => "9".repeat(digits)),
      fc.bigInt({ min: 0n, max: 10n ** 30n }).map(String),
      fc.constantFrom("0", "00", "-1", "+1", "1e9", "0x1", "2147483648", "4294967296", "9007199254740993", "NaN", " "),
    );
    const text = PATCH.toString("utf8");
    const count = [...text.matchAll(/^@@.*$/gm)].join(" ").match(/\d+/g)?.length ?? 0;
    expect(count).toBeGreaterThan(3);
    const changes = fc.array(fc.tuple(fc.nat(count - 1), number), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(changes, (numbers) => {
        let index = 0;
        const changed = text.replace(/^@@.*$/gm, (header) =>
          header.replace(/\d+/g, (own) => {
            const [, other = own] = numbers.find(([at]) => at === index) ?? [];
            index++;
            return other;
          }),
        );
        expectSafe(Buffer.from(changed), seen);
      }),
      { numRuns: RUNS(200, 20_000) },
    );
  });
});
