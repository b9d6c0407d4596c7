import { parseXml, XmlElement, XmlText } from "@rgrove/parse-xml";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Monitor, PoolFacts } from "../../src/patch/facts";
import { isNotRun, runHelper } from "../../src/virtinst/python";
import {
  type Call,
  countWork,
  helperBlock,
  INTERPRETERS,
  type Interpreter,
  type Ran,
  runBlocks,
  type Tree,
  type Value,
} from "../support/helper";

const UUID = "c4a5b2e6-0d6b-4d3c-9f43-0a8d2b1e7f10";
const OTHER_UUID = "11111111-2222-3333-4444-555555555555";

const VMS: PoolFacts = {
  pool: "vms",
  cephPool: "rbd",
  monitors: [
    { name: "mon1", port: 6789 },
    { name: "mon2", port: 6789 },
    { name: "mon3", port: null },
  ],
  auth: { username: "libvirt", uuid: UUID },
};
const FREE: PoolFacts = { ...VMS, pool: "free", auth: null };

// On one line, where nothing has an indentation.
const AUTH = `<auth username="libvirt"><secret type="ceph" uuid="${UUID}"/></auth>`;
const MON1 = '<host name="mon1" port="6789"/>';
const MON2 = '<host name="mon2" port="6789"/>';
const MON3 = '<host name="mon3"/>';
const ALL = MON1 + MON2 + MON3;
const RBD = 'protocol="rbd" name="rbd/a"';

const LEFT = (name: string, why: string) => `virtinst-rbd-patch: disk ${name} is left as it is: it ${why}`;

/** A text, and what the helper has to make of it. */
interface Case {
  readonly title: string;
  readonly xml: string;
  /** The same text by default. */
  readonly want?: string;
  readonly pools?: readonly PoolFacts[];
  /** The lines that it logs, all as warnings; none by default. */
  readonly log?: readonly (string | RegExp)[];
}

/** A disk as virtinst indents it. */
const indented = (source: string, auth = "") => `<domain type="kvm">
  <devices>
    <disk type="network" device="disk">
      <driver name="qemu" type="raw"/>
${auth}${source}
      <target dev="vda" bus="virtio"/>
    </disk>
  </devices>
</domain>
`;
const INDENTED_AUTH = `      <auth username="libvirt">
        <secret type="ceph" uuid="${UUID}"/>
      </auth>
`;
const INDENTED_WANT = indented(
  `      <source ${RBD}>
        ${MON1}
        ${MON2}
        ${MON3}
      </source>`,
  INDENTED_AUTH,
);
const INDENTED = indented(`      <source ${RBD}>
        ${MON1}
      </source>`);

const POINT_1: Case[] = [
  { title: "an empty text", xml: "" },
  { title: "a text without rbd", xml: '<disk><source file="/a"/></disk>' },
  { title: "a text without rbd that is not XML", xml: "<disk <source <!DOCTYPE &" },
  { title: "a text with rbd and no disk", xml: "<domain><name>rbd</name></domain>" },
];

const POINT_2: Case[] = [
  { title: "as virtinst writes it", xml: INDENTED, want: INDENTED_WANT },
  {
    title: "attributes in another order",
    xml: `<disk><source name="rbd/a" protocol="rbd"/></disk>`,
    want: `<disk>${AUTH}<source name="rbd/a" protocol="rbd">${ALL}</source></disk>`,
  },
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
    title: "a source that opens and closes",
    xml: `<disk><source ${RBD}></source></disk>`,
    want: `<disk>${AUTH}<source ${RBD}>${ALL}</source></disk>`,
  },
  {
    title: "self-closing with and without a space",
    xml: `<disk><source ${RBD} /></disk><disk><source ${RBD}/></disk>`,
    want: `<disk>${AUTH}<source ${RBD}>${ALL}</source></disk><disk>${AUTH}<source ${RBD}>${ALL}</source></disk>`,
  },
  {
    title: "comments, CDATA and processing instructions that hold tags, outside and inside of disks",
    xml: `<?xml version="1.0"?><?x <disk> ?><!-- <disk><source ${RBD}/></disk> --><a><![CDATA[<disk><source ${RBD}/></disk>]]><disk><!-- <source>
 " --><?x </disk>
 ?><![CDATA[</disk>
]]><source ${RBD}><!-- ${MON1} --></source><!----></disk></a>`,
    want: `<?xml version="1.0"?><?x <disk> ?><!-- <disk><source ${RBD}/></disk> --><a><![CDATA[<disk><source ${RBD}/></disk>]]><disk><!-- <source>
 " --><?x </disk>
 ?><![CDATA[</disk>
]]>${AUTH}<source ${RBD}>${ALL}<!-- ${MON1} --></source><!----></disk></a>`,
  },
  {
    title: "the sources of backing stores and mirrors are not the disk's",
    xml: `<disk><backingStore><auth username="x"><secret/></auth><source ${RBD}/></backingStore><mirror><source ${RBD}>${MON1}</source></mirror><source file="/rbd"/></disk><disk><backingStore><source ${RBD}>${MON1}</source></backingStore><source ${RBD}/></disk>`,
    want: `<disk><backingStore><auth username="x"><secret/></auth><source ${RBD}/></backingStore><mirror><source ${RBD}>${MON1}</source></mirror><source file="/rbd"/></disk><disk><backingStore><source ${RBD}>${MON1}</source></backingStore>${AUTH}<source ${RBD}>${ALL}</source></disk>`,
  },
  {
    title: "a disk inside a disk is not looked at, and one after an empty one is",
    xml: `<a><disk/><disk><disk><source ${RBD}/></disk></disk><disk><source ${RBD}/></disk></a>`,
    want: `<a><disk/><disk><disk><source ${RBD}/></disk></disk><disk>${AUTH}<source ${RBD}>${ALL}</source></disk></a>`,
  },
  { title: "another protocol", xml: `<disk><source protocol="nbd" name="rbd/a"/></disk>` },
  { title: "a protocol that only begins so", xml: `<disk><source protocol="rbdx" name="rbd/a"/></disk>` },
  { title: "no protocol", xml: `<disk><source name="rbd/a"/></disk>` },
  { title: "a disk without a source, a disk that is empty", xml: `<disk type="rbd"></disk><disk rbd=""/>` },
  {
    title: "elements that only resemble a disk",
    xml: `<diskx><source ${RBD}/></diskx><x:disk><source ${RBD}/></x:disk>`,
  },
  { title: "an rbd source outside of disks", xml: `<pool><source ${RBD}/></pool>` },
  {
    title: "references in values",
    xml: `<!-- rbd --><disk><source protocol="r&#98;d" name="rb&#x64;/&amp;a&#0000000000000097;"/></disk>`,
    want: `<!-- rbd --><disk>${AUTH}<source protocol="r&#98;d" name="rb&#x64;/&amp;a&#0000000000000097;">${ALL}</source></disk>`,
  },
];

