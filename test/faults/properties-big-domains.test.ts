import fc from "fast-check";
import { expect, it, vi } from "vitest";
import type { PoolFacts } from "../../src/patch/facts";
import { printRatios, type Row } from "../support/growth";
import { type Call, type Ran, runBlocks } from "../support/helper";
import {
  BARE,
  DONE,
  domain,
  expectSound,
  FAILED,
  formsOf,
  MON1,
  OLDEST_AND_NEWEST,
  onPythons,
  RBD,
  VMS,
} from "../support/helper-cases";
import { isWithin, oracle, outline } from "../support/helper-oracle";
import { RANDOM_DISK, RANDOM_POOLS } from "../support/helper-random";
import type { Interpreter } from "../support/pythons";
import { RUNS, TIMEOUT } from "../support/runs";

vi.setConfig({ testTimeout: TIMEOUT });

/** What may make a domain big: each gives some text for the inside of an element, of about as many characters. */
const STUFFINGS = {
  disks: (size: number) => filled(`<disk><source ${RBD}>${MON1}</source></disk>`, size),
  "disks of files": (size: number) => filled("<disk type='file'><source file='/rbd'/></disk>\r\n", size),
  "a comment": (size: number) => `<!--${filled(" <disk type='network'> - -> ' \"", size)} -->`,
  comments: (size: number) => filled("<!-- <source protocol='rbd' name='rbd/a'/> -->\n", size),
  CDATA: (size: number) => `<![CDATA[${filled("< <disk> ]] > </devices> &x; <!-- ", size)}]]>`,
  "an attribute": (size: number) => `<a b='${filled(`> " /> = &lt;disk&gt; `, size)}'/>`,
  attributes: (size: number) => `<a${numbered(size, (at) => ` b${at}="'"`)}/>`,
  "elements inside each other": (size: number) => filled("<a>".repeat(300) + "</a>".repeat(300), size),
  elements: (size: number) => filled("<a b = 'c'  />\n<d></d >", size),
  "white space": (size: number) => `${" ".repeat(size / 4)}${filled("\r\n \t", size / 2)}${"\n".repeat(size / 4)}`,
  instructions: (size: number) => filled("<?x <disk> ? > ?>", size),
  references: (size: number) => filled("&amp;&#65;&#x1f600; \u00e9\u{1F600} ", size),
} satisfies Record<string, (size: number) => string>;
type Stuffing = keyof typeof STUFFINGS;
const KINDS = Object.keys(STUFFINGS) as Stuffing[];

function filled(piece: string, size: number): string {
  return piece.repeat(Math.max(1, Math.floor(size / piece.length)));
}

function numbered(size: number, make: (at: number) => string): string {
  const parts: string[] = [];
  for (let length = 0; length < size; length += (parts.at(-1) as string).length) parts.push(make(parts.length));
  return parts.join("");
}

/** Compares long texts; to print all of one that is wrong would take longer than all else. */
function expectSameText(got: string, want: string): void {
  if (got === want) return;
  let at = 0;
  while (got[at] === want[at]) at++;
  const around = (text: string) => text.slice(Math.max(0, at - 200), at + 200);
  expect(around(got)).toBe(around(want));
}

/** A source that opens up loses the white space before its slash. */
function withoutGaps(text: string): string {
  const parts = text.split("/>");
  return [...parts.slice(0, -1).map((part) => part.trimEnd()), parts.at(-1)].join("/>");
}

/** Calls the function on one domain, in a process of its own, and expects of it what the oracle says. */
function expectRight(python: Interpreter, pools: readonly PoolFacts[], texts: readonly string[]): Call[][] {
  const [{ calls }] = runBlocks(python, [{ pools, values: texts.map((text) => ["text", text]) }]) as [Ran];
  for (const [index, text] of texts.entries()) {
    const { want, lines, replaces } = oracle(outline(text), pools);
    expect(calls[index]).toHaveLength(formsOf(python));
    for (const call of calls[index] as Call[]) {
      expectSound(call);
      const after = call.text as string;
      expectSameText(JSON.stringify(outline(after)), JSON.stringify(want));
      expect(replaces || isWithin(withoutGaps(text), after)).toBe(true);
      expect(call.log).toHaveLength(lines);
    }
  }
  return calls as Call[][];
}

