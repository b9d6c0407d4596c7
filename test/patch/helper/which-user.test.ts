import type { PoolFacts } from "../../../src/patch/facts";
import {
  ALL,
  AUTH,
  BARE,
  type Case,
  FREE,
  inDomain,
  left,
  leftAuth,
  MON1,
  MON3,
  OTHER_UUID,
  RBD,
  testCases,
  UUID,
  VMS,
} from "../../support/helper-cases";

// Libvirt pools that only the users of their disks tell apart.

const MON9 = '<host name="mon9" port="6789"/>';
const SECOND: PoolFacts = { ...VMS, pool: "second", auth: { username: "other", uuid: OTHER_UUID } };
const BOTH = [VMS, SECOND];
/** An auth as virt-manager 1.5 writes it from a pool that names its secret by usage. */
const stated = (username: string) => `<auth username="${username}"><secret type="ceph"/></auth>`;
const OTHER_AUTH = `<auth username="other"><secret type="ceph" uuid="${OTHER_UUID}"/></auth>`;
const before = (auth: string, hosts = MON1) => `<disk>${auth}<source ${RBD}>${hosts}</source></disk>`;
const within = (auth: string, hosts = MON1) => `<disk><source ${RBD}>${auth}${hosts}</source></disk>`;
const several = (names: string) => [left("rbd/a", `fits more than one libvirt pool ${names}`)];
const SEVERAL = several("vms, second");

const TOLD: Case[] = [
  ...[before, within].map((place) => ({
    title: `each disk gets the secret of its own user, ${place.name} the source`,
    pools: BOTH,
    xml: place(stated("other")) + place(stated("libvirt")),
    want: place(OTHER_AUTH, ALL) + place(AUTH, ALL),
  })),
  {
    title: "whichever pool comes first",
    pools: [...BOTH].reverse(),
    xml: before(stated("libvirt")) + before(stated("other")),
    want: before(AUTH, ALL) + before(OTHER_AUTH, ALL),
  },
  {
    title: "no monitor has to be listed for that",
    pools: [VMS, { ...SECOND, monitors: [{ name: "mon9", port: 6789 }] }],
    xml: `<disk>${stated("other")}<source ${RBD}/></disk>`,
    want: before(OTHER_AUTH, MON9),
  },
  {
    title: "the monitors are those of the user's pool, not of the other one too",
    pools: [VMS, { ...SECOND, monitors: [VMS.monitors[0] as PoolFacts["monitors"][0], { name: "mon9", port: 6789 }] }],
    xml: before(stated("other")) + before(stated("libvirt")),
    want: before(OTHER_AUTH, MON1 + MON9) + before(AUTH, ALL),
  },
  {
    title: "a disk that lists none of its user's monitors, but one of a pool in the same cluster",
    pools: [VMS, { ...SECOND, monitors: [VMS.monitors[0] as PoolFacts["monitors"][0], { name: "mon9", port: 6789 }] }],
    xml: before(stated("other"), MON3),
    want: before(OTHER_AUTH, MON3 + MON1 + MON9),
  },
  {
    title: "one that is in the cluster by way of a third pool",
    pools: [
      { ...SECOND, monitors: [{ name: "mon9", port: 6789 }] },
      {
        ...VMS,
        pool: "third",
        auth: null,
        monitors: [VMS.monitors[0] as PoolFacts["monitors"][0], { name: "mon9", port: null }],
      },
      VMS,
    ],
    xml: before(stated("other"), MON3),
    want: before(OTHER_AUTH, MON3 + MON9),
  },
  {
    title: "two pools of the user with the same credentials",
    pools: [VMS, SECOND, { ...SECOND, pool: "third", monitors: [{ name: "mon9", port: 6789 }] }],
    xml: before(stated("other"), MON1 + MON9),
    want: before(OTHER_AUTH, MON1 + MON9 + ALL.slice(MON1.length)),
  },
  {
    title: "a complete auth says whose the disk is, and is not touched",
    pools: BOTH,
    xml: before(OTHER_AUTH) + before(`<auth username="other"><secret type="ceph" uuid="${UUID}"/></auth>`, ALL),
    want: before(OTHER_AUTH, ALL) + before(`<auth username="other"><secret type="ceph" uuid="${UUID}"/></auth>`, ALL),
  },
  {
    title: "a user beside a pool without auth",
    pools: [FREE, VMS],
    xml: before(stated("libvirt")),
    want: before(AUTH, ALL),
  },
  {
    title: "a user's name that has to be escaped",
    pools: [VMS, { ...SECOND, auth: { username: "\u00e9'\"<&", uuid: OTHER_UUID } }],
    xml: before('<auth username="&#233;&apos;&quot;&lt;&amp;"><secret type="ceph"/></auth>'),
    want: before(`<auth username="&#233;&apos;&quot;&lt;&amp;"><secret type="ceph" uuid="${OTHER_UUID}"/></auth>`, ALL),
  },
];

const NOT_TOLD: Case[] = [
  ["no user", ""],
  ["an auth without a user", '<auth><secret type="ceph"/></auth>'],
  ["an empty user", stated("")],
  ["a user of neither", stated("third")],
  ["a user in another case", stated("Other")],
  ["both users", stated("libvirt") + stated("other")],
].flatMap(([what, auth = ""]): Case[] => [
  { title: `a disk with ${what} stays, and is logged`, pools: BOTH, xml: before(auth), log: SEVERAL },
  { title: `a disk with ${what} in its source stays, and is logged`, pools: BOTH, xml: within(auth), log: SEVERAL },
]);

const REST: Case[] = [
  {
    title: "an auth without a user is not that of a pool without auth",
    pools: [FREE, VMS],
    xml: before("<auth/>"),
    log: several("free, vms"),
  },
  {
    title: "a user whose pools have different secrets stays, and only they are named",
    pools: [VMS, { ...VMS, pool: "third", auth: { username: "libvirt", uuid: OTHER_UUID } }, SECOND],
    xml: before(stated("libvirt")),
    log: several("vms, third"),
  },
  {
    title: "monitors count before users: a pool that they rule out is none that a user brings back",
    pools: [VMS, { ...SECOND, monitors: [{ name: "mon9", port: 6789 }] }],
    xml: before(stated("other")),
    want: before(stated("other"), ALL),
    log: [leftAuth("rbd/a", "vms")],
  },
  {
    title: "another user where all pools have the same: the monitors are added, as ever",
    pools: [VMS],
    xml: `${before(stated("other"))}${BARE}`,
    want: `${before(stated("other"), ALL)}${before(AUTH, ALL)}`,
    log: [leftAuth("rbd/a", "vms")],
  },
];

testCases([...TOLD, ...NOT_TOLD, ...REST].map(inDomain));