const POINT_3: Case[] = [
  { title: "a Ceph pool of no libvirt pool", xml: `<disk><source protocol="rbd" name="other/a"/></disk>` },
  {
    title: "a Ceph pool whose name only begins so, or stands alone, or is missing",
    xml: `<disk><source protocol="rbd" name="rbdx/a"/></disk><disk><source protocol="rbd" name="rbd"/></disk><disk><source protocol="rbd"/></disk><disk><source protocol="rbd" name="RBD/a"/></disk>`,
  },
  {
    title: "another cluster's monitor",
    xml: `<disk><source ${RBD}><host name="mon9" port="6789"/></source></disk>`,
    log: [LEFT("rbd/a", "lists no monitor of libvirt pool vms")],
  },
  {
    title: "another port",
    xml: `<disk><source ${RBD}><host name="mon1" port="3300"/></source></disk>`,
    log: [LEFT("rbd/a", "lists no monitor of libvirt pool vms")],
  },
  {
    title: "no port in the disk",
    xml: `<disk><source ${RBD}><host name="mon2"/></source></disk>`,
    want: `<disk>${AUTH}<source ${RBD}><host name="mon2"/>${MON1}${MON3}</source></disk>`,
  },
  {
    title: "no port in the pool",
    xml: `<disk><source ${RBD}><host name="mon3" port="3300"/></source></disk>`,
    want: `<disk>${AUTH}<source ${RBD}><host name="mon3" port="3300"/>${MON1}${MON2}</source></disk>`,
  },
  {
    title: "names in another case",
    xml: `<disk><source ${RBD}><host name="MON2" port="6789"/><host name="Mon3"/></source></disk>`,
    want: `<disk>${AUTH}<source ${RBD}><host name="MON2" port="6789"/><host name="Mon3"/>${MON1}</source></disk>`,
  },
  {
    title: "IPv6 with and without brackets",
    pools: [
      {
        ...VMS,
        monitors: [
          { name: "[2001:DB8::1]", port: 6789 },
          { name: "2001:db8::2", port: 6789 },
        ],
      },
    ],
    xml: `<disk><source ${RBD}><host name="2001:db8::1" port="6789"/></source></disk><disk><source ${RBD}><host name="[2001:db8::2]"/></source></disk>`,
    want: `<disk>${AUTH}<source ${RBD}><host name="2001:db8::1" port="6789"/><host name="2001:db8::2" port="6789"/></source></disk><disk>${AUTH}<source ${RBD}><host name="[2001:db8::2]"/><host name="[2001:DB8::1]" port="6789"/></source></disk>`,
  },
  {
    title: "only a socket",
    xml: `<disk><source ${RBD}><host transport="unix" socket="/run/x"/></source></disk>`,
    log: [LEFT("rbd/a", "lists no monitor of libvirt pool vms")],
  },
  {
    title: "a socket and a monitor",
    xml: `<disk><source ${RBD}><host transport="unix" socket="/run/x"/>${MON2}</source></disk>`,
    want: `<disk>${AUTH}<source ${RBD}><host transport="unix" socket="/run/x"/>${MON2}${MON1}${MON3}</source></disk>`,
  },
  {
    title: "a pool without monitors has no disk that lists some",
    pools: [{ ...VMS, monitors: [] }],
    xml: `<disk><source ${RBD}>${MON1}</source></disk>`,
    log: [LEFT("rbd/a", "lists no monitor of libvirt pool vms")],
  },
  {
    title: "a pool without monitors",
    pools: [{ ...VMS, monitors: [] }],
    xml: `<disk><source ${RBD}/></disk>`,
    want: `<disk>${AUTH}<source ${RBD}/></disk>`,
  },
  ...[{ username: "libvirt", uuid: OTHER_UUID }, { username: "other", uuid: UUID }, null].flatMap((auth): Case[] => [
    {
      title: `two pools, the other with ${JSON.stringify(auth)}, and no monitor`,
      pools: [VMS, { ...VMS, pool: "second", auth, monitors: [{ name: "mon9", port: null }] }],
      xml: `<disk><source ${RBD}/></disk>`,
      log: [LEFT("rbd/a", "fits several libvirt pools: vms, second")],
    },
    {
      title: `two pools, the other with ${JSON.stringify(auth)}, and a monitor of either`,
      pools: [VMS, { ...VMS, pool: "second", auth, monitors: [{ name: "mon9", port: null }] }],
      xml: `<disk><source ${RBD}>${MON1}<host name="mon9"/></source></disk>`,
      log: [LEFT("rbd/a", "fits several libvirt pools: vms, second")],
    },
    {
      title: `two pools, the other with ${JSON.stringify(auth)}, told apart by the monitor`,
      pools: [{ ...VMS, pool: "second", auth, monitors: [{ name: "mon9", port: null }] }, VMS],
      xml: `<disk><source ${RBD}>${MON1}</source></disk>`,
      want: `<disk>${AUTH}<source ${RBD}>${ALL}</source></disk>`,
    },
  ]),
  {
    title: "two pools with the same credentials: the one that shares more monitors",
    pools: [{ ...VMS, pool: "second", monitors: [{ name: "mon9", port: null }, VMS.monitors[0] as Monitor] }, VMS],
    xml: `<disk><source ${RBD}>${MON1}${MON2}</source></disk>`,
    want: `<disk>${AUTH}<source ${RBD}>${ALL}</source></disk>`,
  },
  {
    title: "two pools with the same credentials: the first where the monitors do not decide",
    pools: [VMS, { ...VMS, pool: "second", monitors: [{ name: "mon9", port: null }] }],
    xml: `<disk><source ${RBD}/></disk>`,
    want: `<disk>${AUTH}<source ${RBD}>${ALL}</source></disk>`,
  },
  {
    title:
      "two pools with the same credentials: the same is chosen again where a monitor without a port equals several",
    pools: [
      { ...VMS, monitors: [{ name: "mon1", port: null }] },
      { ...VMS, pool: "second", monitors: [{ name: "mon1", port: 1 }, { name: "mon1", port: 2 }, ...VMS.monitors] },
    ],
    xml: `<disk><source ${RBD}/></disk>`,
    want: `<disk>${AUTH}<source ${RBD}><host name="mon1"/></source></disk>`,
  },
  {
    title: "two pools without auth and with other monitors: nothing tells the clusters apart",
    pools: [FREE, { ...FREE, pool: "second", monitors: [{ name: "mon9", port: null }] }],
    xml: `<disk><source ${RBD}/></disk>`,
    log: [LEFT("rbd/a", "fits several libvirt pools: free, second")],
  },
  {
    title: "other Ceph pools have other credentials",
    pools: [VMS, { ...VMS, pool: "second", cephPool: "ssd", auth: { username: "two", uuid: OTHER_UUID } }],
    xml: `<disk><source protocol="rbd" name="ssd/a">${ALL}</source></disk><disk><source ${RBD}>${ALL}</source></disk>`,
    want: `<disk><auth username="two"><secret type="ceph" uuid="${OTHER_UUID}"/></auth><source protocol="rbd" name="ssd/a">${ALL}</source></disk><disk>${AUTH}<source ${RBD}>${ALL}</source></disk>`,
  },
  {
    title: "a log line cannot be forged",
    pools: [{ ...VMS, pool: "v\nERROR é" }],
    xml: `<disk><source protocol="rbd" name="rbd/a&#10;ERROR %s é"><host name="x"/></source></disk>`,
    log: [LEFT("rbd/a\\nERROR %s \\xe9", "lists no monitor of libvirt pool v\\nERROR \\xe9")],
  },
];

