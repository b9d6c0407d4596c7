// apply, verify and preview with Debian's own virt-install on libvirt's test driver.
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { built, FIXTURES, HOST, HOST_BY_UUID, HOST_TWO, json, type Ran, shell, UUID } from "../support/cli";
import {
  atEnd,
  expectDone,
  INSTALLER,
  makeFolder,
  monitors,
  must,
  requireCleanVirtinst,
  undoAll,
  validate,
  xpath,
} from "./support/machine";
import { PASSWORD, testDriver } from "./support/test-driver";

const SECRET = `${FIXTURES}/secret-usage.xml`;
const USAGE = "client.libvirt secret";
const MONITORS = ["192.0.2.11:6789", "192.0.2.12:6789", "192.0.2.13:6789"];

let folder: string;
let uri: string;
/** Options that name the pool and the secret of the test driver. */
let driver: string[];
let original: Buffer;

beforeAll(() => {
  requireCleanVirtinst();
  folder = makeFolder();
  uri = testDriver(folder);
  driver = ["--connect", uri, "--secret-xml", SECRET];
  original = readFileSync(INSTALLER);
  const { atime, mtime } = statSync(INSTALLER);
  atEnd("restore installer.py", () => {
    writeFileSync(INSTALLER, original);
    utimesSync(INSTALLER, atime, mtime);
  });
});

beforeEach(() => writeFileSync(INSTALLER, original));

afterAll(undoAll);

/** Applies the patch, and returns the result. */
function apply(...host: readonly string[]) {
  const applied = built(["apply", "--json", ...host]);
  expectDone(applied, "apply");
  return json(applied.stdout);
}

/** What `verify --json` reports. */
function verify(host: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { code, stdout, stderr } = built(["verify", "--json", ...host], { env });
  if (stdout === "") throw new Error(stderr);
  const result = json(stdout);
  const checks = result.install.checks as readonly { label: string; passed: boolean; difference: string }[];
  return {
    code,
    ...result,
    passed: checks.filter(({ passed }) => passed).map(({ label }) => label),
    differences: checks.map(({ difference }) => difference).join("\n"),
  };
}

const PASSED = { code: 0, install: { status: "passed" } };
const FAILED = { code: 5, install: { status: "failed" } };

describe("apply", () => {
  const GUEST = ["--print-xml", "--import", "--name", "x", "--memory", "64", "--osinfo", "none", "--network", "none"];
  /** The domain that virt-install prints. */
  const domain = (...disks: string[]) => {
    const words = disks.flatMap((disk) => ["--disk", disk]);
    const uuid = ["--uuid", "7d7a2c1e-3b0e-4f55-9a1c-6f6f0a1b2c3d"];
    return must("virt-install", ["--connect", uri, ...GUEST, ...uuid, ...words]);
  };

  test("gives the rbd disk its secret and all monitors, and changes nothing else; revert restores virtinst", () => {
    const both = () => domain("vol=libvirtpool/virt-1", "vol=default/a.img", "device=cdrom");
    const onlyFile = () => domain("vol=default/a.img");
    const [before, fileBefore] = [both(), onlyFile()];
    expect(before).toContain('<secret type="ceph"/>');
    expect(validate(folder, before).code).not.toBe(0);

    const expected = { file: INSTALLER, release: "4.1.0", pools: ["libvirtpool"] };
    expect(apply(...driver)).toMatchObject({ changed: true, status: "patched", ...expected });
    const after = both();
    expect(validate(folder, after)).toMatchObject({ code: 0, stderr: expect.stringContaining("validates") });
    expect(xpath(after, "concat(//disk[1]/auth/@username, '|', //disk[1]/source/@name)")).toBe("libvirt|vms/virt-1");
    expect(xpath(after, "concat(//disk[1]/auth/secret/@usage, '|', //disk[1]/auth/secret/@uuid)")).toBe(`${USAGE}|`);
    expect(monitors(after)).toEqual(MONITORS);
    const rest = (xml: string) => xml.replace(/<disk type="network"[\s\S]*?<\/disk>/, "");
    expect(rest(after)).toBe(rest(before));
    expect(onlyFile()).toBe(fileBefore);
    expect(verify(driver)).toMatchObject({ state: "current", behaviour: { status: "passed" } });
    expect(apply(...driver)).toMatchObject({ changed: false, status: "current" });

    expectDone(built(["revert"]));
    expect(readFileSync(INSTALLER)).toEqual(original);
    expect(both()).toBe(before);
  });
});

