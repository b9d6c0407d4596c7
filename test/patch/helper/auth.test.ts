import {
  ALL,
  AUTH,
  BARE,
  type Case,
  FREE,
  INDENTED_AUTH,
  INDENTED_DONE,
  inDomain,
  leftAuth,
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

const ADDED: Case[] = [
  { title: "a disk without auth gets one", xml: before(""), want: before(AUTH) },
  {
    title: "an auth of a backing store or in another element of the source is not that of the disk",
    xml: `<disk><backingStore>${AUTH}</backingStore><source ${RBD}><x>${AUTH}</x>${ALL}</source></disk>`,
    want: `<disk><backingStore>${AUTH}</backingStore>${AUTH}<source ${RBD}><x>${AUTH}</x>${ALL}</source></disk>`,
  },
  {
    title: "several pools with the same credentials give one auth",
    pools: [VMS, { ...VMS, pool: "second", monitors: [{ name: "mon9", port: null }] }],
    xml: `<disk><source ${RBD}>${ALL}<host name="mon9"/></source></disk>`,
    want: `<disk>${AUTH}<source ${RBD}>${ALL}<host name="mon9"/></source></disk>`,
  },
];

const COMPLETED: Case[] = [
  ...[
    ['<secret type="ceph"/>', `<secret type="ceph" uuid="${UUID}"/>`],
    ['<secret\ttype = "ceph"\n></secret\n>', `<secret\ttype = "ceph" uuid="${UUID}"\n></secret\n>`],
    ['<secret type="&#99;eph"/>', `<secret type="&#99;eph" uuid="${UUID}"/>`],
    ["<!-- <secret/> -->\n<secret type='ceph'/>x", `<!-- <secret/> -->\n<secret type='ceph' uuid="${UUID}"/>x`],
  ].flatMap(([some, all]) =>
    [before, within].map((place) => ({
      title: `${JSON.stringify(some)} ${place.name} the source is completed`,
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
].flatMap((auth): Case[] => [
  { title: `${auth} stays, and nothing is logged`, xml: before(auth) },
  { title: `${auth} in the source stays, and nothing is logged`, xml: within(auth) },
]);

const OTHERS = [
  '<auth username="other"><secret type="ceph"/></auth>',
  '<auth><secret type="ceph"/></auth>',
  '<auth username="libvirt" x="y"><secret type="ceph"/></auth>',
  '<auth username="libvirt"><secret type="iscsi"/></auth>',
  '<auth username="libvirt"><secret type="ceph" x="y"/></auth>',
  '<auth username="libvirt"/>',
  '<auth username="libvirt"><secret type="ceph"/><secret type="ceph"/></auth>',
  '<auth username="libvirt"><secret type="ceph"><x/></secret></auth>',
  '<auth username="libvirt"><x><secret type="ceph"/></x></auth>',
  '<auth username="libvirt" xmlns:x="urn:x"><x:secret type="ceph"/></auth>',
  OURS + OURS,
].flatMap((auth): Case[] => [
  { title: `${auth} stays, and is logged`, xml: before(auth), log: [leftAuth("rbd/a", "vms")] },
  { title: `${auth} in the source stays, and is logged`, xml: within(auth), log: [leftAuth("rbd/a", "vms")] },
]);

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
    title: "a disk that is left unchanged keeps its auth, with one log line",
    xml: before("<auth/>").replace(ALL, '<host name="x"/>'),
    log: [/: disk rbd\/a is left unchanged: it lists no monitor/],
  },
  {
    title: "a pool without auth completes no auth and logs nothing",
    pools: [FREE],
    xml: before(OURS) + within("<auth/>"),
  },
  {
    title: "a pool without auth adds its monitors",
    pools: [FREE],
    xml: BARE,
    want: `<disk><source ${RBD}>${ALL}</source></disk>`,
  },
];

const OURS_INDENTED = INDENTED_AUTH.replace(` uuid="${UUID}"`, "");
const INDENTATION: Case[] = [
  {
    title: "a completed auth stays where it is",
    xml: INDENTED_DONE.replace(INDENTED_AUTH, OURS_INDENTED),
    want: INDENTED_DONE,
  },
];

testCases([...[...ADDED, ...COMPLETED, ...RESPECTED, ...OTHERS, ...REST].map(inDomain), ...INDENTATION]);
