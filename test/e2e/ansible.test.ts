import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PLAIN } from "../support/cli";
import { examples, programs, type } from "./support/examples";
import { definePool, defineSecret, startLibvirt } from "./support/libvirtd";
import { atEnd, borrowVirtinst, expectDone, makeFolder, must, PREFIX, run, SHARE, undoAll } from "./support/machine";

const PAGE = "docs/ansible.md";
const PROGRAM = "/usr/local/sbin/rbd-patch.py";
const FILE = "usr/share/virt-manager/virtinst/install/installer.py";
const FIXTURES = resolve("test/fixtures/host");
const SECRET = "0b2d8f1e-6c1f-4c0e-8f0a-5d0f3f6f9a01";
const VALUE = "VkFMVUUtb2YtdGhlLXNlY3JldA==";
const LIVE = `${PREFIX} größe & 'quotes' \\ $HOME`;
/** Finds nothing to do in a template language, a shell, XML or Python. */
const HOSTILE = `{{ lookup('pipe', 'touch PWNED') }}"'''
# <<< virtinst-rbd-patch
$(touch PWNED)\`touch PWNED\`{% raw %}[x]\u202eé`;

let folder: string;
let path: string;
const [page] = [examples(PAGE)];
const [makeRole, ...usual] = page;

beforeAll(() => {
  folder = makeFolder();
  startLibvirt(folder);
  defineSecret(folder, SECRET, `${PREFIX} client.libvirt`, VALUE);
  const hosts = [{ name: "192.0.2.11", port: 6789 }, { name: "mon.example" }];
  const auth = { username: "libvirt", secret: `usage="${PREFIX} client.libvirt"` };
  definePool(folder, { name: LIVE.replace("&", "&amp;"), cephPool: "größe", hosts, auth });
  path = programs({ virsh: `#!/bin/sh\necho "$*" >> ${folder}/virsh.log\nexec /usr/bin/virsh "$@"\n` });
  const [playbook] = /(?<=^```yaml\n)[\s\S]*?(?=^```$)/m.exec(readFileSync(PAGE, "utf8")) as unknown as [string];
  writeFileSync(join(folder, "patch.yml"), playbook);
  expectDone(type(makeRole as string, { path, cwd: folder }));
});

afterAll(undoAll);

/** A system with the stand-in virtinst and the sample host's facts, a value beside the secret among them. */
function image(name: string): string {
  const root = join(folder, "roots", name);
  const libvirt = join(root, "etc/libvirt");
  for (const one of ["storage", "secrets"]) mkdirSync(join(libvirt, one), { recursive: true });
  cpSync(resolve("test/fixtures/virtinst", PLAIN), join(root, "usr/share/virt-manager"), { recursive: true });
  utimesSync(join(root, FILE), 1400000000, 1400000000);
  cpSync(join(FIXTURES, "pool-usage.xml"), join(libvirt, "storage/libvirtpool.xml"));
  cpSync(join(FIXTURES, "secret-usage.xml"), join(libvirt, "secrets/one.xml"));
  writeFileSync(join(libvirt, "secrets/one.base64"), VALUE);
  return root;
}

/** Writes an inventory of this machine under several names, each with variables of the role. */
function inventory(file: string, hosts: Readonly<Record<string, Readonly<Record<string, string>>>>): void {
  const lines = Object.entries(hosts).map(([name, own]) => {
    const words = Object.entries(own).map(([key, value]) => `${key}='${value}'`);
    return [name, ...words].join(" ");
  });
  const all = ["ansible_connection=local", "ansible_python_interpreter=/usr/bin/python3"];
  writeFileSync(join(folder, file), ["[hypervisors]", ...lines, "[hypervisors:vars]", ...all, ""].join("\n"));
}

const SETTINGS = ["ANSIBLE_NOCOLOR=1", "ANSIBLE_PIPELINING=1", "ANSIBLE_FORKS=10"];

