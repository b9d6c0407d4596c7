import {
  ALL,
  AUTH,
  BARE,
  type Case,
  DONE,
  domain,
  INDENTED,
  INDENTED_AUTH,
  INDENTED_DONE,
  inDomain,
  indented,
  MON1,
  MON2,
  MON3,
  RBD,
  testCases,
  UUID,
} from "../../support/helper-cases";

/** What may stand anywhere in a document, and holds what looks like its elements. */
const ANYWHERE = [
  `<!-- ${BARE} -->`,
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

const crlf = (text: string) => text.replace(/\n/g, "\r\n");
const tabs = (text: string) => text.replace(/ {2}(?=[ <\t])/g, "\t");
const flat = (text: string) => text.replace(/\n */g, "");
const bare = (text: string) => text.replace(/^ +/gm, "");

const WHOLE: Case[] = [
  ...[crlf, tabs, flat, bare, (text: string) => crlf(tabs(text)), (text: string) => `\ufeff${text}`].flatMap(
    (change, index): Case[] => [
      {
        title: `${["CRLF", "tabs", "one line", "no indentation", "CRLF and tabs", "a byte order mark"][index]}`,
        xml: change(INDENTED),
        want: change(INDENTED_DONE),
      },
    ],
  ),
  {
    title: "non-ASCII text, trailing white space and comments around",
    xml: `\ufeff<!-- \u00fc \u2028 \u{1F600} -->\r\n<domain t='\u00df'> \t\n<b/>\u00e9 &#xe9; &lt;rbd&gt; \r\n<devices> ${BARE}<x>\u05d0</x> \r </devices> \r \n</domain>\n\n `,
    want: `\ufeff<!-- \u00fc \u2028 \u{1F600} -->\r\n<domain t='\u00df'> \t\n<b/>\u00e9 &#xe9; &lt;rbd&gt; \r\n<devices> ${DONE}<x>\u05d0</x> \r </devices> \r \n</domain>\n\n `,
  },
  {
    title: "mixed line ends: each addition takes the line end before it",
    xml: indented(`      <source ${RBD}>\r\n        ${MON1}\r\n      </source>`),
    want: indented(
      `      <source ${RBD}>\r\n        ${MON1}\r\n        ${MON2}\r\n        ${MON3}\r\n      </source>`,
      INDENTED_AUTH,
    ),
  },
];

const SOURCE: Case[] = [
  { title: "a self-closing source", xml: indented(`      <source ${RBD}/>`), want: INDENTED_DONE },
  {
    title: "a source with another child",
    xml: indented(`      <source ${RBD}>\n          <snapshot name="s"/>\n      </source>`),
    want: indented(
      `      <source ${RBD}>\n          ${MON1}\n          ${MON2}\n          ${MON3}\n          <snapshot name="s"/>\n      </source>`,
      INDENTED_AUTH,
    ),
  },
];

const HOSTS: Case[] = [
  {
    title: "a last host that opens and closes",
    xml: indented(`      <source ${RBD}>\n       <x/>\n         <host name="mon1">\n         </host>\n      </source>`),
    want: indented(
      `      <source ${RBD}>\n         ${MON2}\n         ${MON3}\n       <x/>\n         <host name="mon1">\n         </host>\n      </source>`,
      INDENTED_AUTH,
    ),
  },
];

/** An auth before a source with all its monitors, by the white space before the disk and before the source. */
const between = (disk: string, source: string, auth: string) =>
  domain(`${disk}<disk>${source}${auth}<source ${RBD}>${ALL}</source></disk>`);
const spread = (outer: string, inner: string) =>
  `<auth username="libvirt">${inner}<secret type="ceph" uuid="${UUID}"/>${outer}</auth>${outer}`;

const AUTHS: Case[] = [
  ["one step deeper, of any width", "\n ", "\n     ", "\n         "],
  ["two blanks if the disk does not begin a line", "", "\n   ", "\n     "],
  ["two blanks if the indentation of the source does not extend that of the disk", "\n\t", "\n  ", "\n    "],
  ["one line if the source does not begin a line", "\n  ", "", ""],
  ["empty lines are not repeated", "\n\n ", "\n \n\n  ", "\n   "],
  ["LF before the disk and CRLF before the source", "\n ", "\r\n  ", "\r\n    "],
].map(([title, disk, source, inner]) => {
  const outer = /(\r?\n[ \t]*)?$/.exec(source as string)?.[1] ?? "";
  return {
    title: `the auth's secret: ${title}`,
    xml: between(disk as string, source as string, ""),
    want: between(disk as string, source as string, outer ? spread(outer, inner as string) : AUTH),
  };
});

testCases([...NOISE, ...TAGS, ...HEADS, ...WHOLE, ...SOURCE, ...HOSTS, ...AUTHS]);