const withAuth = (auth: string) => `<disk>${auth}<source ${RBD}>${ALL}</source></disk>`;

const POINT_4: Case[] = [
  { title: "a disk without auth", xml: withAuth(""), want: withAuth(AUTH) },
  {
    title: "auth in the source stays the only one",
    xml: `<disk><source ${RBD}>${ALL}${AUTH}</source></disk>`,
  },
  {
    title: "auth in the source is completed",
    xml: `<disk><source ${RBD}><auth username="libvirt"><secret type="ceph"/></auth>${MON1}</source></disk>`,
    want: `<disk><source ${RBD}>${AUTH}${MON1}${MON2}${MON3}</source></disk>`,
  },
  {
    title: "auth after the source is completed",
    xml: `<disk><source ${RBD}>${MON1}</source><auth username="libvirt"><secret type="ceph"/></auth></disk>`,
    want: `<disk><source ${RBD}>${ALL}</source>${AUTH}</disk>`,
  },
  ...(
    [
      ['<secret type="ceph"/>', `<secret type="ceph" uuid="${UUID}"/>`],
      ["<secret type='ceph' />", `<secret type='ceph' uuid="${UUID}" />`],
      ['<secret\ttype="ceph"\n></secret>', `<secret\ttype="ceph" uuid="${UUID}"\n></secret>`],
      ['<secret type="ceph"> </secret>', `<secret type="ceph" uuid="${UUID}"> </secret>`],
      ["<secret/>", `<secret type="ceph" uuid="${UUID}"/>`],
      ["<secret></secret>", `<secret type="ceph" uuid="${UUID}"></secret>`],
    ] as const
  ).map(([before, after]) => ({
    title: `${JSON.stringify(before)} is completed`,
    xml: withAuth(`<auth username='libvirt'>${before}</auth>`),
    want: withAuth(`<auth username='libvirt'>${after}</auth>`),
  })),
  {
    title: "an auth without a user is completed with both",
    xml: withAuth('<auth><secret type="ceph"/></auth>'),
    want: withAuth(`<auth username="libvirt"><secret type="ceph" uuid="${UUID}"/></auth>`),
  },
  ...[
    `<auth username="libvirt"><secret type="ceph" uuid="${OTHER_UUID}"/></auth>`,
    '<auth username="other"><secret usage="x" type="ceph"/></auth>',
    '<auth username="libvirt"><secret type="ceph" uuid=""/></auth>',
    '<auth username="libvirt"><secret type="iscsi"/></auth>',
    '<auth username="libvirt"/>',
    '<auth username="libvirt"></auth>',
    '<auth username="libvirt"><secret type="ceph"/><secret type="ceph"/></auth>',
    '<auth username="libvirt"><x><secret type="ceph"/></x></auth>',
  ].map((auth) => ({ title: `${auth} stays`, xml: withAuth(auth) })),
  {
    title: "the auth of another user stays",
    xml: withAuth('<auth username="other"><secret type="ceph"/></auth>'),
    log: ["virtinst-rbd-patch: the auth of disk rbd/a is left as it is: its user is not that of libvirt pool vms"],
  },
  { title: "a pool without auth adds none", pools: [FREE], xml: withAuth("") },
  {
    title: "a pool without auth completes none",
    pools: [FREE],
    xml: withAuth('<auth username="x"><secret/></auth>'),
  },
  {
    title: "a pool without auth adds its monitors",
    pools: [FREE],
    xml: `<disk><source ${RBD}/></disk>`,
    want: `<disk><source ${RBD}>${ALL}</source></disk>`,
  },
];

const sourced = (inside: string) => `<disk>${AUTH}<source ${RBD}>${inside}</source></disk>`;

