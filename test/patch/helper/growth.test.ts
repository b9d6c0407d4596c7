import { describe, it } from "vitest";
import type { Call } from "../../support/helper";
import {
  BARE,
  DONE,
  domain,
  expectCase,
  expectSound,
  FAILED,
  HERE,
  MON1,
  onPythons,
  RBD,
  run,
} from "../../support/helper-cases";

// Work that grows with the square of a text takes minutes with these; else a text takes less than a second.
const SIZE = 500_000;
const filled = (piece: string) => piece.repeat(Math.ceil(SIZE / piece.length));
/** White space, as XML has it in tags and in text. */
const BLANKS = filled(" ");
const LINES = filled("\n");

/** What stands in a domain before a disk. */
const WELL_FORMED: [title: string, text: string][] = [
  ["disks of files", filled("<disk><source file='/rbd'/></disk>")],
  ["elements", filled("<a b='c'/>")],
  ["a long name", `<${filled("x")} ${filled("y")}=''/>`],
  ["a long value", `<a b='${filled('" > / = ')}'/>`],
  ["many attributes", `<a${Array.from({ length: SIZE / 10 }, (_, at) => ` a${at}='x'`).join("")}/>`],
  ["white space in tags", `<a${BLANKS}b${LINES}=${BLANKS}''${LINES}></a${BLANKS}>`],
  ["comments", filled("<!-- - -> - ->-->")],
  ["a long comment", `<!--${filled(" - ->")}-->`],
  ["CDATA", filled("<![CDATA[ ] ]> ]]]>")],
  ["long CDATA", `<![CDATA[${filled(" ]] > ]] ]>")}]]>`],
  ["instructions", filled("<?x ? > ??>")],
  ["a long instruction", `<?x${filled(" ? > ?")}?>`],
  ["text", filled("a > b / ' \" = ] ")],
  ["blanks", BLANKS],
  ["line breaks", filled("\r\n \t")],
  ["carriage returns", filled("&#13;\r")],
  ["a line break and blanks", `\n${BLANKS}x\n${filled("\t")}`],
  ["references", filled("&amp;&#65;")],
  ["digits of a reference", `&#${filled("0")}65;`],
];

/** What stands in a source of the pool, after its name; no element has a monitor of the pool. */
const HOSTS: [title: string, text: string][] = [
  ["hosts", filled('<host name="mon9"/>')],
  ["a host with a long list", `<host name="${filled("mon9:1,")}"/>`],
  ["a host with commas and blanks", `<host name="${filled(", ")}x${BLANKS}x"/>`],
  ["a host with colons", `<host name="${filled(":1")}"/>`],
  ["a host with brackets", `<host name="${filled("[")}${filled("]")}"/>`],
];

const MALFORMED: [title: string, xml: string][] = [
  ["white space around an equals sign without a value", domain(`${BARE}<a b${BLANKS}=${BLANKS}>`)],
  ["an attribute without an end", `<domain>${BARE}<disk a="${filled("x")}`],
  ["a name without an end", `<domain>${BARE}<${filled("x")}`],
  ["tags without an end", `<domain>rbd${filled("<disk ")}`],
  ["comments without an end", `<domain>rbd${filled("<!-- ")}`],
  ["CDATA without an end", `<domain>rbd${filled("<![CDATA[ ]")}`],
  ["instructions without an end", `<domain>rbd${filled("<? ?")}`],
  ["quotes", domain(`${BARE}<a ${filled(`"'`)}>`)],
  ["a document type", `<!DOCTYPE domain [${filled("<!ELEMENT a>")}]>${domain(BARE)}`],
];

describe("the time grows with the size only", () =>
  onPythons(HERE.slice(-1), (interpreter) => {
    const calls = (xml: string) => run(interpreter, [["text", xml]]).calls[0] as Call[];

    it.each(WELL_FORMED)("with %s before a disk, which is completed", (_, text) => {
      expectCase({ xml: domain(text + BARE), want: domain(text + DONE) }, calls(domain(text + BARE)));
    });

    it.each(HOSTS)("with %s in a disk, which is left unchanged", (_, hosts) => {
      for (const call of calls(domain(`<disk><source ${RBD}>${hosts}</source></disk>`))) expectSound(call);
    });

    it("with disks that are completed", () => {
      const disks = filled(`<disk><source ${RBD}>${MON1}</source></disk>`);
      for (const call of calls(domain(disks))) expectSound(call);
    });

    it.each(MALFORMED)("with %s, which is not XML", (_, xml) => expectCase({ xml, log: [FAILED] }, calls(xml)));
  }));
