import { describe, expect, it } from "vitest";
import { type Call, type Job, type Ran, runBlocks, type Value } from "../../support/helper";
import {
  BARE,
  type Case,
  DONE,
  domain,
  expectCase,
  expectSound,
  FAILED,
  formsOf,
  MON1,
  once,
  onEachPython,
  RBD,
  run,
  testCases,
  UNREADABLE,
  VMS,
} from "../../support/helper-cases";

const disk = (inside: string) => domain(`<disk>${inside}</disk>`);

// No disk before the error may be changed.
const MALFORMED = [
  `<domain>${BARE}`,
  domain(`${BARE}</disk>`),
  disk('<source protocol="rbd" name="rbd/&bogus;"/>'),
  disk('<source protocol="rbd" name="rbd/&#0;"/>'),
  disk(`<!ELEMENT a><source ${RBD}/>`),
  domain(`${BARE}<x:disk/>`),
  domain(`${BARE}]]>`),
  domain(`${BARE}<!-- -- -->`),
  domain(`${BARE}<?xml version="1.0"?>`),
  `${domain(BARE)}rbd`,
  domain(BARE).repeat(2),
  "rbd",
  // A disk that is left alone before it: one line, not two.
  domain(`<disk><source ${RBD}><host name="x"/></source></disk><disk>`),
].map((xml): Case => ({ title: `not XML: ${JSON.stringify(xml)}`, xml, log: [UNREADABLE] }));

const ENTITIES = Array.from({ length: 9 }, (_, at) => `<!ENTITY a${at + 1} "${`&a${at};`.repeat(10)}">`).join("");
const DOCUMENT_TYPES = [
  `<!DOCTYPE domain>${domain(BARE)}`,
  `<?xml version="1.0"?>\n<!-- rbd -->\n<!DOCTYPE domain SYSTEM "file:///etc/passwd">${domain(BARE)}`,
  `<!DOCTYPE domain [<!ENTITY a "rbd">]>${domain(BARE.replace("rbd/a", "&a;/a"))}`,
  `<!DOCTYPE domain [<!ENTITY a0 "rbd">${ENTITIES}]>${domain(`&a9;${BARE}`)}`,
  `<!DOCTYPE ${domain(BARE)}`,
];
const REFUSED = /^virtinst-rbd-patch: XML left unchanged: ValueError\('it has a document type',?\)$/;

describe("text that is not XML, or has a document type, is returned unchanged, with one warning:", () =>
  testCases([
    ...MALFORMED,
    ...DOCUMENT_TYPES.map((xml) => ({ title: `a document type: ${JSON.stringify(xml)}`, xml, log: [REFUSED] })),
  ]));

/** What `from xml.etree import ElementTree` finds if Python is damaged. */
const BROKEN: [title: string, found: Pick<Job, "missing" | "standIn">][] = [
  ["no xml.etree", { missing: "xml.etree" }],
  ["a module that raises SystemExit", { standIn: "raise SystemExit(3)" }],
  ["a module without fromstring", { standIn: "XMLParser = dict" }],
  ["a fromstring that gives nothing", { standIn: "XMLParser = dict\ndef fromstring(*_): pass" }],
];
/** Fails if it is called. */
const UNTOUCHABLE = "def fromstring(*_, **__): raise RuntimeError('parsed')\nXMLParser = fromstring";