onPythons(OLDEST_AND_NEWEST, (python) => {
  const kind = fc.constantFrom(...KINDS);
  // Small ones too: they are what a failure shrinks to.
  const size = fc.integer({ min: 2, max: RUNS(13, 18) }).map((power) => 2 ** power);
  const stuffing = fc.tuple(kind, size);
  const shown = (text: string, told: unknown) => ({ text, [fc.toStringMethod]: () => JSON.stringify(told) });
  /** A domain with something big before, between, in and behind its disks. */
  const BIG = fc
    .tuple(
      fc.array(fc.tuple(RANDOM_DISK, stuffing), { maxLength: 3 }),
      stuffing,
      fc.constantFrom("metadata", "devices", "name"),
    )
    .map(([disks, [first, much], place]) => {
      const inDisk = (disk: string, text: string) => disk.replace(/(?=<driver)/, () => `<x>${text}</x>`);
      const texts = disks.map(([disk, [what, size]], index) =>
        index % 2 ? inDisk(disk, STUFFINGS[what](size)) : disk + STUFFINGS[what](size),
      );
      const text = `<domain type="kvm"><${place}>${STUFFINGS[first](much)}</${place}><devices>${texts.join("")}</devices></domain>`;
      return shown(text, { disks, first, much, place });
    });

  it("random big domains become what an oracle of another kind says", () => {
    fc.assert(
      fc.property(RANDOM_POOLS, fc.array(BIG, { minLength: 1, maxLength: 4 }), (pools, all) => {
        expectRight(
          python,
          pools,
          all.map(({ text }) => text),
        );
      }),
      // A failure shrinks for ever where each step has megabytes.
      { numRuns: RUNS(8, 60), interruptAfterTimeLimit: TIMEOUT / 2 },
    );
  });

  // 10 MB where all is wanted. One process a domain, so that none waits for another's memory to be tidied up.
  const SIZES = [RUNS(30_000, 5_000_000), RUNS(60_000, 10_000_000)];
  const growth: Row[] = [];

  it.each(KINDS)("a domain that is big by %s, and one of twice the size", (what) => {
    const texts = SIZES.map((size) => domain(`${BARE}<x>${STUFFINGS[what](size)}</x>${BARE}`));
    if (what.startsWith("disks")) for (const [at, size] of SIZES.entries()) texts[at] = domain(STUFFINGS[what](size));
    const seconds = texts.map((text) =>
      Math.min(...expectRight(python, [VMS], [text]).flatMap((calls) => calls.map((call) => call.seconds))),
    );
    growth.push({ title: what, milliseconds: seconds.map((time) => 1000 * time) });
    if (growth.length === KINDS.length) printRatios(`Python ${python.version}, time at twice the size`, growth);
  });

  // Python 2.7 walks a tree by recursion, and so leaves what is too deep for it.
  it("elements inside each other by the thousand: all of it is right, or nothing is touched", {
    timeout: TIMEOUT,
  }, () => {
    const deep = (disk: string, depth: number) => domain(`${disk}<x>${"<a>".repeat(depth)}${"</a>".repeat(depth)}</x>`);
    const depths = [500, 900, 1000, 5000, RUNS(10_000, 200_000)];
    const [{ calls }] = runBlocks(python, [
      { pools: [VMS], values: depths.map((depth) => ["text", deep(BARE, depth)]) },
    ]) as [Ran];
    const done = depths.map((depth, index) =>
      (calls[index] as Call[]).map((call) => {
        expectSound(call);
        if (call.text === deep(DONE, depth)) return true;
        expect(call.text).toBe(deep(BARE, depth));
        expect(call.log.map(([, , message]) => message)).toEqual([expect.stringMatching(FAILED)]);
        return false;
      }),
    );
    expect(done[0]).not.toContain(false);
    console.log(
      `Python ${python.version}: ${depths.map((depth, index) => `${depth} deep ${done[index]?.[0] ? "done" : "left"}`).join(", ")}`,
    );
  });
});
