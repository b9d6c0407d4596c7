import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { isAnyMachine, isLocalUri, isThisMachine } from "../../src/host/here";

describe("the hostname", () => {
  it.each([
    ["hv01", "hv01", true],
    ["HV01", "hv01", true],
    ["hv01", "HV01.example.org", true],
    ["hv01.example.org", "hv01", true],
    ["hv01.example.org", "hv01.example.org.", true],
    ["hv01.", "hv01.example.org", true],
    ["hv01.example.org", "hv01.example.net", false],
    ["hv01", "hv02", false],
    ["hv01", "hv01a", false],
  ])("%s is that of the machine %s: %s", (name, own, same) => expect(isThisMachine(name, own)).toBe(same));

  it("of the system is used by default", () => {
    expect(isThisMachine(hostname())).toBe(true);
    expect(isThisMachine(`not-${hostname()}`)).toBe(false);
  });
});

it.each([
  ["localhost", true],
  ["localhost.localdomain", true],
  ["localhosts", false],
  ["my-localhost", false],
])("the hostname %s may be that of any machine: %s", (name, any) => expect(isAnyMachine(name)).toBe(any));

it.each([
  ["qemu:///system", true],
  ["QEMU:///system", true],
  ["qemu+unix:///system", true],
  ["qemu:///system?mode=legacy", true],
  ["qemu+ssh:///system", false],
  ["qemu+unixes:///system", false],
  ["qemu://hv02/system", false],
  ["x1 qemu:///system", false],
  ["qemu:/system", false],
  ["qemu:///system?socket=/run/forwarded", false],
  ["qemu+unix:///system?mode=legacy&socket=/run/forwarded", false],
  ["qemu:///system?mysocket=/x", true],
  ["test:///etc/node.xml", true],
  ["qemu+ext:///system?command=x", false],
])("the URI %s certainly connects to the libvirt of this machine: %s", (uri, local) =>
  expect(isLocalUri(uri)).toBe(local),
);
