import { describe, expect, it } from "vitest";
import { countWork } from "../../support/helper";
import { BARE, domain, HERE, MON1, MON2, once, RBD, VMS } from "../../support/helper-cases";
import type { Interpreter } from "../../support/pythons";

type Growing = [title: string, make: (n: number) => string];

const disk = `<disk><source ${RBD}>${MON1}</source></disk>`;
/** A disk with something before its source. */
const before = (text: string) => domain(`<disk>${text}<source ${RBD}/></disk>`);
const attributes = (n: number) => Array.from({ length: n }, (_, at) => ` a${at}='x'`).join("");

const WELL_FORMED: Growing[] = [
  ["disks", (n) => domain(disk.repeat(n / 10))],
  [
    "disks with an auth",
    (n) => domain(disk.replace("<source", '<auth username="x"><secret/></auth><source').repeat(n / 10)),
  ],
  ["elements in a disk", (n) => before("<a b='c'/>".repeat(n))],
  ["elements in an auth", (n) => before(`<auth>${"<a b='c'/>".repeat(n)}</auth>`)],
  [
    "elements inside each other",
    (n) => domain(`<disk><source ${RBD}>${"<a>".repeat(n)}${"</a>".repeat(n)}</source></disk>`),
  ],
  ["hosts", (n) => domain(`<disk><source ${RBD}>${MON2.repeat(n)}</source></disk>`)],
  ["comments", (n) => before(`${"<!-- - -> - ->-->".repeat(n)}<!--${" - ->".repeat(n)}-->`)],
  ["CDATA sections", (n) => before(`${"<![CDATA[ ] ]> ]]]>".repeat(n)}<![CDATA[${" ]] > ]] ]>".repeat(n)}]]>`)],
  ["processing instructions", (n) => before(`${"<?x ? > ??>".repeat(n)}<?x${" ? > ?".repeat(n)}?>`)],
  ["text", (n) => before("a > b / ' \" = ] ".repeat(n))],
  ["line breaks and blanks before elements", (n) => before(`\n${" ".repeat(n)}x\n${"\t".repeat(n)}`)],
  [
    "white space in a tag",
    (n) => domain(`<disk${" ".repeat(n)}><source${"\n".repeat(n)}${RBD}${"\t".repeat(n)}/></disk${" ".repeat(n)}>`),
  ],
  ["white space around an equals sign", (n) => domain(`<a b${" ".repeat(n)}=${" ".repeat(n)}""/>${disk}`)],
  ["attributes", (n) => domain(`<disk${attributes(n)}><source ${RBD}/></disk>`)],
  ["a long value", (n) => domain(`<disk a='${'" > / = '.repeat(n)}'><source ${RBD}/></disk>`)],
  ["a long name", (n) => before(`<${"x".repeat(n)} ${"y".repeat(n)}=''/>`)],
  ["references", (n) => domain(`<disk><source protocol="rbd" name="rbd/${"&amp;&#65;".repeat(n)}"/></disk>`)],
  ["digits of a reference", (n) => domain(`<disk><source protocol="rbd" name="rbd/&#${"0".repeat(n)}65;"/></disk>`)],
];

const MALFORMED: Growing[] = [
  ["white space around an equals sign, without a value", (n) => `${disk}<a b${" ".repeat(n)}=${" ".repeat(n)}>`],
  ["an attribute without an end", (n) => `<domain>${disk}<disk a="${"x".repeat(n)}`],
  ["tags without an end", (n) => `<domain>rbd${"<disk ".repeat(n)}`],
  ["comments without an end", (n) => `<domain>rbd${"<!-- ".repeat(n)}`],
  ["quotes", (n) => domain(`${disk}<a ${`"'`.repeat(n)}>`)],
  ["a document type", (n) => `<!DOCTYPE domain [${"<!ELEMENT a>".repeat(n)}]>${domain(disk)}`],
  ["digits of a reference without an end", (n) => domain(BARE.replace("rbd/a", `rbd/&#${"0".repeat(n)}`))],
];

const SIZES = [50, 100, 200];
// The matcher that counts knows the parser of Python 3's own patterns.
const PYTHON3 = HERE.filter(({ version }) => version !== "2.7").at(-1);

describe.skipIf(!PYTHON3)(`the work that Python ${PYTHON3?.version ?? 3} does for a domain`, () => {
  const all = [...WELL_FORMED, ...MALFORMED];
  const count = (texts: readonly string[]) => countWork(PYTHON3 as Interpreter, [VMS], texts);
  const counts = once(() => count(all.flatMap(([, make]) => SIZES.map((size) => make(size)))));
  const countsOf = (title: string) => {
    const first = all.findIndex(([other]) => other === title) * SIZES.length;
    const mine = counts().slice(first, first + SIZES.length);
    expect(mine.map(({ same }) => same)).toEqual(SIZES.map(() => true));
    return mine;
  };

  it.each(WELL_FORMED)("grows linearly with %s", (title) => {
    const mine = countsOf(title);
    for (const { patterns } of mine) expect(patterns).toBeGreaterThan(0);
    const [small, middle, large] = mine.map(({ work }) => work) as [number, number, number];
    expect(middle).toBeGreaterThan(small);
    // Twice the text, twice the growth; work that grows with its square grows by four.
    expect(large - middle).toBeLessThanOrEqual(2.2 * (middle - small));
  });

  it.each(MALFORMED)(
    "is the same for any length of text that is not XML, which no pattern is tried on: %s",
    (title) => {
      const mine = countsOf(title);
      expect(mine.map(({ patterns, changed }) => [patterns, changed])).toEqual(SIZES.map(() => [0, false]));
      expect(new Set(mine.map(({ work }) => work)).size).toBe(1);
    },
  );

  it("is the same for any length of text without rbd", () => {
    const [short, long] = count([10, 1000].map((size) => domain("<disk><source file='/a'/></disk>".repeat(size))));
    expect(long).toEqual(short);
    expect(short).toMatchObject({ patterns: 0, same: true, changed: false });
    expect(short?.work).toBeLessThan(100);
  });
});