describe("verify runs Debian's virt-install", () => {
  type Names = readonly [pool: string, cephPool: string, user: string, monitors?: readonly string[]];
  /** A host with pools and one secret, under any names. */
  function hostWith(...pools: readonly Names[]) {
    const xml = (text: string) => text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
    const options = pools.map(([name, cephPool, user, hosts = ['name="192.0.2.1" port="6789"']], index) => {
      const auth = `<auth type="ceph" username="${xml(user)}"><secret usage="${USAGE}"/></auth>`;
      const source = `${hosts.map((host) => `<host ${host}/>`).join("")}<name>${xml(cephPool)}</name>${auth}`;
      const file = join(folder, `pool-${index}.xml`);
      writeFileSync(file, `<pool type="rbd"><name>${xml(name)}</name><source>${source}</source></pool>`);
      return `--pool-xml=${file}`;
    });
    return [...options, HOST[1] as string];
  }

  test("and passes after apply, without leaving a file behind", () => {
    apply(...HOST_TWO);
    const home = join(folder, "home");
    mkdirSync(home);
    const byteCode = () => must("find", [join(INSTALLER, "../__pycache__"), "-printf", "%p %T@\n"]);
    const before = byteCode();
    expect(verify(HOST_TWO, { HOME: home, XDG_CACHE_HOME: "", TMPDIR: home })).toMatchObject({
      ...PASSED,
      state: "current",
      install: { reason: "/usr/bin/virt-install on libvirt's test driver" },
      passed: ["disk of pool archive", "disk of pool libvirtpool", "no auth on a CD-ROM"],
    });
    expect([readdirSync(home), byteCode()]).toEqual([[], before]);
  });

  test("on a host that is not affected too", () =>
    expect(verify(HOST_BY_UUID)).toMatchObject({ ...PASSED, state: "not-patched", affected: "no" }));

  test("for 50 pools at once, with any characters in their names", () => {
    const host = hostWith(
      ["my pool", "my ceph", "my user"],
      ["a,b/c=d", "e,f=g", "h,i/j=k"],
      ["a%s:\\b", "c%s:\\d", "e%s:\\f"],
      ["pööl-日本", "cëph-日本", "üser-😀"],
      ["-a", "--b", "-c"],
      ["a", "b", "c", ['name="2001:db8::1" port="6789"', 'name="[2001:db8::2]"']],
      [`a'b"<&>`, "c", "d"],
      ...Array.from({ length: 43 }, (_, index): Names => [`p${index}`, `c${index}`, `u${index}`]),
    );
    apply(...host);
    const { passed, differences, ...result } = verify(host);
    expect(result).toMatchObject(PASSED);
    expect([passed.length, differences.trim()]).toEqual([51, ""]);
  });

  // virtinst 2.0.0 to 4.1.0 escapes twice what libxml2 escapes; 1.5.1 and 5.1.0 do not.
  test("and fails if virt-install escapes the name of the user twice", () => {
    const host = hostWith(["a", "b", "c&d"]);
    apply(...host);
    const result = verify(host);
    expect(result).toMatchObject(FAILED);
    expect(result.differences).toMatch(/user: expected c&d, found c&amp;d/);
  });

  test("and passes in the C locale, with another TMPDIR, without a home, and with modules that print", () => {
    const [site, temporary] = ["site", "a b,c#d%e?f-日本"].map((name) => join(folder, name)) as [string, string];
    for (const path of [site, temporary]) mkdirSync(path);
    const prints = "import sys\nprint('a domain of the site')\nsys.stderr.write('ERROR a\\n')\n";
    writeFileSync(join(site, "sitecustomize.py"), prints);
    const host = hostWith(["pööl", "cëph", "üser"]);
    apply(...host);
    const environment = { HOME: "/nowhere", PYTHONPATH: site, LANG: "de_DE.UTF-8", TERM: "", TMPDIR: temporary };
    expect(verify(host, environment)).toMatchObject(PASSED);
    expect(readdirSync(temporary)).toEqual([]);
    // As Python 3.6 does.
    expect(verify(host, { PYTHONUTF8: "0", PYTHONCOERCECLOCALE: "0" })).toMatchObject(PASSED);
  });

  /** In `_build_xml`, after both XMLs are made. */
  const LAST = "        final_xml = self._pre_reinstall_xml or final_xml\n";
  const AUTH = `<auth username=\\"libvirt\\"><secret type=\\"ceph\\" uuid=\\"${UUID}\\"/></auth>`;

  test.each([
    ["fails if it lacks an import", "final_xml = re.sub('a', 'b', final_xml)", /^NameError: .* 're' is not defined/],
    [
      "fails if it gives the CD-ROM an auth",
      `import re; final_xml = re.sub('<driver name="qemu".*?>', "\\\\g<0>${AUTH}", final_xml)`,
      /number of auths: expected 1, found 2[\s\S]*\.iso got an auth, but needs none/,
    ],
    ["passes if it is harmless", "final_xml = final_xml.replace('a', 'a')", null],
  ])("after apply --force with a manual edit, and %s", (_, edit, difference) => {
    const text = original.toString().replace(LAST, `${LAST}        ${edit}\n`);
    writeFileSync(INSTALLER, text);
    const line = text.slice(0, text.indexOf(edit)).split("\n").length;
    expect(built(["apply", ...HOST])).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(
        new RegExp(`_build_xml has a manual edit in line ${line}, which rewrites the domain XML\\.[\\s\\S]*dpkg -S`),
      ),
    });
    expect(readFileSync(INSTALLER, "utf8")).toBe(text);
    apply("--force", ...HOST);
    const result = verify(HOST);
    expect(result).toMatchObject({ ...(difference ? FAILED : PASSED), behaviour: { status: "passed" } });
    if (difference) expect(result.differences).toMatch(difference);
    const [, at] = /\/installer\.py, line (\d+)\)$/.exec(result.differences) ?? [];
    if (at) expect(Number(at)).toBe(line);
  });
});

