import type { Monitor, PoolFacts } from "../../../src/patch/facts";
import {
  ALL,
  AUTH,
  BARE,
  type Case,
  DONE,
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

const MON9: Monitor = { name: "mon9", port: null };
const NO_MONITOR = [left("rbd/a", "lists no monitor of libvirt pool vms")];

/** A disk that lists these hosts and lacks its auth; done, with what is added behind them. */
const listing = (hosts: string) => `<disk><source ${RBD}>${hosts}</source></disk>`;
const listed = (hosts: string, auth = AUTH) => `<disk>${auth}<source ${RBD}>${hosts}</source></disk>`;

const BY_IMAGE: Case[] = [
  {
    title: "an image of a Ceph pool that no libvirt pool has",
    xml: `<disk><source protocol="rbd" name="other/a"/></disk>`,
  },
  {
    title: "a Ceph pool whose name only begins with that of a pool",
    xml: `<disk><source protocol="rbd" name="rbdx/a"/></disk>`,
  },
  { title: "no image", xml: `<disk><source protocol="rbd"/></disk>` },
  {
    title: "each disk gets the credentials of its own Ceph pool",
    pools: [VMS, { ...VMS, pool: "second", cephPool: "ssd", auth: { username: "two", uuid: OTHER_UUID } }],
    xml: `<disk><source protocol="rbd" name="ssd/a">${ALL}</source></disk>${BARE}`,
    want: `<disk><auth username="two"><secret type="ceph" uuid="${OTHER_UUID}"/></auth><source protocol="rbd" name="ssd/a">${ALL}</source></disk>${DONE}`,
  },
];

const BY_MONITOR: Case[] = [
  { title: "another port", xml: listing('<host name="mon1" port="3300"/>'), log: NO_MONITOR },
  { title: "the same port with a zero", xml: listing('<host name="mon1" port="06789"/>'), log: NO_MONITOR },
  {
    title: "a port in Arabic digits",
    xml: listing('<host name="mon1" port="\u0666\u0667\u0668\u0669"/>'),
    log: NO_MONITOR,
  },
  {
    title: "no port in the disk",
    xml: listing('<host name="mon2"/>'),
    want: listed(`<host name="mon2"/>${MON1}${MON3}`),
  },
  {
    title: "no port in the pool",
    xml: listing('<host name="mon3" port="3300"/>'),
    want: listed(`<host name="mon3" port="3300"/>${MON1}${MON2}`),
  },
  {
    title: "IPv6 with and without brackets, in any case",
    pools: [
      {
        ...VMS,
        monitors: [
          { name: "[2001:DB8::1]", port: 6789 },
          { name: "2001:db8::2", port: 6789 },
        ],
      },
    ],
    xml: listing('<host name="2001:db8::1" port="6789"/>') + listing('<host name="[2001:DB8::2]"/>'),
    want:
      listed('<host name="2001:db8::1" port="6789"/><host name="2001:db8::2" port="6789"/>') +
      listed('<host name="[2001:DB8::2]"/><host name="[2001:DB8::1]" port="6789"/>'),
  },
  {
    title: "a pool without monitors has no disk that lists some",
    pools: [{ ...VMS, monitors: [] }],
    xml: listing(MON1),
    log: NO_MONITOR,
  },
];

const OTHERS = [{ username: "libvirt", uuid: OTHER_UUID }, { username: "other", uuid: UUID }, null];
const SEVERAL = [left("rbd/a", "fits more than one libvirt pool vms, second")];

const OTHER_LOGIN: Case[] = OTHERS.flatMap((auth): Case[] => {
  const second: PoolFacts = { ...VMS, pool: "second", auth, monitors: [MON9] };
  const title = `two pools, the other with ${JSON.stringify(auth)}`;
  return [
    {
      title: `${title}, and monitors of both: the disk stays`,
      pools: [VMS, second],
      xml: listing(`${MON1}<host name="mon9"/>`),
      log: SEVERAL,
    },
    {
      title: `${title}, a monitor of one: the disk gets that pool`,
      pools: [second, VMS],
      xml: listing(MON1),
      want: listed(ALL),
    },
  ];
});

const SOME_FIT: Case = {
  title: "if several pools fit, the log names only them",
  pools: [{ ...VMS, pool: "first", auth: null, monitors: [MON9] }, VMS, { ...VMS, pool: "second", auth: null }],
  xml: listing(MON1),
  log: SEVERAL,
};

const SECOND: PoolFacts = { ...VMS, pool: "second", monitors: [MON9] };
const SAME_LOGIN: Case[] = [
  {
    title: "two pools with the same credentials, and no monitor: the monitors of both",
    pools: [SECOND, VMS],
    xml: BARE,
    want: listed(`<host name="mon9"/>${ALL}`),
  },
];

const WITHOUT_LOGIN: Case[] = [
  {
    title: "two pools without auth fit a disk that lists no monitor, or monitors of both",
    pools: [FREE, { ...FREE, pool: "second", monitors: [MON9] }],
    xml: BARE + listing(`${MON1}<host name="mon9"/>`),
    log: Array(2).fill(left("rbd/a", "fits more than one libvirt pool free, second")),
  },
];

const LOG: Case[] = [
  {
    title: "a Ceph pool whose name begins with another one and a slash: a disk that fits both stays",
    pools: [
      { ...VMS, cephPool: "a" },
      { ...SECOND, cephPool: "a/b" },
    ],
    xml: BARE.replace("rbd/a", "a/b/c"),
    log: [left("a/b/c", "fits more than one libvirt pool vms, second")],
  },
  {
    title: "each unchanged disk has its own log line, and the disks between are completed",
    xml: listing('<host name="x"/>') + BARE + listing('<host name="x"/>').replace("rbd/a", "rbd/b"),
    want: listing('<host name="x"/>') + DONE + listing('<host name="x"/>').replace("rbd/a", "rbd/b"),
    log: [...NO_MONITOR, left("rbd/b", "lists no monitor of libvirt pool vms")],
  },
  {
    title: "no log line can be forged",
    pools: [{ ...VMS, pool: "v\nERROR \u00e9 %s" }],
    xml: `<disk><source protocol="rbd" name="rbd/a&#10;ERROR %s \u00e9\\&#13;"><host name="x"/></source></disk>`,
    log: [left("rbd/a\\nERROR %s \\xe9\\\\\\r", "lists no monitor of libvirt pool v\\nERROR \\xe9 %s")],
  },
];

// Pools that only the users of their disks tell apart.
const HOST9 = '<host name="mon9" port="6789"/>';
const OTHER_USER: PoolFacts = { ...VMS, pool: "second", auth: { username: "other", uuid: OTHER_UUID } };
const BOTH = [VMS, OTHER_USER];
/** An auth as virt-manager 1.5 writes it from a pool that names its secret by usage. */
const stated = (username: string) => `<auth username="${username}"><secret type="ceph"/></auth>`;
const OTHER_AUTH = `<auth username="other"><secret type="ceph" uuid="${OTHER_UUID}"/></auth>`;
const before = (auth: string, hosts = MON1) => `<disk>${auth}<source ${RBD}>${hosts}</source></disk>`;
const within = (auth: string, hosts = MON1) => `<disk><source ${RBD}>${auth}${hosts}</source></disk>`;
const several = (names: string) => [left("rbd/a", `fits more than one libvirt pool ${names}`)];

const BY_USER: Case[] = [
  ...[before, within].map((place) => ({
    title: `each disk gets the secret of its own user, ${place.name} the source`,
    pools: BOTH,
    xml: place(stated("other")) + place(stated("libvirt")),
    want: place(OTHER_AUTH, ALL) + place(AUTH, ALL),
  })),
  {
    title: "a user tells the pool of a disk that lists no monitor",
    pools: [VMS, { ...OTHER_USER, monitors: [{ name: "mon9", port: 6789 }] }],
    xml: `<disk>${stated("other")}<source ${RBD}/></disk>`,
    want: before(OTHER_AUTH, HOST9),
  },
  {
    title: "the disk gets only the monitors of its user's pool",
    pools: [
      VMS,
      { ...OTHER_USER, monitors: [VMS.monitors[0] as PoolFacts["monitors"][0], { name: "mon9", port: 6789 }] },
    ],
    xml: before(stated("other")) + before(stated("libvirt")),
    want: before(OTHER_AUTH, MON1 + HOST9) + before(AUTH, ALL),
  },
  {
    title: "a disk whose monitor is in the cluster of its user's pool through a third pool",
    pools: [
      { ...OTHER_USER, monitors: [{ name: "mon9", port: 6789 }] },
      {
        ...VMS,
        pool: "third",
        auth: null,
        monitors: [VMS.monitors[0] as PoolFacts["monitors"][0], { name: "mon9", port: null }],
      },
      VMS,
    ],
    xml: before(stated("other"), MON3),
    want: before(OTHER_AUTH, MON3 + HOST9),
  },
  {
    title: "a complete auth tells the pool of the disk, and stays",
    pools: BOTH,
    xml: before(OTHER_AUTH) + before(`<auth username="other"><secret type="ceph" uuid="${UUID}"/></auth>`, ALL),
    want: before(OTHER_AUTH, ALL) + before(`<auth username="other"><secret type="ceph" uuid="${UUID}"/></auth>`, ALL),
  },
];

const NOT_BY_USER: Case[] = [
  ["no user", ""],
  ["an auth without a user", '<auth><secret type="ceph"/></auth>'],
  ["a user of neither", stated("third")],
  ["both users", stated("libvirt") + stated("other")],
].flatMap(([what, auth = ""]): Case[] => [
  { title: `a disk with ${what} stays, and is logged`, pools: BOTH, xml: before(auth), log: SEVERAL },
  { title: `a disk with ${what} in its source stays, and is logged`, pools: BOTH, xml: within(auth), log: SEVERAL },
]);

const MORE_USERS: Case[] = [
  {
    title: "an auth without a user is not that of a pool without auth",
    pools: [FREE, VMS],
    xml: before("<auth/>"),
    log: several("free, vms"),
  },
  {
    title: "a disk that lists no monitor and has a user of no pool stays, and is logged",
    pools: [VMS],
    xml: before(stated("other"), ""),
    log: [left("rbd/a", "has another user than libvirt pool vms")],
  },
  {
    title: "a disk whose user has pools with different secrets stays, and the log names only those",
    pools: [VMS, { ...VMS, pool: "third", auth: { username: "libvirt", uuid: OTHER_UUID } }, OTHER_USER],
    xml: before(stated("libvirt")),
    log: several("vms, third"),
  },
  {
    title: "monitors count before users: a pool that they rule out is not chosen for its user",
    pools: [VMS, { ...OTHER_USER, monitors: [{ name: "mon9", port: 6789 }] }],
    xml: before(stated("other")),
    want: before(stated("other"), ALL),
    log: [leftAuth("rbd/a", "vms")],
  },
];

testCases(
  [
    ...BY_IMAGE,
    ...BY_MONITOR,
    ...OTHER_LOGIN,
    SOME_FIT,
    ...SAME_LOGIN,
    ...WITHOUT_LOGIN,
    ...LOG,
    ...BY_USER,
    ...NOT_BY_USER,
    ...MORE_USERS,
  ].map(inDomain),
);