/** Runs the page's playbook; its own folder is home, so that nothing is left in another. */
function play(words: readonly string[], before: readonly string[] = []) {
  const env = ["env", `HOME=${folder}`, `PATH=${path}:/usr/sbin:/usr/bin:/sbin:/bin`, ...SETTINGS, ...before];
  const [command, ...rest] = [...env, "ansible-playbook", "patch.yml", ...words] as [string, ...string[]];
  const begun = Date.now();
  const { code, stdout, stderr } = run(command, rest, { cwd: folder, seconds: 250 });
  const recap = [...stdout.matchAll(/^(\S+) +: .*changed=(\d+) +unreachable=0 +failed=(\d+)/gm)];
  return {
    ...{ code, stderr, stdout, seconds: (Date.now() - begun) / 1000 },
    changed: Object.fromEntries(recap.map(([, name, changed]) => [name, Number(changed)])),
    failed: recap.flatMap(([, name, , failed]) => (failed === "0" ? [] : [name])),
    /** What a host answered to the last task that said anything of it; with -v. */
    said: (name: string) => {
      const lines = [...stdout.matchAll(/^(?:ok|changed|fatal): \[(\S+?)\].* => (\{.*\})$/gm)];
      return JSON.parse(lines.filter(([, host]) => host === name).at(-1)?.[2] ?? "{}");
    },
  };
}

test("ten at once: a look, changed, nothing, a monitor on one, and back to the byte and the time", () => {
  const names = Array.from({ length: 10 }, (_, index) => `hv${String(index + 1).padStart(2, "0")}`);
  const roots = names.map(image);
  const each = (value: number) => Object.fromEntries(names.map((name) => [name, value]));
  const hosts = names.map((name, index) => {
    const program = { virtinst_rbd_patch_program: join(roots[index] as string, "rbd-patch.py") };
    // The last two are no images: one is asked through libvirt, and one has EL 7's Python.
    if (name === "hv09")
      return [
        name,
        { ...program, virtinst_rbd_patch_virtinst: join(roots[index] as string, "usr/share/virt-manager") },
      ];
    const own = { ...program, virtinst_rbd_patch_root: roots[index] as string };
    return [name, name === "hv10" ? { ...own, ansible_python_interpreter: "/usr/bin/python2.7" } : own];
  });
  inventory("ten", Object.fromEntries(hosts));
  const files = roots.map((root) => join(root, FILE));
  const now = () => files.map((file) => [readFileSync(file, "utf8"), statSync(file).mtimeMs]);
  const pristine = now();

  const look = play(["-i", "ten", "--check", "--diff"]);
  expect(look).toMatchObject({ code: 0, changed: each(1), failed: [] });
  expect(look.stdout.match(/^\+def _virtinst_rbd_patch\(xml\):$/gm)).toHaveLength(10);
  expect(look.stdout.match(/rbd-patch\.py: would be written$/gm)).toHaveLength(10);
  expect(now()).toEqual(pristine);
  expect(roots.some((root) => existsSync(join(root, "rbd-patch.py")))).toBe(false);

  const first = play(["-i", "ten"]);
  expect(first).toMatchObject({ code: 0, changed: each(1), failed: [] });
  const patched = now();
  expect(patched[8]?.[0]).toContain('"ceph_pool": u"gr\\u00f6\\u00dfe"');
  expect(statSync(join(roots[9] as string, "rbd-patch.py"))).toMatchObject({ uid: 0, gid: 0, mode: 0o100755 });

  const second = play(["-i", "ten"]);
  expect(second).toMatchObject({ code: 0, changed: each(0), failed: [] });
  expect(now()).toEqual(patched);

  const pool = join(roots[2] as string, "etc/libvirt/storage/libvirtpool.xml");
  writeFileSync(pool, readFileSync(pool, "utf8").replace("192.0.2.13", "192.0.2.14"));
  const third = play(["-i", "ten", "--diff", "-l", "hv02,hv03,hv09"]);
  expect(third).toMatchObject({ code: 0, changed: { hv02: 0, hv03: 1, hv09: 0 }, failed: [] });
  expect(third.stdout).toMatch(/^-.*192\.0\.2\.13.*\n\+.*192\.0\.2\.14/m);

  const last = play(["-i", "ten", "-e", "virtinst_rbd_patch_state=absent"]);
  expect(last).toMatchObject({ code: 0, changed: each(1), failed: [] });
  expect(now()).toEqual(pristine);
  expect(roots.some((root) => existsSync(join(root, "rbd-patch.py")))).toBe(false);
  const times = [look, first, second, third, last].map(({ seconds }) => seconds.toFixed(1));
  process.stderr.write(
    `ansible: ten hosts: check, first, second; three: a monitor; ten: absent: ${times.join(", ")} s\n`,
  );
});