const POINT_5: Case[] = [
  { title: "all are there", xml: sourced(ALL) },
  { title: "all are there in another order", xml: sourced(MON3 + MON1 + MON2) },
  { title: "the first is there", xml: sourced(MON1), want: sourced(ALL) },
  { title: "the last is there", xml: sourced(MON3), want: sourced(MON3 + MON1 + MON2) },
  {
    title: "a foreign one beside the pool's stays in place",
    xml: sourced(`<host name="x"/>${MON2}<host name="y"/>`),
    want: sourced(`<host name="x"/>${MON2}<host name="y"/>${MON1}${MON3}`),
  },
  {
    title: "the same twice stays",
    xml: sourced(MON1 + MON1 + MON2 + MON3),
  },
  {
    title: "host elements that open and close",
    xml: sourced(`<host name="mon1" port="6789"><x/></host>`),
    want: sourced(`<host name="mon1" port="6789"><x/></host>${MON2}${MON3}`),
  },
  {
    title: "hosts deeper in the source are not its own",
    xml: sourced(`<reservations>${MON2}</reservations>`),
    want: sourced(`${ALL}<reservations>${MON2}</reservations>`),
  },
  {
    title: "other children stay",
    xml: sourced('<snapshot name="s"/><config file="/etc/ceph/ceph.conf"/>'),
    want: sourced(`${ALL}<snapshot name="s"/><config file="/etc/ceph/ceph.conf"/>`),
  },
  {
    title: "other children stay around the hosts",
    xml: sourced(`<snapshot name="s"/>${MON1}<config file="/x"/>`),
    want: sourced(`<snapshot name="s"/>${ALL}<config file="/x"/>`),
  },
  {
    title: "a self-closing source opens up",
    xml: `<disk>${AUTH}<source ${RBD}/></disk>`,
    want: sourced(ALL),
  },
];

const crlf = (text: string) => text.replace(/\n/g, "\r\n");
const tabs = (text: string) => text.replace(/ {2}(?=[ <\t])/g, "\t");
const flat = (text: string) => text.replace(/\n */g, "");

const POINT_6: Case[] = [
  { title: "line ends are CRLF", xml: crlf(INDENTED), want: crlf(INDENTED_WANT) },
  { title: "tabs", xml: tabs(INDENTED), want: tabs(INDENTED_WANT) },
  { title: "one line", xml: flat(INDENTED), want: flat(INDENTED_WANT) },
  { title: "no indentation", xml: INDENTED.replace(/^ +/gm, ""), want: INDENTED_WANT.replace(/^ +/gm, "") },
  { title: "all is there", xml: INDENTED_WANT },
  {
    title: "a self-closing source",
    xml: indented(`      <source ${RBD}/>`),
    want: INDENTED_WANT,
  },
  {
    title: "a source that holds a line break",
    xml: indented(`      <source ${RBD}>\n      </source>`),
    want: INDENTED_WANT,
  },
  {
    title: "a source that opens and closes",
    xml: indented(`      <source ${RBD}></source>`),
    want: INDENTED_WANT,
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
    title: "hosts with an indentation of their own",
    xml: indented(`      <source ${RBD}>${MON2}\n\n\t ${MON1}\n\n      </source>`),
    want: indented(`      <source ${RBD}>${MON2}\n\n\t ${MON1}\n\t ${MON3}\n\n      </source>`, INDENTED_AUTH),
  },
  {
    title: "a disk in mid-line",
    xml: `<devices><disk>\n   <source ${RBD}>\n    ${ALL}</source></disk></devices>`,
    want: `<devices><disk>\n   <auth username="libvirt">\n     <secret type="ceph" uuid="${UUID}"/>\n   </auth>\n   <source ${RBD}>\n    ${ALL}</source></disk></devices>`,
  },
  {
    title: "non-ASCII text, trailing white space and comments around",
    xml: `\ufeff<!-- ü \u2028 \u{1F600} -->\r\n<a t='ß'> \t\n<b/>é &#xe9; &lt;rbd&gt; <disk a='ß'><source ${RBD}/><x>\u05d0</x></disk> \r \n</a>\n\n `,
    want: `\ufeff<!-- ü \u2028 \u{1F600} -->\r\n<a t='ß'> \t\n<b/>é &#xe9; &lt;rbd&gt; <disk a='ß'>${AUTH}<source ${RBD}>${ALL}</source><x>\u05d0</x></disk> \r \n</a>\n\n `,
  },
];

const FAILED = /^virtinst-rbd-patch: the domain's XML is left as it is: ./;
const malformed = (xml: string): Case => ({ title: JSON.stringify(xml), xml, log: [FAILED] });
// Whatever was done before it, nothing of it may stay.
const GOOD = `<disk><source ${RBD}/></disk>`;

const POINT_7: Case[] = [
  ...[
    `<disk><source ${RBD}/>`,
    `<disk><source ${RBD}></disk>`,
    `<disk><source ${RBD}></disk></source>`,
    `<disk><source ${RBD}/></disks>`,
    `</disk><disk><source ${RBD}/></disk>`,
    `<disk><source ${RBD}/></disk></disk>`,
    `<disk><source protocol=rbd name="rbd/a"/></disk>`,
    `<disk><source protocol="rbd"name="rbd/a"/></disk>`,
    `<disk><source protocol="rbd" protocol='rbd' name="rbd/a"/></disk>`,
    `<disk><source protocol="rbd" name="rbd/<"/></disk>`,
    `<disk><source protocol="rbd" name="rbd/a/></disk>`,
    `<disk><source protocol="rbd" name/></disk>`,
    `<disk><source protocol="rbd" name="rbd/&bogus;"/></disk>`,
    `<disk><source protocol="rbd" name="rbd/&"/></disk>`,
    `<disk><source protocol="rbd" name="rbd/&#x110000;"/></disk>`,
    `<disk><source protocol="rbd" name="rbd/&#99999999999999999999;"/></disk>`,
    `<disk><source ${RBD}/><source ${RBD}/></disk>`,
    `<disk><auth/><auth/><source ${RBD}/></disk>`,
    `<disk><auth/><source ${RBD}><auth/></source></disk>`,
    `${GOOD}<!-- rbd`,
    `${GOOD}<![CDATA[ rbd ]]`,
    `${GOOD}<?rbd`,
    `${GOOD}<`,
    `${GOOD} < a`,
    `${GOOD}<a`,
    `${GOOD}<a "b">`,
    `<!DOCTYPE domain [<!ENTITY a "rbd">]>${GOOD}`,
    `<disk><!ELEMENT a><source ${RBD}/></disk>`,
  ].map(malformed),
  {
    ...malformed(`<disk><source ${RBD}><host name="x"/></source></disk><disk>`),
    title: "not XML after a disk that is left alone: one line, not two",
  },
];

