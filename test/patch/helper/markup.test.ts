import {
  ALL,
  AUTH,
  BARE,
  type Case,
  DONE,
  domain,
  inDomain,
  MON1,
  MON2,
  MON3,
  RBD,
  testCases,
} from "../../support/helper-cases";

/** What may stand anywhere in a document, and holds what looks like its elements. */
const ANYWHERE = [
  `<!-- ${BARE} -->`,
  "<!---->",
  "<!--->-->",
  "<!-- - > -/> <disk> \" ' \n <![CDATA[ <?x -->",
  `<?x ${BARE} ?>`,
  "<?x > ?/> <disk> ? > </domain> \" ' \n <!-- ?>",
];

/** What may stand in an element only. */
const INSIDE = [
  `<![CDATA[${BARE}]]>`,
  "<![CDATA[]>]]]>",
  "<![CDATA[ ]]/> <disk> ]] > </domain> \" ' \n <!-- <?x ]]>",
  "a > b ]] > \" ' / = &lt;disk&gt; &amp; &#60;disk/> \u00e4",
  "<x\n/>",
  `<x a='"!-- >'></x >`,
  `<x a = "1"\tb\r\n=\n'2' c="3"/>`,
  "<\u00e9l.\u00e8-m_1 \u00e4\u00f6='\u00fc' xml:lang='x'/>",
  "<y:x xmlns:y='urn:>/y' y:a=\"it's /> so\"><y:x/></y:x>",
  "<x a='/'></x>",
];

const at = (place: string, text: string, make: (noise: string, done: boolean) => string): Case => ({
  title: `${place}: ${JSON.stringify(text)}`,
  xml: make(text, false),
  want: make(text, true),
});

const NOISE: Case[] = [
  ...ANYWHERE.flatMap((text) => [
    at("around the root", text, (noise, done) => `${noise}\n${domain(done ? DONE : BARE)}${noise}`),
  ]),
  ...[...ANYWHERE, ...INSIDE].flatMap((text) => [
    at("between disks", text, (noise, done) => {
      const disk = done ? DONE : BARE;
      return `<domain>${noise}<devices>${noise}${disk}${noise}${disk}${noise}</devices>${noise}</domain>`;
    }),
    at("in a disk", text, (noise, done) => {
      const source = `${done ? AUTH : ""}<source ${RBD}>${MON2}${done ? MON1 + MON3 : ""}</source>`;
      return domain(`<disk>${noise}${source}${noise}</disk>`);
    }),
    at("in a source", text, (noise, done) => {
      const hosts = `${MON1}${noise}${MON3}${done ? MON2 : ""}`;
      return domain(`<disk>${done ? AUTH : ""}<source ${RBD}>${noise}${hosts}${noise}</source></disk>`);
    }),
  ]),
];

const TAGS: Case[] = [
  {
    title: "single quotes, white space and line breaks in a tag",
    xml: `<disk\n type='network'\t><source\r\n name = 'rbd/a'\n\tprotocol= 'rbd'  ><host\nport = '6789' name='mon1'  /></source ></disk >`,
    want: `<disk\n type='network'\t>${AUTH}<source\r\n name = 'rbd/a'\n\tprotocol= 'rbd'  ><host\nport = '6789' name='mon1'  />${MON2}${MON3}</source ></disk >`,
  },
  {
    title: "quotes and angle brackets inside the other quotes",
    xml: `<disk a="it's > so" b='say "so" />'><source ${RBD} x="/>"/></disk>`,
    want: `<disk a="it's > so" b='say "so" />'>${AUTH}<source ${RBD} x="/>">${ALL}</source></disk>`,
  },
  {
    title: "references in values",
    xml: `<!-- rbd --><disk><source protocol="r&#98;d" name="rb&#x64;/&amp;a&#0000000000000097;"><host name="&#77;on&#x31;"/></source></disk>`,
    want: `<!-- rbd --><disk>${AUTH}<source protocol="r&#98;d" name="rb&#x64;/&amp;a&#0000000000000097;"><host name="&#77;on&#x31;"/>${MON2}${MON3}</source></disk>`,
  },
].map(inDomain);

const HEADS: Case[] = [
  [
    "a byte order mark, an XML declaration and a comment",
    "\ufeff<?xml version='1.0' encoding='UTF-8'?>\n<!-- \u00fc -->",
  ],
  // The text is a text already: what it once was encoded in says nothing.
  ["the declaration of another encoding", '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!-- \u00fc \u20ac -->'],
  ["the declaration of an encoding that is none", '<?xml version="1.0" encoding="x-none"?>\n'],
].map(([title, head]) => ({
  title: title as string,
  xml: head + domain(`<name>\u00fc\u05d0\u{1F600}</name>${BARE}`),
  want: head + domain(`<name>\u00fc\u05d0\u{1F600}</name>${DONE}`),
}));

testCases([...NOISE, ...TAGS, ...HEADS]);
