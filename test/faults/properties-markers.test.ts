import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPatch } from "diff";
import fc from "fast-check";
import { afterAll, describe, expect, it, vi } from "vitest";
import { Failure } from "../../src/failure";
import { findBlocks, strip } from "../../src/patch/blocks";
import { sha256 } from "../../src/patch/facts";
import { insert, linesOf } from "../../src/patch/insert";
import { mergePools } from "../../src/patch/merge";
import { render } from "../../src/patch/render";
import { decode, encode, type Source } from "../../src/patch/source";
import { examine } from "../../src/patch/state";
import { RECIPES } from "../../src/virtinst/recipes";
import { findSite } from "../../src/virtinst/site";
import { VMS } from "../support/helper-cases";
import { RUNS, TIMEOUT } from "../support/runs";

vi.setConfig({ testTimeout: TIMEOUT });

const FACTS = mergePools([VMS]);
const MODIFIED = "1400000000.000000000";

const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-markers-"));
afterAll(() => rmSync(folder, { recursive: true }));

const FIXTURES = RECIPES.map(({ name, file }) => ({
  file,
  text: readFileSync(join("test/fixtures/virtinst", name, file), "utf8"),
}));

/** What `apply` makes of a file that has no blocks; null where it refuses. */
function applied(bytes: Buffer, file: string): Source | null {
  const source = decode(bytes);
  if (findBlocks(source.text).state !== "absent") return null;
  try {
    const site = findSite(source.text, file, file);
    const lines = linesOf(source.text, site);
    const blocks = render(FACTS, { sha256: sha256(bytes), modified: MODIFIED, lines }, site);
    return { ...source, text: insert(source.text, site, blocks) };
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return null;
  }
}

// Line ends of other systems and other languages, what only looks like a marker, parts of one, and the real ones.
const PIECE = fc.constantFrom(
  ...[
    "# >>> virtinst-rbd-patch 1.1.0",
    "# <<< virtinst-rbd-patch",
    "# >>> virtinst-rbd-patch",
    "# <<< virtinst-rbd-pat",
  ],
  ...[
    "# >>>",
    "# <<<",
    ">>> virtinst-rbd-patch",
    "#>>> virtinst-rbd-patch",
    "#  <<< virtinst-rbd-patch",
    "virtinst-rbd-patch",
  ],
  ...[
    "    # >>> virtinst-rbd-patch",
    "\t# <<< virtinst-rbd-patch",
    "\f# >>> virtinst-rbd-patch",
    "_virtinst_rbd_patch",
  ],
  ...[
    "# >>> virtinst-rbd-patches",
    "# <<< virtinst-rbd-patch-2",
    "# >>> virtinst-rbd-patch_x",
    "# format: 2",
    "# blocks: x",
  ],
  ...[
    "'''# >>> virtinst-rbd-patch",
    '"""',
    "'",
    "x = '# <<< virtinst-rbd-patch'",
    "def _virtinst_rbd_patch(xml):",
    "# x",
  ],
  ...[
    "\n",
    "\n",
    "\r\n",
    "\r",
    "\u2028",
    "\u2029",
    "\u0085",
    "\f",
    "\v",
    "\ufeff",
    "\0",
    "\\",
    " ",
    "\t",
    "",
    "x = 1",
    "é",
  ],
);
const TEXT = fc.array(PIECE, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(""));

/** A change to the lines of a file. */
type Change = (lines: string[]) => void;
// A part of the file's length, so that one change fits every file; as a double, nearly all would be close to nought.
const PLACE = fc.integer({ min: 0, max: 9999 }).map((part) => part / 10_000);
const at = (place: number, length: number) => Math.floor(place * length);
// As comments, texts leave most files readable.
const COMMENT = TEXT.map((text) => `# ${text}`);
const CHANGE: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(PLACE, fc.oneof(TEXT, COMMENT)).map(
    ([place, text]): Change =>
      (lines) => {
        lines.splice(at(place, lines.length + 1), 0, text);
      },
  ),
  fc.tuple(PLACE, PLACE, TEXT).map(
    ([place, column, text]): Change =>
      (lines) => {
        const line = lines[at(place, lines.length)] as string;
        const where = at(column, line.length + 1);
        lines[at(place, lines.length)] = line.slice(0, where) + text + line.slice(where);
      },
  ),
  fc.tuple(PLACE, fc.integer({ min: 1, max: 3 })).map(
    ([place, count]): Change =>
      (lines) => {
        lines.splice(at(place, lines.length), count);
      },
  ),
  fc.tuple(PLACE, PLACE, fc.integer({ min: 1, max: 140 })).map(
    ([from, to, count]): Change =>
      (lines) => {
        const first = at(from, lines.length);
        lines.splice(at(to, lines.length + 1), 0, ...lines.slice(first, first + count));
      },
  ),
  fc.tuple(PLACE, PLACE).map(
    ([one, other]): Change =>
      (lines) => {
        const [a, b] = [at(one, lines.length), at(other, lines.length)];
        [lines[a], lines[b]] = [lines[b] as string, lines[a] as string];
      },
  ),
  // A whole block, to somewhere else.
  fc.tuple(fc.constantFrom("indexOf" as const, "lastIndexOf" as const), PLACE).map(
    ([which, place]): Change =>
      (lines) => {
        const marked = lines.map((line) => /^ *# (>>>|<<<) virtinst-rbd-patch/.exec(line)?.[1]);
        const first = marked[which](">>>");
        const count = marked.indexOf("<<<", first) - first + 1;
        const block = first >= 0 && count > 0 ? lines.splice(first, count) : [];
        lines.splice(at(place, lines.length + 1), 0, ...block);
      },
  ),
  PLACE.map(
    (place): Change =>
      (lines) => {
        lines[at(place, lines.length)] += "\r";
      },
  ),
);
const CHANGES = fc.array(CHANGE, { maxLength: 4 });

