import { hostname } from "node:os";
import { describe, expect, it, test } from "vitest";
import { HostFiles } from "../src/system/host-files";
import { compareMachines } from "../src/target";
import { openTarget } from "../src/virtinst/target-file";
import { cli, image, PLAIN, target, temporaryFile } from "./support/cli";

describe("the configuration of another host with the virtinst of this one", () => {
  const base = () => {
    const files = new HostFiles(image());
    return { target: openTarget({ files }, null), files: new HostFiles(undefined) };
  };
  const config = (more: object) => ({
    host: "hv18",
    source: "hv18.json",
    elsewhere: true,
    virtinst: { release: "1.4.3", file: "/usr/share/virt-manager/virtinst/guest.py", sha256: "0".repeat(64) },
    pools: [],
    secrets: null,
    ...more,
  });
  const refused = (more: object, options: object = {}) => {
    const { target, files } = base();
    try {
      compareMachines({ config: config(more) }, target, { files, ...options });
      return null;
    } catch (error) {
      return error as { kind: string; message: string; hint: string };
    }
  };

  it("is refused, with what to copy from that host", () => {
    const failure = refused({});
    expect(failure?.kind).toBe("facts");
    expect(failure?.message).toMatch(
      /^hv18\.json: this is the configuration of host hv18, but \/.*installer\.py is on this host, /,
    );
    expect(failure?.hint).toMatch(/^Run this on host hv18\. Or copy .*\/usr\/share\/virt-manager.* with --virtinst\.$/);
  });

  it("is refused if the host file has no hostname and its virtinst differs", () => {
    expect(refused({ host: null, elsewhere: false })?.message).toMatch(/configuration of another host/);
    const { target } = base();
    const same = { release: null, file: "/x", sha256: target.examined.baseHash };
    expect(refused({ host: null, elsewhere: false, virtinst: same })).toBeNull();
    for (const host of ["localhost", "Localhost.localdomain"]) {
      expect(refused({ host, elsewhere: false })?.message).toMatch(/configuration of host localhost/i);
      expect(refused({ host, elsewhere: false, virtinst: same })).toBeNull();
    }
    expect(refused({ host: "localhosts", elsewhere: false })).toBeNull();
    expect(refused({ host: null, elsewhere: false, virtinst: null })).toBeNull();
    expect(refused({ host: null, elsewhere: false, virtinst: { ...same, sha256: null } })).toBeNull();
  });

  it("is refused from live libvirt on another host", () => {
    expect(refused({ source: "qemu+ssh://hv18/system", virtinst: null })?.message).toMatch(
      /^qemu\+ssh:\/\/hv18\/system: this is the configuration of host hv18, but/,
    );
  });

  it("is accepted with --virtinst or --root", () => {
    expect(refused({}, { virtinst: "/x" })).toBeNull();
    expect(refused({}, { files: new HostFiles(image()) })).toBeNull();
  });

  it("is accepted if it is that of this host; a note reports that virtinst changed since", () => {
    expect(refused({ host: hostname(), elsewhere: false })).toBeNull();
    const { target, files } = base();
    const said = (more: object, options: object = {}) =>
      compareMachines({ config: config({ elsewhere: false, ...more }) }, target, { files, ...options });
    expect(said({})).toEqual([
      expect.stringMatching(/^hv18\.json was written when \/.*installer\.py had other content\./),
    ]);
    expect(said({ virtinst: null })).toEqual([]);
    expect(said({ virtinst: { release: null, file: "/x", sha256: target.examined.baseHash } })).toEqual([]);
    expect(said({}, { virtinst: "/x" })).toEqual([]);
  });
});

const other = () =>
  temporaryFile(
    "hv18.json",
    JSON.stringify({ version: 1, host: "hv18", pools: [{ name: "p", cephPool: "c", monitors: [{ name: "m" }] }] }),
  );

test.each([["verify"], ["render"], ["apply", "--check"]])(
  "%s exits with 3 for the configuration of another host",
  async (...words) => {
    const { folder } = target(PLAIN);
    const env = { PATH: `${folder}:${process.env.PATH}` };
    const { code, stderr, stdout } = await cli([...words, "--host", other()], { env });
    expect(stderr).toMatch(/this is the configuration of host hv18, but/);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect((await cli([...words, "--host", other(), "--virtinst", folder])).code).toBeLessThan(2);
  },
);

test("inspect shows the configuration of another host, without the virtinst of this one", async () => {
  const { folder } = target(PLAIN);
  const env = { PATH: `${folder}:${process.env.PATH}` };
  const { code, stderr, stdout } = await cli(["inspect", "--host", other()], { env });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Affected: unknown\n/);
  expect(stderr).toMatch(/^note: .*configuration of host hv18/m);
});
