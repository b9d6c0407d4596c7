import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { built, json } from "../support/cli";
import {
  borrowVirtinst,
  changedFiles,
  expectDone,
  makeFolder,
  monitors,
  must,
  notRun,
  run,
  SHARE,
  undoAll,
  xpath,
} from "./support/machine";
import { testDriver } from "./support/test-driver";

const POOL = resolve("test/fixtures/host/pool-usage.xml");
const SECRET = resolve("test/fixtures/host/secret-usage.xml");
const MONITORS = ["192.0.2.11:6789", "192.0.2.12:6789", "192.0.2.13:6789"];
const RELEASE_FILE = "virtinst/install/installer.py";

let folder: string;
let uri: string;

beforeAll(() => {
  borrowVirtinst();
  folder = makeFolder();
  uri = testDriver(folder);
});

afterAll(undoAll);

/** The domain that the machine's own virt-install writes. */
function printXml(): string {
  return must("virt-install", [
    ...["--connect", uri, "--print-xml", "--import", "--name", "x", "--memory", "64", "--osinfo", "none"],
    // Nothing that virt-install would make up anew each time.
    ...["--uuid", "7d7a2c1e-3b0e-4f55-9a1c-6f6f0a1b2c3d", "--network", "none"],
    ...["--disk", "vol=libvirtpool/virt-1", "--disk", "vol=default/a.img", "--disk", "device=cdrom"],
  ]);
}

describe("Debian's own virt-install, with libvirt's test driver", () => {
  let before: string;

  test("before: the disk has a secret without a name", () => {
    before = printXml();
    expect(before).toContain('<secret type="ceph"/>');
  });

  test("after apply: the disk has the pool's usage and every monitor, and nothing else changed", () => {
    const applied = built(["apply", "--json", "--connect", uri, "--secret-xml", SECRET]);
    expectDone(applied);
    expect(json(applied.stdout)).toMatchObject({
      changed: true,
      status: "patched",
      file: `${SHARE}/${RELEASE_FILE}`,
      release: "4.1.0",
      pools: ["libvirtpool"],
    });

    const after = printXml();
    expect(after).not.toContain('<secret type="ceph"/>');
    expect(xpath(after, "string(//disk[1]/auth/@username)")).toBe("libvirt");
    expect(xpath(after, "string(//disk[1]/auth/secret/@usage)")).toBe("client.libvirt secret");
    expect(xpath(after, "count(//disk[1]/auth/secret/@uuid)")).toBe("0");
    expect(xpath(after, "string(//disk[1]/source/@name)")).toBe("vms/virt-1");
    expect(monitors(after)).toEqual(MONITORS);
    const rest = (xml: string) => xml.replace(/<disk type="network"[\s\S]*?<\/disk>/, "");
    expect(rest(after)).toBe(rest(before));
  });

  test("virt-xml-validate accepts the domain, and not that of before", () => {
    const validate = (xml: string) => {
      const file = join(folder, "domain.xml");
      writeFileSync(file, xml);
      return run("virt-xml-validate", [file, "domain"]);
    };
    expect(validate(before).code).not.toBe(0);
    expect(validate(printXml())).toMatchObject({ code: 0, stderr: expect.stringContaining("validates") });
  });

  test("verify passes", () => {
    const verified = built(["verify", "--json", "--connect", uri, "--secret-xml", SECRET]);
    expectDone(verified);
    expect(json(verified.stdout)).toMatchObject({ state: "current", behaviour: { status: "passed" } });
  });

  test("a second apply changes nothing", () => {
    const again = built(["apply", "--json", "--connect", uri, "--secret-xml", SECRET]);
    expect(json(again.stdout)).toMatchObject({ changed: false, status: "current" });
  });

  test("after revert: dpkg --verify prints nothing, and the secret's name is gone again", () => {
    expectDone(built(["revert"]));
    expect(changedFiles()).toBe("");
    expect(printXml()).toContain('<secret type="ceph"/>');
  });
});

describe("a copy of Debian's virtinst", () => {
  const facts = ["--pool-xml", POOL, "--secret-xml", SECRET];

  /** A copy with all its times, modes and owners. */
  function copy(name: string): string {
    const target = join(folder, name);
    mkdirSync(target);
    must("cp", ["-a", `${SHARE}/virtinst`, target]);
    return target;
  }

  test("render | patch -p1, render | git apply and apply end with the same bytes", () => {
    const [applied, patched, gitApplied, reviewed] = ["applied", "patched", "git-applied", "reviewed"].map(copy) as [
      string,
      string,
      string,
      string,
    ];
    const read = (target: string) => readFileSync(join(target, RELEASE_FILE));
    const pristine = read(applied);
    const rendered = built(["render", ...facts, "--virtinst", applied]);
    expectDone(rendered);
    expectDone(built(["apply", ...facts, "--virtinst", applied]));
    expect(read(applied).equals(pristine)).toBe(false);

    must("patch", ["-p1"], { cwd: patched, input: rendered.stdout });
    expect(read(patched).equals(read(applied))).toBe(true);
    must("git", ["apply", "-"], { cwd: gitApplied, input: rendered.stdout });
    expect(read(gitApplied).equals(read(applied))).toBe(true);
    const file = join(folder, "reviewed.patch");
    writeFileSync(file, rendered.stdout);
    expectDone(built(["apply", file, "--virtinst", reviewed]));
    expect(read(reviewed).equals(read(applied))).toBe(true);

    const undo = built(["render", "--reverse", ...facts, "--virtinst", patched]);
    must("patch", ["-p1"], { cwd: patched, input: undo.stdout });
    expect(read(patched).equals(pristine)).toBe(true);
    expectDone(built(["revert", "--virtinst", gitApplied]));
    expect(read(gitApplied).equals(pristine)).toBe(true);
  });

  test("mode, owner, group, ACL and extended attributes survive apply and revert", (context) => {
    const target = copy("metadata");
    const file = join(target, RELEASE_FILE);
    must("chown", ["nobody:games", file]);
    must("chmod", ["0640", file]);
    const named = run("setfacl", ["-m", "u:daemon:rw,g:mail:r", file]);
    if (named.code !== 0) notRun(context, `the file system of ${folder} has no ACLs: ${named.stderr}`);
    // A label that SELinux would set; without SELinux it is an attribute like any other.
    for (const [name, value] of [
      ["user.note", "kept"],
      ["security.selinux", "system_u:object_r:usr_t:s0"],
    ] as const) {
      const { code, stderr } = run("setfattr", ["-n", name, "-v", value, file]);
      if (code !== 0) notRun(context, `the file system of ${folder} has no ${name}: ${stderr}`);
    }
    const metadata = () =>
      must("stat", ["-c", "%a %u %g %C", file]) +
      must("getfacl", ["-p", "-n", file]) +
      must("getfattr", ["--absolute-names", "-d", "-m", "-", file]);
    const before = metadata();
    expect(before).toContain("security.selinux");
    expectDone(built(["apply", ...facts, "--virtinst", target]));
    expect(metadata()).toBe(before);
    expectDone(built(["revert", "--virtinst", target]));
    expect(metadata()).toBe(before);
  });

  test("text that does not compile never lands", () => {
    const target = copy("broken");
    const file = join(target, RELEASE_FILE);
    writeFileSync(file, `${readFileSync(file, "utf8")}\ndef broken(:\n`);
    const copied = join(folder, "broken.py");
    copyFileSync(file, copied);
    expect(built(["apply", ...facts, "--virtinst", target]).code).not.toBe(0);
    expect(readFileSync(file).equals(readFileSync(copied))).toBe(true);
  });
});
