import {
  ALL,
  AUTH,
  BARE,
  type Case,
  DONE,
  domain,
  INDENTED,
  INDENTED_DONE,
  MON1,
  RBD,
  testCases,
} from "../../support/helper-cases";

const BACKING = `<backingStore><auth username="x"><secret/></auth><source ${RBD}/></backingStore>`;
const MIRROR = `<mirror><source ${RBD}>${MON1}</source></mirror>`;

const TAKEN: Case[] = [
  { title: "a disk as virtinst writes it is completed", xml: INDENTED, want: INDENTED_DONE },
  {
    title: "a disk in which rbd is written with character references is completed",
    xml: domain(BARE.replaceAll("rbd", "&#x72;bd")),
    want: domain(DONE.replaceAll("rbd", "&#x72;bd")),
  },
  {
    title: "disks in several devices elements, between other devices, are completed",
    xml: `<domain><devices><emulator/>${BARE}<disk/>${BARE}</devices><devices>${BARE}<hub/></devices></domain>`,
    want: `<domain><devices><emulator/>${DONE}<disk/>${DONE}</devices><devices>${DONE}<hub/></devices></domain>`,
  },
  {
    title: "the sources of backing stores and mirrors are not the disk's",
    xml: domain(`<disk>${BACKING}${MIRROR}<source file="/rbd"/></disk><disk>${BACKING}<source ${RBD}/></disk>`),
    want: domain(
      `<disk>${BACKING}${MIRROR}<source file="/rbd"/></disk><disk>${BACKING}${AUTH}<source ${RBD}>${ALL}</source></disk>`,
    ),
  },
  {
    title: "only the first of two sources is completed",
    xml: domain(`<disk><source ${RBD}/><source ${RBD}/></disk>`),
    want: domain(`<disk>${AUTH}<source ${RBD}>${ALL}</source><source ${RBD}/></disk>`),
  },
];

const LEFT: [title: string, xml: string][] = [
  ["an empty text", ""],
  ["a text without rbd that is not XML", "<disk <source <!DOCTYPE &"],
  ["a disk that is the root", BARE],
  ["a disk in devices that are the root", `<devices>${BARE}</devices>`],
  ["a disk in another document than a domain", `<domainsnapshot><devices>${BARE}</devices></domainsnapshot>`],
  ["a disk of a domain in a domain", `<domain>${domain(BARE)}</domain>`],
  ["a disk deeper in the devices", domain(`<x>${BARE}</x>`)],
  ["a disk inside a disk", domain(`<disk>${BARE}</disk>`)],
  ["a disk below a default namespace", `<domain xmlns="urn:z"><devices>${BARE}</devices></domain>`],
  ["a disk whose source has a default namespace", domain(BARE.replace("<source", '<source xmlns="urn:z"'))],
  [
    "a disk without a namespace below a default namespace",
    `<domain xmlns="urn:z"><devices>${BARE.replace("<disk", '<disk xmlns=""')}</devices></domain>`,
  ],
  ["a disk with a prefix", domain(`<x:disk xmlns:x="urn:x"><source ${RBD}/></x:disk>`)],
  ["a disk with another protocol", domain('<disk><source protocol="nbd" name="rbd/a"/></disk>')],
  ["a disk with its protocol in capitals", domain('<disk><source protocol="RBD" name="rbd/a"/></disk>')],
  ["a disk without a source", domain('<disk type="rbd"></disk><disk rbd=""/>')],
];

testCases([...TAKEN, ...LEFT.map(([title, xml]) => ({ title: `${title} is left unchanged`, xml }))]);
