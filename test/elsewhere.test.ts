import { hostname } from "node:os";
import { describe, expect, it, test } from "vitest";
import { olderDocument, refuseOtherMachine } from "../src/elsewhere";
import { isLocalUri, isThisMachine } from "../src/host/here";
import { HostFiles } from "../src/system/host-files";
import { openTarget } from "../src/virtinst/target";
import { cli, image, PLAIN, target, temporaryFile } from "./support/cli";

describe("a machine's name", () => {
  test.each([
    ["hv17", "hv17", true],
    ["hv17.example.org", "hv17", true],
    ["hv17", "hv17.example.org", true],
    ["HV17.example.org.", "hv17.Example.org", true],
    ["hv17.example.org", "hv17.example.net", false],
    ["hv18", "hv17", false],
    ["hv1", "hv17", false],
  ])("%s on %s: %s", (name, own, same) => expect(isThisMachine(name, own)).toBe(same));
  test("is by default compared with this one's", () => expect(isThisMachine(hostname())).toBe(true));
});

test.each([
  ["qemu:///system", true],
  ["qemu+unix:///system", true],
  ["qemu+unix:///system?socket=/run/x", false],
  ["test:///etc/node.xml", true],
  ["qemu+ssh://hv17/system", false],
  ["qemu+ssh:///system", false],
  ["qemu+ext:///system?command=x", false],
  ["qemu://hv17/system", false],
  ["hv17", false],
])("the URI %s leads to this machine for certain: %s", (uri, local) => expect(isLocalUri(uri)).toBe(local));

describe("facts of another machine with a virtinst that was found here", () => {
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
      refuseOtherMachine({ config: config(more) }, target, { files, ...options });
      return null;
    } catch (error) {
      return error as { kind: string; message: string; hint: string };
    }
  };

  it("are refused, with the host, its release, and how to fetch its files", () => {
    const failure = refused({});
    expect(failure?.kind).toBe("facts");
    expect(failure?.message).toMatch(
      /^hv18\.json: these are the facts of host hv18, with a virtinst of release 1\.4\.3; what was found here, on .*installer\.py of release /,
    );
    expect(failure?.hint).toContain(
      "mkdir DIR && ssh hv18 tar -c --ignore-failed-read -C /usr/share/virt-manager virtinst/guest.py virtinst/devices/disk.py virtinst/devicedisk.py virtcli/cliconfig.py",
    );
    expect(failure?.hint).toMatch(/\| tar -x -C DIR, then --virtinst DIR\.$/);
  });

  it("are refused where the document does not say its host, but another file", () => {
    expect(refused({ host: null, elsewhere: false })?.message).toMatch(/the facts of another host/);
    const { target } = base();
    const same = { release: null, file: "/x", sha256: target.examined.baseHash };
    expect(refused({ host: null, elsewhere: false, virtinst: same })).toBeNull();
    for (const host of ["localhost", "Localhost.localdomain"]) {
      expect(refused({ host, elsewhere: false })?.message).toMatch(/the facts of host localhost/i);
      expect(refused({ host, elsewhere: false, virtinst: same })).toBeNull();
    }
    expect(refused({ host: "localhosts", elsewhere: false })).toBeNull();
    expect(refused({ host: null, elsewhere: false, virtinst: null })).toBeNull();
    expect(refused({ host: null, elsewhere: false, virtinst: { ...same, sha256: null } })).toBeNull();
  });

  it("are refused from a live libvirt elsewhere, which says nothing of its files", () => {
    const { message, hint } = refused({ source: "qemu+ssh://hv18/system", virtinst: null }) ?? {};
    expect(message).toMatch(/^qemu\+ssh:\/\/hv18\/system: these are the facts of host hv18; what/);
    for (const file of ["virtinst/guest.py", "virtinst/installer.py", "virtinst/install/installer.py"])
      expect(hint).toContain(` ${file} `);
  });

  it("put nothing hostile into a command", () => {
    const { hint } =
      refused({ host: "$(x) y", virtinst: { release: null, file: "/a b;c/virtinst/guest.py", sha256: null } }) ?? {};
    expect(hint).toContain("ssh HOST tar -c --ignore-failed-read -C FOLDER virtinst/guest.py");
  });

  it("are taken where the files are named, or those of a mounted system", () => {
    expect(refused({}, { virtinst: "/x" })).toBeNull();
    expect(refused({}, { files: new HostFiles(image()) })).toBeNull();
  });

  it("are taken where they are this machine's, and that the file is another one by now is said", () => {
    expect(refused({ host: hostname(), elsewhere: false })).toBeNull();
    const { target, files } = base();
    const said = (more: object, options: object = {}) =>
      olderDocument({ config: config({ elsewhere: false, ...more }) }, target, { files, ...options });
    expect(said({})).toEqual([
      expect.stringMatching(/^hv18\.json was made beside another file .*release 1\.4\.3 then/),
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

test.each([["verify"], ["render"], ["apply", "--check"]])("%s refuses them, exit 3", (...words) => {
  const { folder } = target(PLAIN);
  const env = { PATH: `${folder}:${process.env.PATH}` };
  const { code, stderr, stdout } = cli([...words, "--host", other()], { env });
  expect(stderr).toMatch(/these are the facts of host hv18; what was found here/);
  expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  expect(cli([...words, "--host", other(), "--virtinst", folder]).code).toBeLessThan(2);
});

test("inspect shows them, without this machine's virtinst", () => {
  const { folder } = target(PLAIN);
  const env = { PATH: `${folder}:${process.env.PATH}` };
  const { code, stderr, stdout } = cli(["inspect", "--host", other()], { env });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^virtinst +none that these facts are of/m);
  expect(stderr).toMatch(/^note: .*facts of host hv18/m);
});
