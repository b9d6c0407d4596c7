import { hostname } from "node:os";
import { describe, expect, it, test } from "vitest";
import { HostFiles } from "../src/system/host-files";
import { compareMachines } from "../src/target";
import { openTarget } from "../src/virtinst/target-file";
import { cli, image, PLAIN, target, temporaryFile } from "./support/cli";

describe("a host configuration", () => {
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
  const same = () => ({ release: null, file: "/x", sha256: base().target.examined.baseHash });

  it("of another host is refused, with what to copy from that host, unless --virtinst or --root is given", () => {
    const failure = refused({});
    expect(failure?.kind).toBe("pools");
    expect(failure?.message).toMatch(
      /^hv18\.json: this is the configuration of host hv18, but \/.*installer\.py is on this host, /,
    );
    expect(failure?.hint).toMatch(/^Run this on host hv18\. Or copy .*\/usr\/share\/virt-manager.* with --virtinst\.$/);
    expect(refused({}, { virtinst: "/x" })).toBeNull();
    expect(refused({}, { files: new HostFiles(image()) })).toBeNull();
  });

  it("without a unique hostname is refused if its virtinst differs", () => {
    expect(refused({ host: null, elsewhere: false })?.message).toMatch(/configuration of another host/);
    expect(refused({ host: "localhost", elsewhere: false })?.message).toMatch(/configuration of host localhost/);
    for (const host of [null, "localhost"]) {
      expect(refused({ host, elsewhere: false, virtinst: same() })).toBeNull();
      expect(refused({ host, elsewhere: false, virtinst: null })).toBeNull();
    }
  });

  it("of this host is accepted; a note reports if virtinst has changed since", () => {
    expect(refused({ host: hostname(), elsewhere: false })).toBeNull();
    const { target, files } = base();
    const notes = (more: object, options: object = {}) =>
      compareMachines({ config: config({ elsewhere: false, ...more }) }, target, { files, ...options });
    expect(notes({})).toEqual([
      expect.stringMatching(/^hv18\.json was written when \/.*installer\.py had other content\./),
    ]);
    expect(notes({ virtinst: null })).toEqual([]);
    expect(notes({ virtinst: same() })).toEqual([]);
    expect(notes({}, { virtinst: "/x" })).toEqual([]);
  });
});

test("verify, render and apply exit with 3 for the host file of another host; inspect shows it without this virtinst", async () => {
  const pools = [{ name: "p", cephPool: "c", monitors: [{ name: "m" }] }];
  const other = ["--host", temporaryFile("hv18.json", JSON.stringify({ version: 1, host: "hv18", pools }))];
  const { folder } = target(PLAIN);
  const env = { PATH: `${folder}:${process.env.PATH}` };
  for (const words of [["verify"], ["render"], ["apply", "--check"]]) {
    const { code, stderr, stdout } = await cli([...words, ...other], { env });
    expect(stderr).toMatch(/this is the configuration of host hv18, but/);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect((await cli([...words, ...other, "--virtinst", folder])).code).toBeLessThan(2);
  }
  expect(await cli(["inspect", ...other], { env })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Affected: unknown\n/),
    stderr: expect.stringMatching(/^note: .*configuration of host hv18/m),
  });
});
