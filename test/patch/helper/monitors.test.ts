import {
  ALL,
  AUTH,
  BARE,
  type Case,
  DONE,
  inDomain,
  MON1,
  MON2,
  MON3,
  RBD,
  testCases,
  VMS,
} from "../../support/helper-cases";

const sourced = (inside: string) => `<disk>${AUTH}<source ${RBD}>${inside}</source></disk>`;

const CASES: Case[] = [
  { title: "all are there", xml: sourced(ALL) },
  { title: "all are there in another order", xml: sourced(MON3 + MON1 + MON2) },
  { title: "the first is there", xml: sourced(MON1), want: sourced(ALL) },
  { title: "the last is there", xml: sourced(MON3), want: sourced(MON3 + MON1 + MON2) },
  {
    title: "foreign ones beside the pool's stay in place, and the others come behind the last",
    xml: sourced(`<host name="x"/>${MON2}<host name="y"/>`),
    want: sourced(`<host name="x"/>${MON2}<host name="y"/>${MON1}${MON3}`),
  },
  { title: "the same twice stays", xml: sourced(MON1 + MON1 + MON2 + MON3) },
  {
    title: "a last host that opens and closes: they go at the source's beginning",
    xml: sourced('<host name="mon1" port="6789"></host>'),
    want: sourced(`${MON2}${MON3}<host name="mon1" port="6789"></host>`),
  },
  {
    title: "a last host with something in it: they go at the source's beginning",
    xml: sourced(`<snapshot name="s"/>${MON3}<host name="mon1" port="6789"><x/></host>`),
    want: sourced(`${MON2}<snapshot name="s"/>${MON3}<host name="mon1" port="6789"><x/></host>`),
  },
  {
    title: "a last host that is self-closing, behind one that opens and closes",
    xml: sourced(`<host name="mon1" port="6789"><x/></host>${MON3}<x></x>`),
    want: sourced(`<host name="mon1" port="6789"><x/></host>${MON3}${MON2}<x></x>`),
  },
  {
    title: "a last host that is self-closing with white space before its end",
    xml: sourced('<host name="mon1" port="6789"\n/>'),
    want: sourced(`<host name="mon1" port="6789"\n/>${MON2}${MON3}`),
  },
  {
    title: "slashes and angle brackets in values end nothing",
    xml: sourced('<host name="mon1" x="/>"></host>').replace("<source", "<source x='/>'"),
    want: sourced(`${MON2}${MON3}<host name="mon1" x="/>"></host>`).replace("<source", "<source x='/>'"),
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
  { title: "a self-closing source opens up", xml: `<disk>${AUTH}<source ${RBD}/></disk>`, want: DONE },
  {
    title: "a monitor without a port stands for all of its ports",
    pools: [{ ...VMS, monitors: [{ name: "mon1", port: null }] }],
    xml: sourced('<host name="mon1" port="3300"/>') + BARE,
    want: sourced('<host name="mon1" port="3300"/>') + sourced('<host name="mon1"/>'),
  },
  {
    title: "one name with two ports is two monitors",
    pools: [
      {
        ...VMS,
        monitors: [
          { name: "mon1", port: 3300 },
          { name: "mon1", port: 6789 },
        ],
      },
    ],
    xml: sourced(MON1) + BARE,
    want: sourced(`${MON1}<host name="mon1" port="3300"/>`) + sourced(`<host name="mon1" port="3300"/>${MON1}`),
  },
];

testCases(CASES.map(inDomain));
