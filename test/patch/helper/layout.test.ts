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
  indented,
  MON1,
  MON2,
  MON3,
  RBD,
  testCases,
  UUID,
} from "../../support/helper-cases";

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
    title: "a source that holds a line break",
    xml: indented(`      <source ${RBD}>\n      </source>`),
    want: INDENTED_DONE,
  },
  {
    title: "a source with a comment only",
    xml: indented(`      <source ${RBD}>\n        <!-- none -->\n      </source>`),
    want: INDENTED_DONE.replace(/(.*mon3.*\n)/, "$1        <!-- none -->\n"),
  },
  {
    title: "a source with another child",
    xml: indented(`      <source ${RBD}>\n          <snapshot name="s"/>\n      </source>`),
    want: indented(
      `      <source ${RBD}>\n          ${MON1}\n          ${MON2}\n          ${MON3}\n          <snapshot name="s"/>\n      </source>`,
      INDENTED_AUTH,
    ),
  },
  {
    title: "a source with another child in mid-line",
    xml: indented(`      <source ${RBD}><snapshot name="s"/></source>`),
    want: indented(`      <source ${RBD}>${ALL}<snapshot name="s"/></source>`, INDENTED_AUTH),
  },
];

const HOSTS: Case[] = [
  {
    title: "a last host in mid-line",
    xml: indented(`      <source ${RBD}>\n        ${MON1}  ${MON3}\n      </source>`),
    want: indented(`      <source ${RBD}>\n        ${MON1}  ${MON3}${MON2}\n      </source>`, INDENTED_AUTH),
  },
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
  ["no step if the source is as deep as the disk", "\n  ", "\n  ", "\n  "],
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

testCases([...WHOLE, ...SOURCE, ...HOSTS, ...AUTHS]);
