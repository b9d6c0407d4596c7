import type { PoolFacts } from "../../../src/patch/facts";
import {
  ALL,
  AUTH,
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
    title: "a user tells the pool of a disk that lists no monitor",
    pools: [VMS, { ...SECOND, monitors: [{ name: "mon9", port: 6789 }] }],
    xml: `<disk>${stated("other")}<source ${RBD}/></disk>`,
    want: before(OTHER_AUTH, MON9),
  },
  {
    title: "the disk gets only the monitors of its user's pool",
    pools: [VMS, { ...SECOND, monitors: [VMS.monitors[0] as PoolFacts["monitors"][0], { name: "mon9", port: 6789 }] }],
    xml: before(stated("other")) + before(stated("libvirt")),
    want: before(OTHER_AUTH, MON1 + MON9) + before(AUTH, ALL),
  },
  {
    title: "a disk whose monitor is in the cluster of its user's pool through a third pool",
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
    title: "a complete auth tells the pool of the disk, and stays",
    pools: BOTH,
    xml: before(OTHER_AUTH) + before(`<auth username="other"><secret type="ceph" uuid="${UUID}"/></auth>`, ALL),
    want: before(OTHER_AUTH, ALL) + before(`<auth username="other"><secret type="ceph" uuid="${UUID}"/></auth>`, ALL),
  },
];

const NOT_TOLD: Case[] = [
  ["no user", ""],
  ["an auth without a user", '<auth><secret type="ceph"/></auth>'],
  ["a user of neither", stated("third")],
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
    title: "a disk whose user has pools with different secrets stays, and the log names only those",
    pools: [VMS, { ...VMS, pool: "third", auth: { username: "libvirt", uuid: OTHER_UUID } }, SECOND],
    xml: before(stated("libvirt")),
    log: several("vms, third"),
  },
  {
    title: "monitors count before users: a pool that they rule out is not chosen for its user",
    pools: [VMS, { ...SECOND, monitors: [{ name: "mon9", port: 6789 }] }],
    xml: before(stated("other")),
    want: before(stated("other"), ALL),
    log: [leftAuth("rbd/a", "vms")],
  },
];

testCases([...TOLD, ...NOT_TOLD, ...REST].map(inDomain));