const HOSTILE = [
  'say "so"',
  "it's",
  "back\\slash\\",
  "\\",
  '"""',
  "'''",
  '""")\nimport os #',
  "new\nline\rand\ttab",
  "-->",
  "]]>",
  "<disk>&amp;</disk>",
  '"/><x y="',
  "\\N{BULLET}",
  "\\u0022\\x22\\",
  "%s %(x)s {0} {{x}}",
  "# <<< virtinst-rbd-patch",
  "line\u2028and\u2029paragraph\u0085",
  "\u{1F600}\u{10FFFD}",
  "\u202e\u05d0\u0627",
  "é ü ß",
  " ",
];
/** XML text of a value in an attribute, apart from the tool's own. */
const xml = (value: string) =>
  value.replace(/[&<"'\t\n\r]/g, (character) => `&#x${character.charCodeAt(0).toString(16)};`);

const POINTS: [name: string, cases: readonly Case[]][] = [
  ["1: nothing to do", POINT_1],
  ["2: which disks", POINT_2],
  ["3: which pool", POINT_3],
  ["4: auth", POINT_4],
  ["5: monitors", POINT_5],
  ["6: everything else stays", POINT_6],
  ["7: it never raises", POINT_7],
];

/** What every call has to hold to, whatever it was given. */
function expectSound(call: Call) {
  expect(call.raised).toBeNull();
  expect(call.stable, "a second call changed it again").toBe(true);
  expect(call.same_type, "another type came back").toBe(true);
  for (const [level, logger, message] of call.log) {
    expect([level, logger]).toEqual(["WARNING", "virtinst.rbd_patch"]);
    expect(message).toMatch(/^[ -~]*$/);
  }
}

function expectCase({ xml, want = xml, log = [] }: Case, forms: readonly Call[]) {
  for (const call of forms) {
    expectSound(call);
    expect(call.text).toBe(want);
    expect(call.same).toBe(want === xml);
    expect(call.log.map(([, , message]) => message)).toEqual(
      log.map((line) => (typeof line === "string" ? line : expect.stringMatching(line))),
    );
  }
}

/** Makes something at the first call only; where that failed, every call fails. */
const once = <T>(make: () => T) => {
  let made: { value: T } | { error: unknown } | null = null;
  const attempt = () => {
    try {
      return { value: make() };
    } catch (error) {
      return { error };
    }
  };
  return () => {
    made ??= attempt();
    if ("error" in made) throw made.error;
    return made.value;
  };
};

const NOT_HERE = INTERPRETERS.filter(({ path }) => path === null);
const HERE = INTERPRETERS.filter(({ path }) => path !== null);

it.skip.each(NOT_HERE.map(({ version }) => version))("Python %s: not run, this machine has none", () => {});

it("there is a Python to run anything at all on", () => expect(HERE).not.toEqual([]));

describe.each(HERE.map((interpreter) => [interpreter.version, interpreter] as const))("Python %s", (_, interpreter) => {
  const forms = interpreter.version === "2.7" ? 2 : 1;
  const all = POINTS.flatMap(([, cases]) => cases);
  const results = once(() => {
    const jobs = all.map(({ pools = [VMS], xml }) => ({ pools, values: [["text", xml]] satisfies Value[] }));
    return runBlocks(interpreter, jobs);
  });

  describe.each(POINTS)("%s", (_, cases) => {
    it.each(cases.map((wanted) => [wanted.title, wanted] as const))("%s", (_, wanted) => {
      const calls = results()[all.indexOf(wanted)]?.calls[0] ?? [];
      expect(calls).toHaveLength(forms);
      expectCase(wanted, calls);
    });
  });

  const odd: [title: string, value: Value][] = [
    ["bytes that are not UTF-8", ["bytes", '<disk><source protocol="rbd" name="rbd/\xe9"/></disk>']],
    ["a number", ["int", null]],
    ["a list", ["list", null]],
    ["an object that raises", ["object", null]],
    ...(interpreter.version === "2.7" ? [] : [["bytes", ["bytes", GOOD]] as [string, Value]]),
  ];
  const oddResults = once(() => run(interpreter, [...odd.map(([, value]) => value), ["none", null]]).calls);

  it("1: None stays None, without a line in the log", () => {
    const [call] = oddResults().at(-1) as [Call];
    expectSound(call);
    expect(call).toMatchObject({ same: true, log: [] });
  });

  it.each(odd)("7: %s: it comes back as it is, with one warning", (title) => {
    const [call] = oddResults()[odd.findIndex(([other]) => other === title)] as [Call];
    expectSound(call);
    expect(call.same).toBe(true);
    expect(call.log).toEqual([["WARNING", "virtinst.rbd_patch", expect.stringMatching(FAILED)]]);
  });

  it("7: however a text is cut short, it comes back as it is, with one warning", () => {
    const whole = `<?xml version='1.0'?><!-- rbd --><domain><![CDATA[<]]><disk type="network"><auth username="libvirt"><secret/></auth><source ${RBD}>${MON1}</source></disk></domain>`;
    const cuts = Array.from(whole, (_, at) => whole.slice(0, at)).filter((cut) => cut.includes("rbd"));
    const { calls } = run(
      interpreter,
      cuts.map((cut) => ["text", cut]),
    );
    expect(calls).toHaveLength(cuts.length);
    for (const [index, cut] of cuts.entries()) {
      // Only text and comments before the root element begins: nothing is missing yet.
      const log = cut.endsWith("-->") ? [] : [FAILED];
      expectCase({ title: "", xml: cut, log }, calls[index] as Call[]);
    }
  });

  it("9: byte strings of Python 2.7 may hold any UTF-8, and runHelper finds both of its types the same", () => {
    const pool = { ...VMS, cephPool: "bäume\u{1F600}", monitors: [{ name: "mön", port: null }] };
    const before = `<é><disk ü='ß'><source protocol="rbd" name="bäume\u{1F600}/ü"><host name="mön"/></source></disk></é>`;
    const after = before.replace("<source", `${AUTH}<source`);
    const ran = runHelper([{ path: interpreter.path as string, reason: "test" }], helperBlock([pool]), [before, null]);
    if (isNotRun(ran)) throw new Error(ran.notRun);
    expect(ran).toMatchObject({ version: interpreter.version, error: null, log: [] });
    expect(ran.results).toEqual([
      { xml: after, stable: true, same_text: true },
      { xml: null, stable: true, same_text: true },
    ]);
  });

  it("10: no value of the host can end a string, a comment or an element", () => {
    const jobs = HOSTILE.map((value) => ({
      pools: [
        {
          pool: value,
          cephPool: value,
          monitors: [
            { name: value, port: null },
            { name: `${value}2`, port: 6789 },
          ],
          auth: { username: value, uuid: UUID },
        },
      ],
      values: [
        ["text", `<domain><disk><source protocol="rbd" name="${xml(value)}/rbd"/></disk></domain>`],
        [
          "text",
          `<domain><disk><source protocol="rbd" name="${xml(value)}/rbd"><host name="x"/></source></disk></domain>`,
        ],
      ] satisfies Value[],
      tree: true,
    }));
    const answers = runBlocks(interpreter, jobs);
    for (const [index, value] of HOSTILE.entries()) {
      const { statements, names, calls } = answers[index] as Ran;
      expect(statements).toEqual(["FunctionDef"]);
      expect(names).toEqual(["_virtinst_rbd_patch"]);
      const hosts: Tree[] = [
        ["host", { name: value }, []],
        ["host", { name: `${value}2`, port: "6789" }, []],
      ];
      const auth: Tree = ["auth", { username: value }, [["secret", { type: "ceph", uuid: UUID }, []]]];
      const source: Tree = ["source", { protocol: "rbd", name: `${value}/rbd` }, hosts];
      for (const call of calls[0] as Call[]) {
        expectSound(call);
        expect(call.log).toEqual([]);
        expect(call.tree).toEqual(["domain", {}, [["disk", {}, [auth, source]]]]);
      }
      for (const call of calls[1] as Call[]) {
        expectSound(call);
        expect(call.log).toHaveLength(1);
      }
    }
  });

  it("random domains become what an oracle of another kind says", () => {
    const property = fc.property(
      fc.array(fc.tuple(RANDOM_POOLS, RANDOM_DOMAIN), { minLength: 50, maxLength: 50 }),
      (batch) => {
        const jobs = batch.map(([pools, domain]) => ({ pools, values: [["text", domain]] satisfies Value[] }));
        for (const [index, { calls, names }] of runBlocks(interpreter, jobs).entries()) {
          const [pools, before] = batch[index] as [PoolFacts[], string];
          expect(names).toEqual(["_virtinst_rbd_patch"]);
          expect(calls[0]).toHaveLength(forms);
          for (const call of calls[0] as Call[]) {
            expectSound(call);
            const after = call.text as string;
            const message = JSON.stringify({ pools, before, after });
            expect(outline(after), message).toEqual(oracle(outline(before), pools));
            expect(isWithin(before, after), message).toBe(true);
          }
        }
      },
    );
    // One process a batch; to shrink one would take hundreds, and the message holds the very domain.
    fc.assert(property, { numRuns: 2, endOnFailure: true, verbose: fc.VerbosityLevel.None });
  });
});

it("10: the injected text is printable ASCII and brings no trailing white space", () => {
  for (const value of HOSTILE) {
    const block = helperBlock([
      { pool: value, cephPool: value, monitors: [{ name: value, port: 1 }], auth: { username: value, uuid: UUID } },
    ]);
    expect(block).toMatch(/^[ -~\n]*$/);
    expect(block).not.toMatch(/[ \t]$/m);
    expect(block.match(/virtinst-rbd-patch$/gm)).toHaveLength(1);
  }
});

const PYTHON3 = HERE.filter(({ version }) => version !== "2.7").at(-1);

describe.skipIf(!PYTHON3)(
  `counted on ${PYTHON3 ? `Python ${PYTHON3.version}` : "no Python 3: this machine has none"}`,
  () => {
    const disk = `<disk><source ${RBD}>${MON1}</source></disk>`;
    const GROWING: [title: string, make: (n: number) => string][] = [
      ["disks", (n) => disk.repeat(n / 10)],
      ["elements in a disk", (n) => `<disk>${"<a b='c'/>".repeat(n)}<source ${RBD}/></disk>`],
      [
        "elements inside each other",
        (n) => `<disk><source ${RBD}>${"<a>".repeat(n)}${"</a>".repeat(n)}</source></disk>`,
      ],
      ["disks inside each other", (n) => `${"<disk>".repeat(n)}<source ${RBD}/>${"</disk>".repeat(n)}`],
      ["hosts", (n) => `<disk><source ${RBD}>${MON2.repeat(n)}</source></disk>`],
      ["comments", (n) => `<disk>${"<!-- - -- -->".repeat(n)}<source ${RBD}/></disk>`],
      [
        "white space before elements",
        (n) => `<disk>${" ".repeat(n)}<source ${RBD}>${"\n".repeat(n)}${MON1}</source></disk>`,
      ],
      ["line breaks before elements", (n) => `<disk>${"\r\n \t".repeat(n)}<source ${RBD}/></disk>`],
      ["white space in a tag", (n) => `<disk${" ".repeat(n)}><source${"\n".repeat(n)}${RBD}${"\t".repeat(n)}/></disk>`],
      ["white space around an equals sign", (n) => `<disk a${" ".repeat(n)}=${" ".repeat(n)}"">${disk}</disk>`],
      ["white space around an equals sign, without a value", (n) => `${disk}<a b${" ".repeat(n)}=${" ".repeat(n)}>`],
      ["white space at the end", (n) => disk + " ".repeat(n) + "\n".repeat(n)],
      [
        "attributes",
        (n) => `<disk${Array.from({ length: n }, (_, at) => ` a${at}='x'`).join("")}><source ${RBD}/></disk>`,
      ],
      ["attributes in a tag without an end", (n) => `${disk}<disk${" a='x'".repeat(n)}`],
      ["an attribute without an end", (n) => `${disk}<disk a="${"x".repeat(n)}`],
      ["a name without an end", (n) => `${disk}<${"x".repeat(n)}`],
      ["tags without an end", (n) => `rbd${"<disk ".repeat(n)}`],
      ["comments without an end", (n) => `rbd${"<!-- ".repeat(n)}`],
      ["CDATA without an end", (n) => `rbd${"<![CDATA[ ]".repeat(n)}`],
      ["processing instructions without an end", (n) => `rbd${"<? ?".repeat(n)}`],
      ["elements without an end", (n) => `rbd${"<disk>".repeat(n)}`],
      ["quotes", (n) => `${disk}<a ${`"'`.repeat(n)}>`],
      ["references", (n) => `<disk><source protocol="rbd" name="rbd/${"&amp;&#65;".repeat(n)}"/></disk>`],
      ["digits of a reference", (n) => `<disk><source protocol="rbd" name="rbd/&#${"0".repeat(n)}65;"/></disk>`],
      [
        "digits of a reference without an end",
        (n) => `<disk><source protocol="rbd" name="rbd/&#${"0".repeat(n)}"/></disk>`,
      ],
      [
        "digits of a reference that stands for nothing",
        (n) => `<disk><source protocol="rbd" name="rbd/&#${"9".repeat(n)};"/></disk>`,
      ],
    ];
    const SIZES = [200, 400, 800];
    const counts = once(() =>
      countWork(
        PYTHON3 as Interpreter,
        [VMS],
        GROWING.flatMap(([, make]) => SIZES.map((size) => make(size))),
      ),
    );

    it.each(GROWING)("8: the work grows linearly with %s", (title) => {
      const first = GROWING.findIndex(([other]) => other === title) * SIZES.length;
      const mine = counts().slice(first, first + SIZES.length);
      expect(mine.map(({ same }) => same)).toEqual(SIZES.map(() => true));
      const [small, middle, large] = mine.map(({ work }) => work) as [number, number, number];
      // Twice the text, twice the growth; work that grows with its square grows by four.
      expect(large - middle).toBeLessThanOrEqual(2.2 * (middle - small));
    });

    it("1: a text without rbd takes the same work whatever its length", () => {
      const texts = [10, 1000].map((size) => "<disk><source file='/a'/></disk>".repeat(size));
      const [short, long] = countWork(PYTHON3 as Interpreter, [VMS], texts);
      expect(long).toEqual(short);
      expect(short?.work).toBeLessThan(100);
    });
  },
);

function run(interpreter: Interpreter, values: readonly Value[]): Ran {
  return runBlocks(interpreter, [{ pools: [VMS], values }])[0] as Ran;
}

// An oracle that works on parsed trees, and random domains for it.

/** An element, its attributes and its children; white space that only separates elements is left out in disks. */
type Outline = string | { readonly name: string; readonly attributes: object; readonly children: Outline[] };
type OutlineElement = Exclude<Outline, string>;

function outline(text: string): Outline {
  const convert = (element: XmlElement, inDisk: boolean): Outline => {
    const disk = inDisk || element.name === "disk";
    const children = element.children.flatMap((node): Outline[] => {
      if (node instanceof XmlElement) return [convert(node, disk)];
      return node instanceof XmlText && !(disk && node.text.trim() === "") ? [node.text] : [];
    });
    return { name: element.name, attributes: element.attributes, children };
  };
  return convert(parseXml(text).root as XmlElement, false);
}

function oracle(node: Outline, pools: readonly PoolFacts[]): Outline {
  if (typeof node === "string") return node;
  if (node.name !== "disk") return { ...node, children: node.children.map((child) => oracle(child, pools)) };
  const source = named(node, "source")[0];
  const pool = source && owner(source, pools);
  if (!pool) return node;
  const hosts = named(source, "host");
  const isThere = (monitor: Monitor) => hosts.some((host) => equal(monitor, host.attributes));
  const missing = pool.monitors
    .filter((monitor) => !isThere(monitor))
    .map(
      ({ name, port }): Outline => ({
        name: "host",
        attributes: port === null ? { name } : { name, port: String(port) },
        children: [],
      }),
    );
  const at = source.children.lastIndexOf(hosts.at(-1) as OutlineElement) + 1;
  const full = { ...source, children: [...source.children.slice(0, at), ...missing, ...source.children.slice(at)] };
  const bare = named(node, "auth").length + named(source, "auth").length === 0;
  return {
    ...node,
    children: node.children.flatMap((child): Outline[] => {
      if (child === source) return bare && pool.auth ? [authOf(pool.auth), full] : [full];
      return typeof child !== "string" && child.name === "auth" ? [completed(child, pool)] : [child];
    }),
  };
}

function named(node: OutlineElement, name: string): OutlineElement[] {
  return node.children.filter((child): child is OutlineElement => typeof child !== "string" && child.name === name);
}

function owner({ attributes, children }: OutlineElement, pools: readonly PoolFacts[]): PoolFacts | null {
  const { protocol, name = "" } = attributes as { protocol?: string; name?: string };
  if (protocol !== "rbd") return null;
  const hosts = named({ name: "", attributes, children }, "host").map((host) => host.attributes);
  const score = ({ monitors }: PoolFacts) =>
    hosts.filter((host) => monitors.some((monitor) => equal(monitor, host))).length;
  const fitting = pools.filter(
    (pool) => name.startsWith(`${pool.cephPool}/`) && (hosts.length === 0 || score(pool) > 0),
  );
  const cluster = ({ auth, monitors }: PoolFacts) =>
    JSON.stringify([auth?.username, auth?.uuid, auth || hosts.length > 0 ? null : monitors]);
  if (new Set(fitting.map(cluster)).size !== 1) return null;
  return [...fitting].sort((a, b) => score(b) - score(a))[0] as PoolFacts;
}

function equal(monitor: Monitor, host: object): boolean {
  const { name, port } = host as { name?: string; port?: string };
  const key = (text: string) => text.toLowerCase().replace(/^\[(.*)\]$/s, "$1");
  return (
    name !== undefined && key(monitor.name) === key(name) && (!port || !monitor.port || monitor.port === Number(port))
  );
}

function authOf({ username, uuid }: NonNullable<PoolFacts["auth"]>): Outline {
  return {
    name: "auth",
    attributes: { username },
    children: [{ name: "secret", attributes: { type: "ceph", uuid }, children: [] }],
  };
}

function completed(auth: OutlineElement, pool: PoolFacts): Outline {
  const { username } = auth.attributes as { username?: string };
  if (!pool.auth || (username !== undefined && username !== pool.auth.username)) return auth;
  const { uuid } = pool.auth;
  const children = auth.children.map((child) =>
    typeof child === "string" || "uuid" in child.attributes || "usage" in child.attributes
      ? child
      : { ...child, attributes: { type: "ceph", ...child.attributes, uuid } },
  );
  return { ...auth, children };
}

/** Whether one text can be had from another by taking characters out. */
function isWithin(part: string, whole: string): boolean {
  let at = 0;
  for (const character of part) {
    at = whole.indexOf(character, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

const RANDOM_NAME = fc.oneof(
  fc.constantFrom("rbd", "ssd", "a/b", "libvirt"),
  fc.constantFrom(...HOSTILE),
  fc
    .string({ unit: "binary", maxLength: 6 })
    .map((text) => `r${text.replace(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")}`),
);
const RANDOM_HOST = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("mon1", "MON1", "mon2", "mon3", "fe80::1", "[FE80::1]", "[fe80::1]") },
  { weight: 1, arbitrary: fc.constantFrom(...HOSTILE) },
);
const RANDOM_PORT = fc.constantFrom(null, null, 6789, 3300);
const RANDOM_MONITOR = fc.record({ name: RANDOM_HOST, port: RANDOM_PORT });
const RANDOM_AUTH = fc.record({
  username: fc.constantFrom("libvirt", "é'\"\\"),
  uuid: fc.constantFrom(UUID, OTHER_UUID),
});
const RANDOM_CEPH_POOL = fc.constantFrom("rbd", "rbd", "ssd", "a", "a/b", 'x"\\\u2028\u{1F600}<&>');
const RANDOM_POOLS = fc.array(
  fc.record({
    pool: RANDOM_NAME,
    cephPool: fc.oneof({ weight: 4, arbitrary: RANDOM_CEPH_POOL }, { weight: 1, arbitrary: RANDOM_NAME }),
    monitors: fc.array(RANDOM_MONITOR, { maxLength: 4 }),
    auth: fc.option(RANDOM_AUTH, { freq: 4 }),
  }),
  { minLength: 1, maxLength: 3 },
);

const RANDOM_GAP = fc.constantFrom("", "", "\n  ", "\r\n\t", " ", "\n\n", "<!-- <disk> ' -->", "<?x <a?>");
/** An attribute with its value written in any way that XML has for it. */
const attribute = (name: string, value: string) =>
  fc
    .tuple(fc.constantFrom(" ", "\n", "\t  "), fc.constantFrom("=", " = "), fc.constantFrom('"', "'"), fc.nat(3))
    .map(([gap, equals, quote, style]) => {
      const text = value.replace(/[\s\S]/gu, (character) => {
        const code = character.codePointAt(0) as number;
        if (!/[&<"'\t\n\r]/.test(character) && !(style === 3 && code % 3 === 0)) return character;
        return style % 2 ? `&#x${code.toString(16)};` : `&#0${code};`;
      });
      return `${gap}${name}${equals}${quote}${text}${quote}`;
    });
const element = (
  name: string,
  values: Readonly<Record<string, string | null>>,
  children: fc.Arbitrary<string> = fc.constant(""),
) => {
  const given = Object.entries(values).flatMap(([key, value]) => (value === null ? [] : [attribute(key, value)]));
  return fc
    .tuple(fc.tuple(...given), fc.nat(), children, fc.constantFrom("", " "), fc.boolean())
    .map(([written, turn, inside, gap, short]) => {
      const by = turn % (written.length + 1);
      const start = `<${name}${[...written.slice(by), ...written.slice(0, by)].join("")}${gap}`;
      return inside === "" && short ? `${start}/>` : `${start}>${inside}</${name}>`;
    });
};
const spaced = (parts: readonly fc.Arbitrary<string>[]) =>
  fc.tuple(...parts.map((part) => fc.tuple(RANDOM_GAP, part)), RANDOM_GAP).map((pieces) => pieces.flat().join(""));
const optional = (part: fc.Arbitrary<string>) => fc.oneof(part, fc.constant(""));

const RANDOM_SOURCE_HOST = RANDOM_MONITOR.chain(({ name, port }) =>
  element("host", { name, port: port === null ? null : String(port) }),
);
const RANDOM_SOURCE = fc
  .tuple(
    fc.constantFrom("rbd", "rbd", "rbd", "nbd"),
    fc.oneof({ weight: 4, arbitrary: RANDOM_CEPH_POOL }, { weight: 1, arbitrary: RANDOM_NAME }),
    fc.nat(3),
  )
  .chain(([protocol, name, count]) => {
    const hosts = Array.from({ length: count }, () => RANDOM_SOURCE_HOST);
    const children = spaced([...hosts, optional(element("snapshot", { name: "rbd's" }))]);
    return element("source", { protocol, name: `${name}/\u05d0 virt` }, fc.oneof(children, fc.constant("")));
  });
const RANDOM_SECRET = fc
  .constantFrom<Record<string, string | null>>(
    {},
    { type: "ceph" },
    { type: "ceph", uuid: OTHER_UUID },
    { usage: "x y", type: "ceph" },
  )
  .chain((values) => element("secret", values));
const RANDOM_DISK_AUTH = fc
  .constantFrom("libvirt", "other")
  .chain((username) => element("auth", { username }, spaced([RANDOM_SECRET])));
const RANDOM_DISK = element(
  "disk",
  { type: "network", device: "disk" },
  spaced([
    element("driver", { name: "qemu" }),
    optional(RANDOM_DISK_AUTH),
    optional(element("backingStore", {}, spaced([RANDOM_SOURCE]))),
    RANDOM_SOURCE,
    optional(element("mirror", {}, spaced([RANDOM_DISK_AUTH, RANDOM_SOURCE]))),
  ]),
);
const RANDOM_DOMAIN = element(
  "domain",
  { type: "kvm" },
  spaced([element("name", {}, fc.constant("rbd é")), optional(RANDOM_DISK), RANDOM_DISK, optional(RANDOM_DISK)]),
);
