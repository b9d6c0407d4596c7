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

const NOISE = [...ANYWHERE, ...INSIDE].map((noise): Case => {
  const made = (auth: string, added: string) =>
    [
      "<domain>",
      "<devices>",
      `<disk>${noise}${auth}<source ${RBD}>${noise}${MON1}`,
      `${MON3}${added}`,
      "</source>",
      "</disk>",
      `${auth ? DONE : BARE}</devices>`,
      "</domain>",
    ].join(noise);
  return { title: `${JSON.stringify(noise)} stays wherever it is`, xml: made("", ""), want: made(AUTH, MON2) };
});

const AROUND = ANYWHERE.map(
  (noise): Case => ({
    title: `${JSON.stringify(noise)} stays before and after the root`,
    xml: `${noise}\n${domain(BARE)}${noise}`,
    want: `${noise}\n${domain(DONE)}${noise}`,
  }),
);

const TAGS: Case[] = [
  {
    title: "single quotes, white space and line breaks in a tag stay",
    xml: `<disk\n type='network'\t><source\r\n name = 'rbd/a'\n\tprotocol= 'rbd'  ><host\nport = '6789' name='mon1'  /></source ></disk >`,
    want: `<disk\n type='network'\t>${AUTH}<source\r\n name = 'rbd/a'\n\tprotocol= 'rbd'  ><host\nport = '6789' name='mon1'  />${MON2}${MON3}</source ></disk >`,
  },
  {
    title: "references in values are read, and stay",
    xml: `<!-- rbd --><disk a="it's > so" b='say "so" />'><source protocol="r&#98;d" name="rb&#x64;/&amp;a&#0000000000000097;"><host name="&#77;on&#x31;"/></source></disk>`,
    want: `<!-- rbd --><disk a="it's > so" b='say "so" />'>${AUTH}<source protocol="r&#98;d" name="rb&#x64;/&amp;a&#0000000000000097;"><host name="&#77;on&#x31;"/>${MON2}${MON3}</source></disk>`,
  },
].map(inDomain);

const HEADS: Case[] = ["ISO-8859-1", "x-none"].map((encoding) => {
  const head = `\ufeff<?xml version='1.0' encoding='${encoding}'?>\n<!-- \u00fc \u2028 \u20ac -->`;
  const name = "<name>\u00fc\u05d0\u{1F600}</name>";
  return {
    title: `a byte order mark and the declaration of the encoding ${encoding} stay, and are not followed`,
    xml: head + domain(name + BARE),
    want: head + domain(name + DONE),
  };
});

const crlf = (text: string) => text.replace(/\n/g, "\r\n");
const tabs = (text: string) => text.replace(/ {2}(?=[ <\t])/g, "\t");
const flat = (text: string) => text.replace(/\n */g, "");
const bare = (text: string) => text.replace(/^ +/gm, "");

const WHOLE: Case[] = [
  ...Object.entries({ "with CRLF": crlf, "with tabs": tabs, "on one line": flat, "without indentation": bare }).map(
    ([title, change]) => ({
      title: `a domain ${title} is completed in the same way`,
      xml: change(INDENTED),
      want: change(INDENTED_DONE),
    }),
  ),
  {
    title: "each addition takes the line end before it, also if line ends are mixed",
    xml: indented(`      <source ${RBD}>\r\n        ${MON1}\r\n      </source>`),
    want: indented(
      `      <source ${RBD}>\r\n        ${MON1}\r\n        ${MON2}\r\n        ${MON3}\r\n      </source>`,
      INDENTED_AUTH,
    ),
  },
];

const SOURCE: Case[] = [
  { title: "a self-closing source is opened", xml: indented(`      <source ${RBD}/>`), want: INDENTED_DONE },
  {
    title: "monitors come before another child of the source, with its indentation",
    xml: indented(`      <source ${RBD}>\n          <snapshot name="s"/>\n      </source>`),
    want: indented(
      `      <source ${RBD}>\n          ${MON1}\n          ${MON2}\n          ${MON3}\n          <snapshot name="s"/>\n      </source>`,
      INDENTED_AUTH,
    ),
  },
  {
    title: "monitors come at the beginning of the source if its last host has an end tag",
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
    title: `the secret of an added auth is indented: ${title}`,
    xml: between(disk as string, source as string, ""),
    want: between(disk as string, source as string, outer ? spread(outer, inner as string) : AUTH),
  };
});

testCases([...NOISE, ...AROUND, ...TAGS, ...HEADS, ...WHOLE, ...SOURCE, ...AUTHS]);
