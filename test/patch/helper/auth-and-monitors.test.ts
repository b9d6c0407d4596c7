import {
  ALL,
  AUTH,
  type Case,
  FREE,
  inDomain,
  left,
  leftAuth,
  MON1,
  MON2,
  MON3,
  OTHER_UUID,
  RBD,
  testCases,
  UUID,
  VMS,
} from "../../support/helper-cases";

/** A disk that has all its monitors, and this auth before its source or in it. */
const before = (auth: string) => `<disk>${auth}<source ${RBD}>${ALL}</source></disk>`;
const within = (auth: string) => `<disk><source ${RBD}>${auth}${ALL}</source></disk>`;
const OURS = '<auth username="libvirt"><secret type="ceph"/></auth>';

const PLACES = [
  ["before the source", before],
  ["in the source", within],
] as const;

const ADDED: Case[] = [
  { title: "a disk without auth gets one", xml: before(""), want: before(AUTH) },
  {
    title: "an auth of a backing store or in another element of the source is not that of the disk",
    xml: `<disk><backingStore>${AUTH}</backingStore><source ${RBD}><x>${AUTH}</x>${ALL}</source></disk>`,
    want: `<disk><backingStore>${AUTH}</backingStore>${AUTH}<source ${RBD}><x>${AUTH}</x>${ALL}</source></disk>`,
  },
];

const COMPLETED: Case[] = [
  ...[
    ['<secret type="ceph"/>', `<secret type="ceph" uuid="${UUID}"/>`],
    ['<secret\ttype = "&#99;eph"\n></secret\n>', `<secret\ttype = "&#99;eph" uuid="${UUID}"\n></secret\n>`],
    [
      "\n    <!-- <secret/> -->\n    <secret type='ceph'/>x",
      `\n    <!-- <secret/> -->\n    <secret type='ceph' uuid="${UUID}"/>x`,
    ],
  ].flatMap(([some, all]) =>
    PLACES.map(([where, place]) => ({
      title: `${JSON.stringify(some)} ${where} is completed`,
      xml: place(`<auth username='libvirt'>${some}</auth>`),
      want: place(`<auth username='libvirt'>${all}</auth>`),
    })),
  ),
  {
    title: "an escaped user name is the same user",
    pools: [{ ...VMS, auth: { username: "\u00e9'\"<&", uuid: UUID } }],
    xml: before(`<auth username='&#233;&apos;&quot;&lt;&amp;'><secret type="ceph"/></auth>`),
    want: before(`<auth username='&#233;&apos;&quot;&lt;&amp;'><secret type="ceph" uuid="${UUID}"/></auth>`),
  },
];

/** Each names a secret, of any user. */
const RESPECTED = [
  AUTH,
  `<auth username="libvirt"><secret type="ceph" uuid="${OTHER_UUID}"/></auth>`,
  '<auth username="libvirt"><secret type="ceph" uuid=""/></auth>',
  `<auth username="libvirt" uuid="${OTHER_UUID}"/>`,
  `<auth username="libvirt"><x><secret type="ceph" usage="x"/></x></auth>`,
  `${OURS}${AUTH}`,
].flatMap((auth) =>
  PLACES.map(([where, place]): Case => ({ title: `${auth} ${where} stays, and is not logged`, xml: place(auth) })),
);

const OTHERS = [
  '<auth username="other"><secret type="ceph"/></auth>',
  '<auth username="libvirt" x="y"><secret type="ceph"/></auth>',
  '<auth username="libvirt"><secret type="iscsi"/></auth>',
  '<auth username="libvirt"><secret type="ceph" x="y"/></auth>',
  '<auth username="libvirt"/>',
  '<auth username="libvirt"><secret type="ceph"><x/></secret></auth>',
  '<auth username="libvirt"><x><secret type="ceph"/></x></auth>',
  '<auth username="libvirt" xmlns:x="urn:x"><x:secret type="ceph"/></auth>',
].flatMap((auth) =>
  PLACES.map(([where, place]): Case => {
    const title = `${auth} ${where} stays, and is logged`;
    return { title, xml: place(auth), log: [leftAuth("rbd/a", "vms")] };
  }),
);

