import { describe, expect, it } from "vitest";
import { readRbdDisks, strayAuths } from "../../src/host/domain";

const domain = (devices: string) => `<domain type="kvm"><devices>${devices}</devices></domain>`;
const source = '<source protocol="rbd" name="vms/a"><host name="m1" port="6789"/><host name="::2"/></source>';
const BARE = {
  name: "vms/a",
  auths: 0,
  username: null,
  uuid: null,
  usage: null,
  secrets: 0,
  secretType: null,
  monitors: [
    { name: "m1", port: 6789 },
    { name: "::2", port: null },
  ],
};
const disks = (devices: string) => readRbdDisks(domain(devices), "f");

describe("an rbd disk", () => {
  it("is read with its monitors, in their order", () => expect(disks(`<disk>${source}</disk>`)).toEqual([BARE]));

  it.each([
    ["beside its source", `<disk><auth username="u"><secret uuid="x"/></auth>${source}</disk>`],
    ["in its source", `<disk>${source.replace("<host", '<auth username="u"><secret uuid="x"/></auth>$&')}</disk>`],
  ])("has an auth %s", (_, xml) =>
    expect(disks(xml)).toEqual([{ ...BARE, auths: 1, username: "u", uuid: "x", secrets: 1 }]),
  );

  it("has the auth beside its source if there are two", () => {
    const inner = source.replace("<host", '<auth username="inner"/>$&');
    expect(disks(`<disk>${inner}<auth username="outer"><secret usage="s"/></auth></disk>`)).toEqual([
      { ...BARE, auths: 2, username: "outer", usage: "s", secrets: 1 },
    ]);
  });

  it("may lack a name, a user and a secret's name", () => {
    expect(disks('<disk><auth><secret/></auth><source protocol="rbd"><host port="1"/></source></disk>')).toEqual([
      { ...BARE, name: "", auths: 1, secrets: 1, monitors: [{ name: "", port: 1 }] },
    ]);
    expect(disks('<disk><auth username="u"/><source protocol="rbd"/></disk>')).toMatchObject([
      { username: "u", uuid: null },
    ]);
  });
});

it("an auth may have several secrets, and the first one's type is read", () => {
  const two = '<auth username="u"><secret type="iscsi" uuid="x"/><secret type="ceph" uuid="y"/></auth>';
  expect(disks(`<disk>${two}${source}</disk>`)).toMatchObject([{ secrets: 2, secretType: "iscsi", uuid: "x" }]);
});

describe("a disk of another kind that has an auth", () => {
  const stray = (devices: string) => strayAuths(domain(devices), "f");
  const auth = '<auth username="u"/>';

  it.each([
    ["its file", `<disk>${auth}<source file="/a.img" dev="/dev/x"/><target dev="vda"/></disk>`, "/a.img"],
    ["its device", `<disk>${auth}<source dev="/dev/sdb"/><target dev="vda"/></disk>`, "/dev/sdb"],
    ["its target, if it has no source", `<disk>${auth}<target dev="vda"/></disk>`, "vda"],
  ])("is called by %s", (_, devices, name) => expect(stray(devices)).toEqual([name]));

  it("is listed, unlike rbd disks and disks without an auth", () => {
    const plain = '<disk><source file="/plain"/></disk>';
    const two = `<disk>${auth}<source file="/one"/></disk>${plain}<disk>${auth}${source}</disk><disk>${auth}<source file="/two"/></disk>`;
    expect(stray(two)).toEqual(["/one", "/two"]);
  });
});

describe("of a domain,", () => {
  it("all rbd disks are read, and no other disk", () => {
    const file = '<disk><source file="/a"/></disk>';
    const nbd = '<disk><source protocol="nbd" name="x"/></disk>';
    const empty = "<disk><target/></disk>";
    const second = source.replace("vms/a", "vms/b");
    expect(disks(`${file}<disk>${source}</disk>${nbd}${empty}<disk>${second}</disk>`).map(({ name }) => name)).toEqual([
      "vms/a",
      "vms/b",
    ]);
  });

  it("only the first source of a disk counts, as for libvirt", () =>
    expect(disks(`<disk><source file="/a"/>${source}</disk>`)).toEqual([]));

  it("only disks of its devices are read", () => {
    expect(disks(`<hostdev>${source}</hostdev><x><disk>${source}</disk></x>`)).toEqual([]);
    expect(
      readRbdDisks(`<domain><disk>${source}</disk><metadata><disk>${source}</disk></metadata></domain>`, "f"),
    ).toEqual([]);
    expect(disks(`<disk><backingStore>${source}</backingStore></disk>`)).toEqual([]);
    expect(disks(`<disk>${source}<mirror><auth username="u"/></mirror></disk>`)).toEqual([BARE]);
  });

  it.each([
    ["text that is not XML", "<domain>", /^f: not well-formed XML \(/],
    ["another document", "<pool/>", "f: the root element is <pool>, not <domain>."],
  ])("%s is refused", (_, xml, message) => expect(() => readRbdDisks(xml, "f")).toThrow(message));
});
