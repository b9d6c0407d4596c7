import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { isAnyMachine, isLocalUri, isThisMachine } from "../../src/host/here";

describe("a name is this machine's", () => {
  it.each([
    ["hv01", "hv01", true],
    ["HV01", "hv01", true],
    ["hv01", "HV01.example.org", true],
    ["hv01.example.org", "hv01", true],
    ["hv01.example.org.", "hv01.example.org", true],
    ["hv01.example.org", "hv01.example.org.", true],
    ["hv01.", "hv01.example.org", true],
    ["hv01.example.org", "hv01.example.net", false],
    ["hv01", "hv02", false],
    ["hv01", "hv01a", false],
    ["hv01.example.org", "hv02", false],
    ["hv01", "hv02.example.org", false],
    ["HV17.example.org.", "hv17.Example.org", true],
    ["hv1", "hv17", false],
  ])("%s beside %s: %s", (name, own, same) => expect(isThisMachine(name, own)).toBe(same));

  it("by what the system calls it", () => {
    expect(isThisMachine(hostname())).toBe(true);
    expect(isThisMachine(`not-${hostname()}`)).toBe(false);
  });
});

it.each([
  ["localhost", true],
  ["LOCALHOST", true],
  ["localhost.localdomain", true],
  ["localhosts", false],
  ["my-localhost", false],
  ["hv01", false],
])("%s may be any machine's: %s", (name, any) => expect(isAnyMachine(name)).toBe(any));

it.each([
  ["qemu:///system", true],
  ["QEMU:///system", true],
  ["qemu+unix:///system", true],
  ["qemu://", true],
  ["qemu:///system?mode=legacy", true],
  ["qemu+ssh:///system", false],
  ["qemu+unixes:///system", false],
  ["qemu://hv02/system", false],
  ["qemu+ssh://hv02/system", false],
  ["x1 qemu:///system", false],
  ["qemu:/system", false],
  ["qemu:///system?socket=/run/forwarded", false],
  ["qemu+unix:///system?mode=legacy&socket=/run/forwarded", false],
  ["qemu:///system?mysocket=/x", true],
  ["qemu+unix:///system?socket=/run/x", false],
  ["test:///etc/node.xml", true],
  ["qemu+ext:///system?command=x", false],
  ["hv17", false],
])("%s leads to this machine's own libvirt for certain: %s", (uri, local) => expect(isLocalUri(uri)).toBe(local));
