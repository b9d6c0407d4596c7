import {
  ALL,
  AUTH,
  BARE,
  type Case,
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
  { title: "a source with all monitors in another order stays", xml: sourced(MON3 + MON1 + MON2) },
  {
    title: "foreign monitors stay in place, and missing ones are added after the last",
    xml: sourced(`<host name="x"/>${MON2}<host name="y"/>`),
    want: sourced(`<host name="x"/>${MON2}<host name="y"/>${MON1}${MON3}`),
  },
  { title: "a monitor that is listed twice stays", xml: sourced(MON1 + MON1 + MON2 + MON3) },
  {
    title: "a last host with something in it: monitors are added at the beginning of the source",
    xml: sourced(`<snapshot name="s"/>${MON3}<host name="mon1" port="6789"><x/></host>`),
    want: sourced(`${MON2}<snapshot name="s"/>${MON3}<host name="mon1" port="6789"><x/></host>`),
  },
  {
    title: "hosts deeper in the source are not those of the disk",
    xml: sourced(`<reservations>${MON2}</reservations>`),
    want: sourced(`${ALL}<reservations>${MON2}</reservations>`),
  },
  {
    title: "a disk that names its own Ceph configuration gets no auth",
    xml: `<disk><source ${RBD}><config file="/etc/ceph/site-b.conf"/></source></disk>`,
    want: `<disk><source ${RBD}><config file="/etc/ceph/site-b.conf"/></source></disk>`,
    log: [left("rbd/a", "names its own Ceph configuration, unlike libvirt pool vms")],
  },
  {
    title: "a disk of a foreign Ceph pool with its own configuration stays, and nothing is logged",
    xml: '<disk><source protocol="rbd" name="other/a"><config file="/x"/></source></disk>',
    want: '<disk><source protocol="rbd" name="other/a"><config file="/x"/></source></disk>',
  },
  {
    title: "a list of monitors in one element is replaced by an element for each monitor",
    xml: sourced('<host name="mon1:6789,mon2:6789,mon3"/>'),
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
    title: "the indentation around a list is kept",
    xml: `<disk>\n  ${AUTH}\n  <source ${RBD}>\n    <host name="mon1,mon2"/>\n  </source>\n</disk>`,
    want: `<disk>\n  ${AUTH}\n  <source ${RBD}>\n    ${MON1}\n    ${MON2}\n    ${MON3}\n  </source>\n</disk>`,
  },
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
