import type { ResolvedPool } from "../../../src/patch/pools";
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

const NO_MONITOR = [left("rbd/a", "lists no monitor of libvirt pool vms")];
const several = (names: string) => [left("rbd/a", `fits more than one libvirt pool ${names}`)];
const SEVERAL = several("vms, second");

/** A libvirt pool of the same Ceph pool, without a monitor in common. */
const second = (more: Partial<ResolvedPool> = {}): ResolvedPool => ({
  ...VMS,
  pool: "second",
  monitors: [{ name: "mon9", port: 6789 }],
  ...more,
});
const HOST9 = '<host name="mon9" port="6789"/>';

/** A disk with an auth before its source or in it, none by default, that lists these hosts. */
const disk = (hosts: string, auth = "") => `<disk>${auth}<source ${RBD}>${hosts}</source></disk>`;
const within = (hosts: string, auth: string) => `<disk><source ${RBD}>${auth}${hosts}</source></disk>`;

const BY_IMAGE: Case[] = [
  ...['name="other/a"', 'name="rbdx/a"', ""].map((name) => ({
    title: `a disk with ${name || "no image"} is in no pool, and stays`,
    xml: `<disk><source protocol="rbd" ${name}/></disk>`,
  })),
  {
    title: "each disk gets the credentials of its own Ceph pool",
    pools: [VMS, { ...VMS, pool: "second", cephPool: "ssd", auth: { username: "two", uuid: OTHER_UUID } }],
    xml: `<disk><source protocol="rbd" name="ssd/a">${ALL}</source></disk>${BARE}`,
    want: `<disk><auth username="two"><secret type="ceph" uuid="${OTHER_UUID}"/></auth><source protocol="rbd" name="ssd/a">${ALL}</source></disk>${DONE}`,
  },
  {
    title: "a disk that fits a Ceph pool and another whose name goes on with a slash stays, and is logged",
    pools: [{ ...VMS, cephPool: "a" }, second({ cephPool: "a/b" })],
    xml: BARE.replace("rbd/a", "a/b/c"),
    log: [left("a/b/c", "fits more than one libvirt pool vms, second")],
  },
];

const BY_MONITOR: Case[] = [
  ...["3300", "06789", "\u0666\u0667\u0668\u0669"].map((port) => ({
    title: `a monitor with the port ${port} is another one than with 6789: the disk stays, and is logged`,
    xml: disk(`<host name="mon1" port="${port}"/>`),
    log: NO_MONITOR,
  })),
  {
    title: "a monitor without a port in the disk is one of the pool, with any port",
    xml: disk('<host name="mon2"/>'),
    want: disk(`<host name="mon2"/>${MON1}${MON3}`, AUTH),
  },
  {
    title: "a monitor without a port in the pool is one of the disk, with any port",
    xml: disk('<host name="mon3" port="3300"/>'),
    want: disk(`<host name="mon3" port="3300"/>${MON1}${MON2}`, AUTH),
  },
  {
    title: "IPv6 addresses are compared without brackets and without case",
    pools: [{ ...VMS, monitors: ["[2001:DB8::1]", "2001:db8::2"].map((name) => ({ name, port: 6789 })) }],
    xml: disk('<host name="2001:db8::1" port="6789"/>') + disk('<host name="[2001:DB8::2]"/>'),
    want:
      disk('<host name="2001:db8::1" port="6789"/><host name="2001:db8::2" port="6789"/>', AUTH) +
      disk('<host name="[2001:DB8::2]"/><host name="[2001:DB8::1]" port="6789"/>', AUTH),
  },
  {
    title: "a disk that lists monitors is not in a pool without monitors: it stays, and is logged",
    pools: [{ ...VMS, monitors: [] }],
    xml: disk(MON1),
    log: NO_MONITOR,
  },
  {
    title: "of two pools with the same credentials, a disk without monitors gets the monitors of both",
    pools: [second(), VMS],
    xml: BARE,
    want: disk(HOST9 + ALL, AUTH),
  },
  {
    title: "two pools without auth fit a disk that lists no monitor, or monitors of both: it stays, and is logged",
    pools: [FREE, second({ auth: null })],
    xml: BARE + disk(MON1 + HOST9),
    log: [...several("free, second"), ...several("free, second")],
  },
];

const OTHERS = [{ username: "libvirt", uuid: OTHER_UUID }, { username: "other", uuid: UUID }, null];
const OTHER_LOGIN = OTHERS.flatMap((auth): Case[] => [
  {
    title: `beside a pool with ${JSON.stringify(auth)}, a disk with monitors of both stays, and is logged`,
    pools: [VMS, second({ auth })],
    xml: disk(MON1 + HOST9),
    log: SEVERAL,
  },
  {
    title: `beside a pool with ${JSON.stringify(auth)}, a disk with a monitor of one gets that one's credentials`,
    pools: [second({ auth }), VMS],
    xml: disk(MON1),
    want: disk(ALL, AUTH),
  },
]);