onEachPython((interpreter) => {
  const forms = formsOf(interpreter);

  const odd: [title: string, value: Value][] = [
    ["bytes that are not UTF-8", ["bytes", domain('<disk><source protocol="rbd" name="rbd/\xe9"/></disk>')]],
    ["objects that raise", ["object", null]],
    ...(interpreter.version === "2.7" ? [] : [["bytes", ["bytes", domain(BARE)]] as [string, Value]]),
  ];
  const oddResults = once(() => run(interpreter, [...odd.map(([, value]) => value), ["none", null]]).calls);

  it("None is returned as None, and nothing is logged", () => {
    const [call] = oddResults().at(-1) as [Call];
    expectSound(call);
    expect(call).toMatchObject({ same: true, log: [] });
  });

  it.each(odd)("%s are returned unchanged, with one warning", (title) => {
    const [call] = oddResults()[odd.findIndex(([other]) => other === title)] as [Call];
    expectSound(call);
    expect(call.same).toBe(true);
    expect(call.log).toEqual([["WARNING", "virtinst.rbd_patch", expect.stringMatching(FAILED)]]);
  });

  const broken = once(() =>
    runBlocks(interpreter, [
      ...BROKEN.map(
        ([, found]): Job => ({
          pools: [VMS],
          values: [
            ["text", domain(BARE)],
            ["text", "<domain/>"],
            ["none", null],
          ],
          ...found,
        }),
      ),
      { pools: [VMS], values: DOCUMENT_TYPES.map((xml) => ["text", xml]), standIn: UNTOUCHABLE },
      { pools: [VMS], values: [["text", domain(BARE)]] },
    ]),
  );

  it.each(BROKEN.map(([title], index) => [title, index] as const))(
    "the XML is returned unchanged, with one warning, if Python has %s in the place of ElementTree",
    (_, index) => {
      const [disks, nothing, none] = (broken()[index] as Ran).calls as [Call[], Call[], Call[]];
      expect(disks).toHaveLength(forms);
      expectCase({ xml: domain(BARE), log: [FAILED] }, disks);
      // Nothing is imported where there is nothing to do.
      expectCase({ xml: "<domain/>" }, nothing);
      expect(none).toMatchObject([{ raised: null, same: true, log: [] }]);
    },
  );

  it("a document type is refused before any parser sees it", () => {
    const { calls } = broken().at(-2) as Ran;
    expect(calls).toHaveLength(DOCUMENT_TYPES.length);
    for (const [index, xml] of DOCUMENT_TYPES.entries()) expectCase({ xml, log: [REFUSED] }, calls[index] as Call[]);
  });

  it("each call imports again, so that a repaired Python works", () => {
    expectCase({ xml: domain(BARE), want: domain(DONE) }, (broken().at(-1) as Ran).calls[0] as Call[]);
  });

  it("XML that is cut short anywhere is returned unchanged, with one warning", () => {
    const whole = `<?xml version='1.0'?><!-- rbd --><domain><devices><![CDATA[<]]><disk type="network"><auth username="libvirt"><secret/></auth><source ${RBD}>${MON1}</source></disk></devices></domain>`;
    const cuts = Array.from(whole, (_, at) => whole.slice(0, at)).filter((cut) => cut.includes("rbd"));
    const { calls } = run(
      interpreter,
      cuts.map((cut) => ["text", cut]),
    );
    expect(calls).toHaveLength(cuts.length);
    for (const [index, xml] of cuts.entries()) expectCase({ xml, log: [UNREADABLE] }, calls[index] as Call[]);
  });

  it("a domain nested too deeply for Python is completed, or left unchanged with one warning", () => {
    const deep = (disks: string) => domain(disks + "<a>".repeat(5000) + "</a>".repeat(5000));
    const [calls] = run(interpreter, [["text", deep(BARE)]]).calls as [Call[]];
    for (const call of calls) {
      const left = call.text === deep(BARE);
      expectCase(left ? { xml: deep(BARE), log: [FAILED] } : { xml: deep(BARE), want: deep(DONE) }, [call]);
      // Where ElementTree is in C, depth is nothing to it.
      if (interpreter.version !== "2.7") expect(left).toBe(false);
    }
  });

  // The `repr` of a UnicodeError holds the whole text, and with it whatever password the domain's XML has.
  it("the log never contains a part of the XML, such as a password", () => {
    const secret = domain(`<graphics passwd="secr\u00e9t"/>${BARE}`);
    const values: Value[] = [
      ["text", `${secret}\ud83d`],
      ["bytes", `${secret}\xe9`],
    ];
    for (const call of run(interpreter, values).calls.flat()) {
      expectSound(call);
      expect(call.log).toHaveLength(1);
      expect(call.log[0]?.[2]).not.toContain("secr");
    }
  });
});
