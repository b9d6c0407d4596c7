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
  { title: "a text without rbd", xml: domain('<disk><source file="/a"/></disk>') },
  { title: "a text without rbd that is not XML", xml: "<disk <source <!DOCTYPE &" },
  { title: "a text with rbd and no disk", xml: "<domain><name>rbd</name></domain>" },
  { title: "a domain that has everything", xml: INDENTED_DONE },
];

const TAKEN: Case[] = [
  { title: "a disk as virtinst writes it", xml: INDENTED, want: INDENTED_DONE },
  {
    title: "a disk whose rbd is nowhere but in references",
    xml: domain(BARE.replaceAll("rbd", "&#x72;bd")),
    want: domain(DONE.replaceAll("rbd", "&#x72;bd")),
  },
  {
    title: "disks in several devices elements, between other devices",
    xml: `<domain><devices><emulator/>${BARE}<disk/>${BARE}</devices><devices>${BARE}<hub/></devices></domain>`,
    want: `<domain><devices><emulator/>${DONE}<disk/>${DONE}</devices><devices>${DONE}<hub/></devices></domain>`,
  },
  {
    title: "a disk beside elements of another namespace",
    xml: `<domain xmlns:x="urn:x"><x:disk>rbd</x:disk><devices><x:disk/>${BARE}</devices><x:commandline/></domain>`,
    want: `<domain xmlns:x="urn:x"><x:disk>rbd</x:disk><devices><x:disk/>${DONE}</devices><x:commandline/></domain>`,
  },
  {
    title: "a namespace that is taken away again is none",
    xml: `<domain xmlns=""><devices>${BARE.replace("<disk", "<disk xmlns=''")}</devices></domain>`,
    want: `<domain xmlns=""><devices>${DONE.replace("<disk", "<disk xmlns=''")}</devices></domain>`,
  },
  ...[
    {
      title: "the sources of backing stores and mirrors are not the disk's",
      xml: `<disk><backingStore><auth username="x"><secret/></auth><source ${RBD}/></backingStore><mirror><source ${RBD}>${MON1}</source></mirror><source file="/rbd"/></disk><disk><backingStore><source ${RBD}>${MON1}</source></backingStore><source ${RBD}/></disk>`,
      want: `<disk><backingStore><auth username="x"><secret/></auth><source ${RBD}/></backingStore><mirror><source ${RBD}>${MON1}</source></mirror><source file="/rbd"/></disk><disk><backingStore><source ${RBD}>${MON1}</source></backingStore>${AUTH}<source ${RBD}>${ALL}</source></disk>`,
    },
    {
      title: "a disk inside a disk is not looked at, and one after an empty one is",
      xml: `<disk/><disk>${BARE}</disk>${BARE}`,
      want: `<disk/><disk>${BARE}</disk>${DONE}`,
    },
    {
      title: "of two sources only the first",
      xml: `<disk><source ${RBD}/><source ${RBD}/></disk>`,
      want: `<disk>${AUTH}<source ${RBD}>${ALL}</source><source ${RBD}/></disk>`,
    },
  ].map(inDomain),
];

/** Texts with an rbd disk that is none of the domain's own. */
const LEFT: [title: string, xml: string][] = [
  ["a disk that is the root", BARE],
  ["a disk right under the domain", `<domain>${BARE}</domain>`],
  ["a disk right under the devices as the root", `<devices>${BARE}</devices>`],
  ["another root", `<domainsnapshot><devices>${BARE}</devices></domainsnapshot>`],
  ["a domain below another root", `<domainsnapshot>${domain(BARE)}</domainsnapshot>`],
  ["a domain in a domain", `<domain>${domain(BARE)}</domain>`],
  ["a disk in the metadata", `<domain><metadata>${BARE}<devices>${BARE}</devices></metadata></domain>`],
  ["a disk deeper in the devices", domain(`<x>${BARE}</x>`)],
  ["devices inside of devices", domain(`<devices>${BARE}</devices>`)],
  ["a default namespace on the root", `<domain xmlns="urn:z"><devices>${BARE}</devices></domain>`],
  ["a default namespace on the devices", `<domain><devices xmlns="urn:z">${BARE}</devices></domain>`],
  ["a default namespace on the disk", domain(BARE.replace("<disk", '<disk xmlns="urn:z"'))],
  ["a default namespace on the source", domain(BARE.replace("<source", '<source xmlns="urn:z"'))],
  [
    "no namespace below a default namespace",
    `<domain xmlns="urn:z"><devices>${BARE.replace("<disk", '<disk xmlns=""')}</devices></domain>`,
  ],
  ["a prefix on the root", `<x:domain xmlns:x="urn:x"><devices>${BARE}</devices></x:domain>`],
  ["a prefix on the devices", `<domain xmlns:x="urn:x"><x:devices>${BARE}</x:devices></domain>`],
  ["a prefix on the disk", domain(`<x:disk xmlns:x="urn:x"><source ${RBD}/></x:disk>`)],
  ["a prefix on the source", domain(`<disk xmlns:x="urn:x"><x:source ${RBD}/></disk>`)],
  ["a prefix on the protocol", domain('<disk xmlns:x="urn:x"><source x:protocol="rbd" name="rbd/a"/></disk>')],
  ["an element that begins like a disk", domain(`<diskx><source ${RBD}/></diskx>`)],
  ["an element in capitals", domain(`<Disk><source ${RBD}/></Disk>`)],
  ["an rbd source outside of disks", domain(`<pool><source ${RBD}/></pool>`)],
  ["an rbd source deeper in the disk", domain(`<disk><x><source ${RBD}/></x></disk>`)],
  ["another protocol", domain('<disk><source protocol="nbd" name="rbd/a"/></disk>')],
  ["a protocol that only begins so", domain('<disk><source protocol="rbdx" name="rbd/a"/></disk>')],
  ["a protocol in capitals", domain('<disk><source protocol="RBD" name="rbd/a"/></disk>')],
  ["no protocol", domain('<disk><source name="rbd/a"/></disk>')],
  ["a disk without a source, a disk that is empty", domain('<disk type="rbd"></disk><disk rbd=""/>')],
];

testCases([...NOTHING_TO_DO, ...TAKEN, ...LEFT.map(([title, xml]) => ({ title: `left: ${title}`, xml }))]);