function changed(text: string, changes: readonly Change[]): string {
  const lines = text.split("\n");
  for (const change of changes) if (lines.length > 0) change(lines);
  return lines.join("\n");
}

/** A file for a property, which shows how it differs from the one that it was made of. */
function changedFile(
  file: string,
  before: string,
  changes: readonly Change[],
  crlf: boolean,
  encoding: BufferEncoding,
) {
  const ends = (text: string) => (crlf ? text.replace(/\n/g, "\r\n") : text);
  const after = changed(ends(before), changes);
  const diff = () => ({ file, encoding, diff: createPatch("", ends(before), after, "", "", { context: 0 }) });
  return { file, bytes: Buffer.from(after, encoding), [fc.toStringMethod]: () => JSON.stringify(diff()) };
}

const LAYOUT = fc.constantFrom(...FIXTURES);
const CRLF = fc.boolean();
/** Each layout as apply leaves it, with the line ends of either kind of system. */
const PATCHED = fc.constantFrom(
  ...FIXTURES.flatMap(({ file, text }) => [text, text.replace(/\n/g, "\r\n")].map((whole) => ({ file, whole }))).map(
    ({ file, whole }) => ({ file, text: (applied(Buffer.from(whole), file) as Source).text }),
  ),
);
const ENCODING = fc.constantFrom<BufferEncoding>("utf8", "utf8", "latin1");

/** What the command in the block's header makes of some files, without this tool. */
function sedded(files: readonly Buffer[]): Buffer[] {
  const [, , command] = /^(# Or, without that tool: sed -i '([^'\n]+)' FILE)$/m.exec(
    render(FACTS, { sha256: "0".repeat(64), modified: MODIFIED, lines: [1, 1] }, { variables: ["a"], indent: "" })
      .helper,
  ) as RegExpExecArray;
  const paths = files.map((bytes, index) => {
    const path = join(folder, String(index));
    writeFileSync(path, bytes);
    return path;
  });
  if (paths.length > 0) execFileSync("sed", ["-i", command as string, ...paths]);
  return paths.map((path) => readFileSync(path));
}

describe("a patched file with lines changed at random places", () => {
  const FILE = fc.tuple(PATCHED, CHANGES, ENCODING).map(([{ file, text }, changes, encoding]) => {
    return changedFile(file, text, changes, false, encoding);
  });

  it("is told apart without a fault, and what is taken out can be put back", () => {
    const seen: Record<string, number> = {};
    fc.assert(
      fc.property(FILE, ({ bytes }) => {
        const { state, found, source, base } = examine(bytes, FACTS);
        seen[state] = (seen[state] ?? 0) + 1;
        expect(examine(bytes, null).found).toEqual(found);
        expect(encode(source).equals(bytes)).toBe(true);
        if (found.state !== "present") {
          expect(state).toBe(found.state);
          return;
        }
        const [helper, call] = found.spans;
        const stripped = strip(source.text, found.spans);
        expect(base?.text).toBe(stripped);
        expect(findBlocks(stripped)).toEqual({ state: "absent" });
        const places = { helperAt: helper.from, callAt: call.from - (helper.to - helper.from) };
        if (insert(stripped, places, found.blocks) !== source.text) expect(state).not.toBe("current");
      }),
      { numRuns: RUNS(400, 50_000) },
    );
    console.log(`patched files with changed lines: ${JSON.stringify(seen)}`);
  });

  it("is current only where it is, to the byte, what apply would write", () => {
    fc.assert(
      fc.property(FILE, ({ file, bytes }) => {
        const { state, base } = examine(bytes, FACTS);
        if (state !== "current") return;
        const again = applied(encode(base as Source), file);
        expect(again && encode(again).equals(bytes)).toBe(true);
      }),
      { numRuns: RUNS(400, 50_000) },
    );
  });
});

describe("a file with odd lines", () => {
  const FILE = fc.tuple(LAYOUT, CHANGES, CRLF, ENCODING).map(([{ file, text }, changes, crlf, encoding]) => {
    return changedFile(file, text, changes, crlf, encoding);
  });

  it("that apply takes comes back to the byte, by this tool and by the command in the header", () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.array(FILE, { minLength: 1, maxLength: 60, size: "max" }), (files) => {
        const patched = files.flatMap(({ file, bytes }) => {
          const source = applied(bytes, file);
          return source ? [{ before: bytes, after: encode(source) }] : [];
        });
        taken += patched.length;
        for (const { before, after } of patched) {
          const examined = examine(after, FACTS);
          expect(examined.state, examined.reason).toBe("current");
          expect(encode(examined.base as Source).equals(before)).toBe(true);
        }
        const stripped = sedded(patched.map(({ after }) => after));
        for (const [index, { before }] of patched.entries())
          expect(stripped[index]?.toString("latin1")).toBe(before.toString("latin1"));
      }),
      { numRuns: RUNS(10, 800) },
    );
    expect(taken).toBeGreaterThan(20);
    console.log(`odd files that apply takes: ${taken}`);
  });
});