const LOG: Case[] = [
  {
    title: "each unchanged disk has its own log line, and the disks between are completed",
    xml: disk('<host name="x"/>') + BARE + disk('<host name="x"/>').replace("rbd/a", "rbd/b"),
    want: disk('<host name="x"/>') + DONE + disk('<host name="x"/>').replace("rbd/a", "rbd/b"),
    log: [...NO_MONITOR, left("rbd/b", "lists no monitor of libvirt pool vms")],
  },
  {
    title: "no name of a pool or an image can forge a log line",
    pools: [{ ...VMS, pool: "v\nERROR \u00e9 %s" }],
    xml: `<disk><source protocol="rbd" name="rbd/a&#10;ERROR %s \u00e9\\&#13;"><host name="x"/></source></disk>`,
    log: [left("rbd/a\\nERROR %s \\xe9\\\\\\r", "lists no monitor of libvirt pool v\\nERROR \\xe9 %s")],
  },
];

// Pools that only the users of their disks tell apart.
const OTHER: ResolvedPool = { ...VMS, pool: "second", auth: { username: "other", uuid: OTHER_UUID } };
/** An auth as virt-manager 1.5 writes it from a pool that names its secret by usage. */
const stated = (username: string) => `<auth username="${username}"><secret type="ceph"/></auth>`;
const complete = (username: string, uuid: string) =>
  `<auth username="${username}"><secret type="ceph" uuid="${uuid}"/></auth>`;
const OTHER_AUTH = complete("other", OTHER_UUID);

const BY_USER: Case[] = [
  ...[disk, within].map((place) => ({
    title: `each disk gets the secret of its own user (${place === disk ? "before" : "in"} its source)`,
    pools: [VMS, OTHER],
    xml: place(MON1, stated("other")) + place(MON1, stated("libvirt")),
    want: place(ALL, OTHER_AUTH) + place(ALL, AUTH),
  })),
  {
    title: "a disk that lists no monitor is matched to its pool, and so to its monitors, by its user",
    pools: [VMS, second({ auth: OTHER.auth })],
    xml: disk("", stated("other")),
    want: disk(HOST9, OTHER_AUTH),
  },
  {
    title: "a third pool that shares monitors with both links a disk's monitor to the pool of its user",
    pools: [
      second({ auth: OTHER.auth }),
      { ...FREE, monitors: [...VMS.monitors.slice(0, 1), { name: "mon9", port: null }] },
      VMS,
    ],
    xml: disk(MON3, stated("other")),
    want: disk(MON3 + HOST9, OTHER_AUTH),
  },
  {
    title: "a disk with a complete auth is matched to a pool by its user, and the auth stays",
    pools: [VMS, OTHER],
    xml: disk(MON1, OTHER_AUTH) + disk(ALL, complete("other", UUID)),
    want: disk(ALL, OTHER_AUTH) + disk(ALL, complete("other", UUID)),
  },
  {
    title: "a pool that a disk's monitors rule out is not chosen for its user",
    pools: [VMS, second({ auth: OTHER.auth })],
    xml: disk(MON1, stated("other")),
    want: disk(ALL, stated("other")),
    log: [leftAuth("rbd/a", "vms")],
  },
];

const NOT_BY_USER: Case[] = [
  ...[
    ["no user", ""],
    ["an auth without a user", '<auth><secret type="ceph"/></auth>'],
    ["a user of neither pool", stated("third")],
    ["the users of both pools", stated("libvirt") + stated("other")],
  ].flatMap(([what, auth = ""]) => [
    { title: `a disk with ${what} stays, and is logged`, pools: [VMS, OTHER], xml: disk(MON1, auth), log: SEVERAL },
    {
      title: `a disk with ${what} in its source stays, and is logged`,
      pools: [VMS, OTHER],
      xml: within(MON1, auth),
      log: SEVERAL,
    },
  ]),
  {
    title: "an auth without a user is not that of a pool without auth",
    pools: [FREE, VMS],
    xml: disk(MON1, "<auth/>"),
    log: several("free, vms"),
  },
  {
    title: "a disk that lists no monitor and has a user of no pool stays, and is logged",
    xml: disk("", stated("other")),
    log: [left("rbd/a", "has another user than libvirt pool vms")],
  },
  {
    title: "a disk whose user has pools with different secrets stays, and the log names only those",
    pools: [VMS, { ...VMS, pool: "third", auth: { username: "libvirt", uuid: OTHER_UUID } }, OTHER],
    xml: disk(MON1, stated("libvirt")),
    log: several("vms, third"),
  },
];

testCases([...BY_IMAGE, ...BY_MONITOR, ...OTHER_LOGIN, ...LOG, ...BY_USER, ...NOT_BY_USER].map(inDomain));