test("a host that fails stops no other, says what to do, and a host without pools is no failure", () => {
  const storage = (root: string) => join(root, "etc/libvirt/storage/libvirtpool.xml");
  const roots = Object.fromEntries(
    ["good", "nopool", "bare", "nosecret", "dtd", "link", "nolibvirt", "hostile"].map((name) => [name, image(name)]),
  ) as Record<string, string>;
  inventory("odd", {
    ...Object.fromEntries(Object.entries(roots).map(([name, root]) => [name, { virtinst_rbd_patch_root: root }])),
    down: { virtinst_rbd_patch_connect: "qemu+unix:///system?socket=/nothing/is/here" },
    virsh: { virtinst_rbd_patch_facts_from: "virsh", virtinst_rbd_patch_connect: "test:///nothing/is/here" },
  });
  const of = (name: string) => roots[name] as string;
  const pristine = readFileSync(join(of("nopool"), FILE));
  expectDone(play(["-i", "odd", "-l", "nopool"]));
  expect(readFileSync(join(of("nopool"), FILE)).equals(pristine)).toBe(false);

  for (const name of ["nopool", "bare"]) writeFileSync(storage(of(name)), "<pool type='dir'><name>a</name></pool>");
  rmSync(join(of("bare"), "usr"), { recursive: true });
  rmSync(join(of("nosecret"), "etc/libvirt/secrets/one.xml"));
  writeFileSync(storage(of("dtd")), `<!DOCTYPE pool [<!ENTITY a "${VALUE}">]><pool type="rbd"><name>&a;</name></pool>`);
  must("ln", ["-s", "one.base64", join(of("link"), "etc/libvirt/secrets/two.xml")]);
  rmSync(join(of("nolibvirt"), "etc/libvirt"), { recursive: true });
  const name = HOSTILE.replaceAll("PWNED", join(folder, "pwned")).replaceAll("<", "&lt;").replaceAll("\n", "&#10;");
  writeFileSync(storage(of("hostile")), readFileSync(storage(of("hostile")), "utf8").replace("libvirtpool", name));

  const ran = play(["-i", "odd", "-v"]);
  expect(ran.changed).toMatchObject({ good: 1, nopool: 1, bare: 0, hostile: 1 });
  expect(ran.failed.sort()).toEqual(["down", "dtd", "link", "nolibvirt", "nosecret", "virsh"]);
  expect(ran.said("nopool").msg).toMatch(/^This host has no rbd pool; reverted: .*installer\.py \(libvirtpool\)$/);
  expect(readFileSync(join(of("nopool"), FILE))).toEqual(pristine);
  expect(ran.said("bare").msg).toBe("This host has no rbd pool; absent: no virtinst is here");
  expect(ran.said("nosecret")).toMatchObject({
    msg: expect.stringMatching(/names a secret with usage "client.libvirt secret", and no such secret is defined\.$/),
    hint: expect.stringMatching(/^Define it /),
  });
  expect(ran.said("dtd").msg).toMatch(/libvirtpool\.xml: this has a DTD/);
  expect(ran.said("link").msg).toMatch(/two\.xml is no regular file, or a link that leads to no \.xml file\.$/);
  expect(ran.said("nolibvirt")).toMatchObject({ msg: expect.stringMatching(/etc\/libvirt is not there/) });
  expect(ran.said("down").msg).toMatch(
    /failed to connect .*; and \/etc\/libvirt has no rbd pool, which alone is no answer\.$/,
  );
  expect(ran.said("virsh")).toMatchObject({ msg: expect.stringMatching(/^virsh -c test:/), hint: expect.any(String) });
  for (const host of ran.failed) expect(ran.said(host as string).hint).toMatch(/\.$|--all$/);
  expect(ran.stdout + ran.stderr).not.toContain(VALUE);
  expect(ran.stdout + ran.stderr).not.toMatch(/Traceback|exception occurred/i);

  const hostile = readFileSync(join(of("hostile"), FILE), "utf8");
  expect(hostile).toContain("{{ lookup('pipe', 'touch");
  expect(existsSync(join(folder, "pwned"))).toBe(false);
  expect(ran.said("hostile").result.pools).toEqual([HOSTILE.replaceAll("PWNED", join(folder, "pwned"))]);
});