describe("verify --vol", () => {
  const volumeOf = (...more: string[]) => verify([...driver, "--vol", "libvirtpool/virt-1", ...more]);
  const secretValue = (found: string) => ({ label: "secret", expected: `usage "${USAGE}"`, found, right: false });

  test("fails without the patch, with the secret that is missing, and passes after apply", () => {
    const { code, volume } = volumeOf();
    expect([code, volume]).toMatchObject([5, { status: "failed", schema: { status: "failed" }, causes: [] }]);
    expect(volume.disks[0].values).toContainEqual(secretValue("none"));
    apply(...driver);
    const after = volumeOf();
    expect([after.code, after.volume]).toMatchObject([
      0,
      { status: "passed", schema: { status: "passed" }, causes: [] },
    ]);
  });

  test("finds stale byte code", () => {
    const compile = (mode: string) => {
      const options = `invalidation_mode=py_compile.PycInvalidationMode.${mode}`;
      must("/usr/bin/python3", ["-c", `import py_compile; py_compile.compile("${INSTALLER}", ${options})`]);
    };
    // Python uses this byte code of the original file, and does not look at the file.
    compile("UNCHECKED_HASH");
    try {
      apply(...driver);
      expect(volumeOf()).toMatchObject({ state: "current", code: 5, volume: { status: "failed" } });
    } finally {
      compile("TIMESTAMP");
    }
  });

  test("fails if virt-install prints no XML", () => {
    apply(...driver);
    const end = "        return initial_xml, final_xml\n";
    const broken = `        final_xml = final_xml.replace('<devices>', '<devices><')\n${end}`;
    writeFileSync(INSTALLER, readFileSync(INSTALLER, "utf8").replace(end, broken));
    const { code, volume } = volumeOf();
    expect(code).toBe(5);
    const reason = expect.stringMatching(/--print-xml --disk vol=.*/);
    expect(volume).toMatchObject({ status: "failed", reason, disks: [] });
  });

  test("skips a volume that does not exist, with the message of virt-install", () => {
    apply(...driver);
    const { code, volume, install } = volumeOf("--vol", "libvirtpool/nothing");
    const reason = expect.stringMatching(/: .*Storage volume not found.*'nothing'/);
    expect([code, install.status, volume]).toEqual([
      1,
      "passed",
      expect.objectContaining({ status: "skipped", reason }),
    ]);
  });

  test.each([
    ["an argument that is not POOL/VOLUME", () => [...driver, "--vol", "nothing"], 2, /expected POOL\/VOLUME/],
    ["a pool that is not an rbd pool", () => [...driver, "--vol", "other/a"], 3, /not among the rbd pools libvirtpool/],
    ["pools from files", () => [...HOST, "--vol", "libvirtpool/virt-1"], 2, /--vol needs live libvirt/],
  ])("refuses %s", (_, words, exit, message) => {
    expect(built(["verify", ...words()])).toMatchObject({ code: exit, stderr: expect.stringMatching(message) });
  });
});

