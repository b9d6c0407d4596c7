import {
  ALL,
  AUTH,
  BARE,
  type Case,
  DONE,
  inDomain,
  left,
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
    xml: sourced('<snapshot name="s"/><reservations managed="no"/>'),
    want: sourced(`${ALL}<snapshot name="s"/><reservations managed="no"/>`),
  },
  {
    title: "other children stay around the hosts",
    xml: sourced(`<snapshot name="s"/>${MON1}<reservations/>`),
    want: sourced(`<snapshot name="s"/>${ALL}<reservations/>`),
  },
  {
    title: "a disk that names its own Ceph configuration is left unchanged, with its auth",
    xml: sourced('<config file="/etc/ceph/site-b.conf"/>'),
    want: sourced('<config file="/etc/ceph/site-b.conf"/>'),
    log: [left("rbd/a", "names its own Ceph configuration, unlike libvirt pool vms")],
  },
  {
    title: "a disk that names its own Ceph configuration gets no auth",
    xml: `<disk><source ${RBD}><config file="/etc/ceph/site-b.conf"/></source></disk>`,
    want: `<disk><source ${RBD}><config file="/etc/ceph/site-b.conf"/></source></disk>`,
    log: [left("rbd/a", "names its own Ceph configuration, unlike libvirt pool vms")],
  },
  {
    title: "a disk of a foreign Ceph pool with its own configuration is left unchanged without a line",
    xml: '<disk><source protocol="rbd" name="other/a"><config file="/x"/></source></disk>',
    want: '<disk><source protocol="rbd" name="other/a"><config file="/x"/></source></disk>',
  },
  {
    title: "a list of monitors in one element is replaced by an element for each monitor",
    xml: sourced('<host name="mon1:6789,mon2:6789,mon3"/>'),
    want: sourced(ALL),
  },
  {
    title: "a list without ports",
    xml: sourced('<host name="mon1,mon2"/>'),
    want: sourced(ALL),
  },
  {
    title: "a list that names only one of the pool's monitors",
    xml: sourced('<host name="mon2:6789,mon9:6789"/>'),
    want: sourced(ALL),
  },
  {
    title: "a port in the name of a single monitor",
    xml: sourced('<host name="mon2:6789"/>'),
    want: sourced(ALL),
  },
  {
    title: "a list beside single elements, which stay where they are",
    xml: sourced(`${MON1}<host name="mon2,mon3"/><snapshot name="s"/>`),
    want: sourced(`${MON1}${MON2}${MON3}<snapshot name="s"/>`),
  },
  {
    title: "several lists",
    xml: sourced('<host name="mon1,mon2"/><host name="mon3,mon1:6789"/>'),
    want: sourced(ALL),
  },
  {
    title: "a list of IPv6 addresses in brackets",
    pools: [
      {
        ...VMS,
        monitors: [
          { name: "2001:db8::1", port: 6789 },
          { name: "[2001:DB8::2]", port: null },
        ],
      },
    ],
    xml: sourced('<host name="[2001:db8::1]:6789,[2001:db8::2]:6789"/>'),
    want: sourced('<host name="2001:db8::1" port="6789"/><host name="[2001:DB8::2]"/>'),
  },
  {
    title: "a list with no monitor of the pool is left unchanged",
    xml: sourced('<host name="mon8,mon9"/>'),
    want: sourced('<host name="mon8,mon9"/>'),
    log: [left("rbd/a", "lists no monitor of libvirt pool vms")],
  },
  {
    title: "the indentation around a list is kept",
    xml: `<disk>\n  ${AUTH}\n  <source ${RBD}>\n    <host name="mon1,mon2"/>\n  </source>\n</disk>`,
    want: `<disk>\n  ${AUTH}\n  <source ${RBD}>\n    ${MON1}\n    ${MON2}\n    ${MON3}\n  </source>\n</disk>`,
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