const REST: Case[] = [
  {
    title: "one auth in the disk and one in its source stay, and are logged",
    xml: `<disk>${OURS}<source ${RBD}>${OURS}${ALL}</source></disk>`,
    log: [leftAuth("rbd/a", "vms")],
  },
  {
    title: "all the pools are named in the log if an auth stays, and no log line can be forged",
    pools: [
      { ...VMS, pool: "v\n" },
      { ...VMS, pool: "w", monitors: [{ name: "mon9", port: null }] },
    ],
    xml: `<disk><auth/><source protocol="rbd" name="rbd/a&#10;b">${ALL}<host name="mon9"/></source></disk>`,
    log: [leftAuth("rbd/a\\nb", "v\\n, w")],
  },
  {
    title: "a pool without auth completes no auth and logs nothing",
    pools: [FREE],
    xml: before(OURS) + within("<auth/>"),
  },
];

const CONFIG = '<config file="/etc/ceph/site-b.conf"/>';
const sourced = (inside: string) => `<disk>${AUTH}<source ${RBD}>${inside}</source></disk>`;
/** Of monitors in a source. */
const listing = (title: string, hosts: string, want = hosts): Case => ({
  title,
  xml: sourced(hosts),
  want: sourced(want),
});

const MONITORS: Case[] = [
  listing("all monitors in another order stay, also one that is listed twice", MON3 + MON1 + MON1 + MON2),
  listing(
    "foreign monitors stay in place, and missing ones are added after the last",
    `<host name="x"/>${MON2}<host name="y"/>`,
    `<host name="x"/>${MON2}<host name="y"/>${MON1}${MON3}`,
  ),
  listing(
    "monitors are added at the beginning of the source if its last host has something in it",
    `<snapshot name="s"/>${MON3}<host name="mon1" port="6789"><x/></host>`,
    `${MON2}<snapshot name="s"/>${MON3}<host name="mon1" port="6789"><x/></host>`,
  ),
  {
    title: "a disk that names its own Ceph configuration stays, and is logged",
    xml: `<disk><source ${RBD}>${CONFIG}</source></disk>`,
    log: [left("rbd/a", "names its own Ceph configuration, unlike libvirt pool vms")],
  },
  {
    title: "a disk of a foreign Ceph pool with its own configuration stays, and is not logged",
    xml: `<disk><source protocol="rbd" name="other/a">${CONFIG}</source></disk>`,
  },
  listing(
    "a list of monitors in one element is replaced by an element for each monitor",
    '<host name="mon1:6789,mon2:6789,mon3"/>',
    ALL,
  ),
  listing("a single monitor with its port in its name is replaced too", '<host name="mon2:6789"/>', ALL),
  listing(
    "of a list and single elements, only the list is replaced",
    `${MON1}<host name="mon2,mon3"/><snapshot name="s"/>`,
    `${MON1}${MON2}${MON3}<snapshot name="s"/>`,
  ),
  listing(
    "an element with the v1 and v2 addresses of one monitor is not a list",
    `${MON1}<host name="v2:mon2:3300,v1:mon2:6789"/>`,
    `${MON1}<host name="v2:mon2:3300,v1:mon2:6789"/>${MON2}${MON3}`,
  ),
  {
    ...listing(
      "a list of IPv6 addresses in brackets is replaced",
      '<host name="[2001:db8::1]:6789,[2001:db8::2]:6789"/>',
      '<host name="2001:db8::1" port="6789"/><host name="[2001:DB8::2]"/>',
    ),
    pools: [
      {
        ...VMS,
        monitors: [
          { name: "2001:db8::1", port: 6789 },
          { name: "[2001:DB8::2]", port: null },
        ],
      },
    ],
  },
  {
    title: "the indentation around a list is kept",
    xml: `<disk>\n  ${AUTH}\n  <source ${RBD}>\n    <host name="mon1,mon2"/>\n  </source>\n</disk>`,
    want: `<disk>\n  ${AUTH}\n  <source ${RBD}>\n    ${MON1}\n    ${MON2}\n    ${MON3}\n  </source>\n</disk>`,
  },
];

testCases([...ADDED, ...COMPLETED, ...RESPECTED, ...OTHERS, ...REST, ...MONITORS].map(inDomain));