test("a secret's value is not read: not from its file, and libvirt is asked for nothing but descriptions", () => {
  inventory("two", {
    image: { virtinst_rbd_patch_root: image("traced") },
    live: {
      virtinst_rbd_patch_virtinst: join(image("live"), "usr/share/virt-manager"),
      virtinst_rbd_patch_program: "",
    },
  });
  rmSync(join(folder, "virsh.log"), { force: true });
  const log = join(folder, "strace.log");
  const traced = play(
    ["-i", "two", "-vvv"],
    ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=open,openat", "-o", log],
  );
  expect(traced).toMatchObject({ code: 0, changed: { image: 1, live: 1 } });
  const opened = readFileSync(log, "utf8");
  expect(opened).toContain("secrets/one.xml");
  expect(opened).not.toContain(".base64");
  expect(traced.stdout + traced.stderr).not.toContain(VALUE);
  const asked = readFileSync(join(folder, "virsh.log"), "utf8").trim().split("\n");
  expect(new Set(asked.map((line) => line.replace(/ --(?:all|pool|secret).*$/, "")))).toEqual(
    new Set(
      ["pool-list", "secret-list", "pool-dumpxml", "secret-dumpxml"].map((one) => `-q -r -c qemu:///system ${one}`),
    ),
  );
});

test("ansible-lint has nothing to say, in its strictest profile", () => {
  const words = ["--offline", "--nocolor", "--profile", "production", "patch.yml", "roles/virtinst_rbd_patch"];
  const { code, stdout, stderr } = run("env", [`HOME=${folder}`, "ansible-lint", ...words], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(stderr).toMatch(/Passed with production profile: 0 failure\(s\), 0 warning\(s\) on \d+ files/);
});

test("the page, as somebody types it, on this machine", () => {
  borrowVirtinst();
  expect(existsSync(PROGRAM)).toBe(false);
  atEnd(`remove ${PROGRAM}`, () => rmSync(PROGRAM, { force: true }));
  writeFileSync(join(folder, "hosts"), "[hypervisors]\nhv01 ansible_connection=local\n");
  const [apply, verify, facts, bundle, absent] = usual as [string, string, string, string, string];
  const typed = (example: string) => {
    const ran = type(`export HOME=${folder}\n${example}`, { path, cwd: folder });
    expectDone(ran, example);
    return ran.stdout;
  };

  expect(typed(apply).match(/changed=1 /g)).toHaveLength(2);
  const proved = typed(verify);
  expect(proved).toMatch(/^current: /m);
  expect(proved).toMatch(/^function passed/m);
  expect(proved).toMatch(/^virt-install passed/m);

  expect(typed(facts)).not.toContain("Make virtinst so");
  const document = JSON.parse(readFileSync(join(folder, "facts/hv01.json"), "utf8"));
  expect(document).toMatchObject({ version: 1, host: must("uname", ["-n"]).trim(), pools: [{ name: LIVE }] });
  typed(bundle);
  expect(readFileSync(join(folder, "hv01.py"), "utf8")).toBe(
    readFileSync(PROGRAM, "utf8").replace("hv01.json", "facts/hv01.json"),
  );

  expect(typed(absent)).toMatch(/changed=1 /);
  expect(existsSync(PROGRAM)).toBe(false);
  expect(readFileSync(join(SHARE, "virtinst/install/installer.py"), "utf8")).not.toContain("virtinst-rbd-patch");
});
