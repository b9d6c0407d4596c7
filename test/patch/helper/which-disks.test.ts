import {
  ALL,
  AUTH,
  BARE,
  type Case,
  DONE,
  domain,
  INDENTED,
  INDENTED_DONE,
  inDomain,
  MON1,
  RBD,
  testCases,
} from "../../support/helper-cases";

const NOTHING_TO_DO: Case[] = [
  { title: "an empty text", xml: "" },
  { title: "a text without rbd that is not XML", xml: "<disk <source <!DOCTYPE &" },
];

const TAKEN: Case[] = [
  { title: "a disk as virtinst writes it", xml: INDENTED, want: INDENTED_DONE },
  {
    title: "a disk in which rbd is written with character references",
    xml: domain(BARE.replaceAll("rbd", "&#x72;bd")),
    want: domain(DONE.replaceAll("rbd", "&#x72;bd")),
  },
  {
    title: "disks in several devices elements, between other devices",
    xml: `<domain><devices><emulator/>${BARE}<disk/>${BARE}</devices><devices>${BARE}<hub/></devices></domain>`,
    want: `<domain><devices><emulator/>${DONE}<disk/>${DONE}</devices><devices>${DONE}<hub/></devices></domain>`,
  },
  ...[
    {
      title: "the sources of backing stores and mirrors are not the disk's",
      xml: `<disk><backingStore><auth username="x"><secret/></auth><source ${RBD}/></backingStore><mirror><source ${RBD}>${MON1}</source></mirror><source file="/rbd"/></disk><disk><backingStore><source ${RBD}>${MON1}</source></backingStore><source ${RBD}/></disk>`,
      want: `<disk><backingStore><auth username="x"><secret/></auth><source ${RBD}/></backingStore><mirror><source ${RBD}>${MON1}</source></mirror><source file="/rbd"/></disk><disk><backingStore><source ${RBD}>${MON1}</source></backingStore>${AUTH}<source ${RBD}>${ALL}</source></disk>`,
    },
    {
      title: "a disk inside a disk is left unchanged, and one after an empty disk is completed",
      xml: `<disk/><disk>${BARE}</disk>${BARE}`,
      want: `<disk/><disk>${BARE}</disk>${DONE}`,
    },
    {
      title: "only the first of two sources is completed",
      xml: `<disk><source ${RBD}/><source ${RBD}/></disk>`,
      want: `<disk>${AUTH}<source ${RBD}>${ALL}</source><source ${RBD}/></disk>`,
    },
  ].map(inDomain),
];

/** Texts with an rbd disk that is not a disk of the domain. */
const LEFT: [title: string, xml: string][] = [
  ["a disk that is the root", BARE],
  ["a disk right under the devices as the root", `<devices>${BARE}</devices>`],
  ["another root", `<domainsnapshot><devices>${BARE}</devices></domainsnapshot>`],
  ["a domain in a domain", `<domain>${domain(BARE)}</domain>`],
  ["a disk deeper in the devices", domain(`<x>${BARE}</x>`)],
  ["a default namespace on the root", `<domain xmlns="urn:z"><devices>${BARE}</devices></domain>`],
  ["a default namespace on the source", domain(BARE.replace("<source", '<source xmlns="urn:z"'))],
  [
    "no namespace below a default namespace",
    `<domain xmlns="urn:z"><devices>${BARE.replace("<disk", '<disk xmlns=""')}</devices></domain>`,
  ],
  ["a prefix on the disk", domain(`<x:disk xmlns:x="urn:x"><source ${RBD}/></x:disk>`)],
  ["another protocol", domain('<disk><source protocol="nbd" name="rbd/a"/></disk>')],
  ["a protocol in capitals", domain('<disk><source protocol="RBD" name="rbd/a"/></disk>')],
  ["a disk without a source, a disk that is empty", domain('<disk type="rbd"></disk><disk rbd=""/>')],
];

testCases([...NOTHING_TO_DO, ...TAKEN, ...LEFT.map(([title, xml]) => ({ title: `left unchanged: ${title}`, xml }))]);