describe("preview - between virsh dumpxml and virsh define:", () => {
  /** A line of bash; `define` prints what virsh defined from standard input, since the test driver keeps nothing. */
  const pipeline = (line: string): Ran =>
    shell(
      `export LC_ALL=C.UTF-8
dump() { virsh -c '${uri}' dumpxml --inactive --security-info "$1"; }
preview() { tool preview - -o - --connect '${uri}' --secret-xml '${SECRET}'; }
define() { virsh -c test:///default "define /dev/stdin; dumpxml --inactive --security-info guest"; }
${line}`,
    );

  /** The auths and the monitors of a domain's rbd disks, and the password of its display. */
  function defined({ code, stdout, stderr }: Ran) {
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/Domain '?guest'? defined from \/dev\/stdin\n/);
    const xml = stdout.slice(stdout.indexOf("<domain"));
    const secrets = `count(//disk/auth[@username='libvirt']/secret[@type='ceph'][@usage='${USAGE}'])`;
    return [Number(xpath(xml, secrets)), xpath(xml, "string(//graphics/@passwd)"), monitors(xml)];
  }

  test("an existing guest gets what its disk lacks, keeps its password, and is not changed a second time", () => {
    expect(defined(pipeline("dump guest | define"))).toEqual([0, PASSWORD, MONITORS.slice(0, 1)]);
    expect(defined(pipeline("set -o pipefail; dump guest | preview | define"))).toEqual([1, PASSWORD, MONITORS]);
    const again = `dump guest | preview >'${folder}/one'; preview <'${folder}/one' | cmp - '${folder}/one'`;
    expect(pipeline(again)).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("a disk that virt-xml adds gets its secret and all monitors", () => {
    const added = `virt-xml --connect '${uri}' guest --add-device --disk vol=libvirtpool/virt-1 --print-xml`;
    expect(pipeline(`${added} | define`)).toMatchObject({ code: 1, stderr: expect.stringContaining("secret uuid") });
    expect(defined(pipeline(`${added} | preview | define`))).toEqual([2, PASSWORD, [...MONITORS, ...MONITORS]]);
  });
});
