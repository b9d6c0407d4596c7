import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built, FIXTURES, HOST, PLAIN } from "../support/cli";
import { examples, makePrograms, runExample } from "./support/examples";
import { definePool, defineSecret, startLibvirt } from "./support/libvirtd";
import {
  atEnd,
  expectDone,
  makeFolder,
  must,
  PREFIX,
  requireCleanVirtinst,
  run,
  SHARE,
  undoAll,
} from "./support/machine";

const PAGE = "docs/ansible.md";
const PROGRAM = "/usr/local/sbin/rbd-patch.py";
const SECRET = "0b2d8f1e-6c1f-4c0e-8f0a-5d0f3f6f9a01";
const VALUE = "VkFMVUUtb2YtdGhlLXNlY3JldA==";
const LIVE = `${PREFIX} größe & 'quotes' \\ $HOME`;
/** libvirt accepts this name. Nothing in it may be interpreted by a template, a shell, YAML, XML or Python. */
const HOSTILE = `${PREFIX}"{{ lookup('pipe', 'touch pwned') }}'''{% raw %}$(touch pwned)\`touch pwned\`]]>{x: [y]} é # ~`;

let folder: string;
let path: string;
const [makeRole, apply, verify, absent] = examples(PAGE) as [string, string, string, string];

/**
 * A virsh that logs its arguments. For a URI of the form test://FOLDER, it prints the files in that folder; for others, it
 * asks libvirt.
 */
const virsh = () => `#!/bin/sh
echo "$*" >> ${folder}/virsh.log
case $4 in test://*) cd "\${4#test://}" ;; *) exec /usr/bin/virsh "$@" ;; esac
case $5 in
  pool-list) sed -n 's|.*<name>\\(libvirtpool\\)</name>| \\1   active   yes|p' pool.xml ;;
  pool-dumpxml) cat pool.xml ;;
  secret-list) sed -n 's|.*<uuid>\\(.*\\)</uuid>.*| \\1   ceph   client.libvirt secret|p' secret.xml ;;
  secret-dumpxml) cat secret.xml ;;
esac
`;

beforeAll(() => {
  folder = makeFolder();
  startLibvirt(folder);
  defineSecret(folder, SECRET, `${PREFIX} client.libvirt`, VALUE);
  const hosts = [{ name: "192.0.2.11", port: 6789 }, { name: "mon.example" }];
  const auth = { username: "libvirt", secret: `usage="${PREFIX} client.libvirt"` };
  definePool(folder, { name: LIVE.replace("&", "&amp;"), cephPool: "größe", hosts, auth });
  definePool(folder, { name: HOSTILE.replaceAll(">", "&gt;"), cephPool: "hostile", hosts, auth });
  path = makePrograms({ virsh: virsh() });
  const [playbook] = /(?<=^```yaml\n)[\s\S]*?(?=^```$)/m.exec(readFileSync(PAGE, "utf8")) as unknown as [string];
  writeFileSync(join(folder, "patch.yml"), playbook);
  mkdirSync(join(folder, "tmp"));
  expectDone(runExample(makeRole, { path, cwd: folder }));
});

afterAll(undoAll);

/** Creates the files of a host: its virtinst, and what its virsh prints. Returns the variables of the role. */
function makeHost(name: string) {
  const own = join(folder, "hosts", name);
  cpSync(resolve("test/fixtures/virtinst", PLAIN), join(own, "vm"), { recursive: true });
  for (const kind of ["pool", "secret"]) cpSync(join(FIXTURES, `${kind}-usage.xml`), join(own, `${kind}.xml`));
  const file = join(own, "vm/virtinst/install/installer.py");
  const program = join(own, "rbd-patch.py");
  const variables = {
    virtinst_rbd_patch_virtinst: join(own, "vm"),
    virtinst_rbd_patch_program: program,
    virtinst_rbd_patch_connect: `test://${own}`,
  };
  const now = () => ({ text: readFileSync(file, "utf8"), time: statSync(file).mtimeMs, kept: existsSync(program) });
  return { own, program, pool: join(own, "pool.xml"), secret: join(own, "secret.xml"), variables, now };
}

/** Writes an inventory: this machine under several names, with variables of the role. */
function inventory(file: string, hosts: Readonly<Record<string, Readonly<Record<string, string>>>>): void {
  const lines = Object.entries(hosts).map(([name, own]) =>
    [name, ...Object.entries(own).map(([key, value]) => `${key}='${value}'`)].join(" "),
  );
  const all = "[hypervisors:vars]\nansible_connection=local\nansible_python_interpreter=/usr/bin/python3\n";
  writeFileSync(join(folder, file), ["[hypervisors]", ...lines, all].join("\n"));
}

/** Runs the playbook of the page. */
function play(...words: readonly string[]) {
  const settings = ["ANSIBLE_NOCOLOR=1", "ANSIBLE_PIPELINING=1", `HOME=${folder}`, `TMPDIR=${folder}/tmp`];
  const env = [...settings, `PATH=${path}:/usr/sbin:/usr/bin:/sbin:/bin`];
  const { code, stdout, stderr } = run("env", [...env, "ansible-playbook", "patch.yml", ...words], {
    cwd: folder,
    seconds: 250,
  });
  expect(stdout + stderr).not.toContain(VALUE);
  expect(stdout + stderr).not.toMatch(/Traceback|exception occurred|\[WARNING\]/);
  // Nothing is left on the controller.
  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  const recap = [...stdout.matchAll(/^(\S+) +: .*changed=(\d+) +unreachable=0 +failed=(\d+)/gm)];
  const fatal = [...stdout.matchAll(/^fatal: \[(\S+?)(?: -> \S+)?\].* => (\{.*\})$/gm)];
  return {
    ...{ code, stdout },
    changed: Object.fromEntries(recap.map(([, name, changed]) => [name, Number(changed)])),
    failed: recap.flatMap(([, name, , failed]) => (failed === "0" ? [] : [name])),
    /** The standard error or the message of each host's task that failed. */
    errors: Object.fromEntries(
      fatal.map(([, name = "", json = ""]) => [name, (({ stderr, msg }) => stderr ?? msg)(JSON.parse(json))]),
    ),
  };
}

test("with the Ansible role, --check changes nothing, a run patches, the next updates what differs, and absent restores the file", () => {
  const [live, other] = [makeHost("live"), makeHost("python2")];
  const { virtinst_rbd_patch_connect: _, ...ofLibvirt } = live.variables;
  inventory("two", {
    live: ofLibvirt,
    python2: { ...other.variables, ansible_python_interpreter: "/usr/bin/python2.7" },
  });
  const changes = (value: number) => ({ code: 0, changed: { live: value, python2: value }, failed: [] });
  const now = () => [live.now(), other.now()];
  const original = now();

  const check = play("-i", "two", "--check", "--diff");
  expect(check).toMatchObject(changes(2));
  expect(check.stdout.match(/"\+def _virtinst_rbd_patch\(xml\):"/g)).toHaveLength(2);
  expect(now()).toEqual(original);

  expect(play("-i", "two")).toMatchObject(changes(2));
  const patched = now();
  expect(patched[0]?.text).toContain('"ceph_pool": u"gr\\u00f6\\u00dfe"');
  expect(patched[0]?.text).toContain("{{ lookup('pipe', 'touch pwned') }}");
  expect(statSync(other.program)).toMatchObject({ uid: 0, gid: 0, mode: 0o100755 });
  for (const place of [folder, "/", "/root"]) expect(existsSync(join(place, "pwned"))).toBe(false);

  writeFileSync(other.pool, readFileSync(other.pool, "utf8").replace("192.0.2.13", "192.0.2.14"));
  const second = play("-i", "two", "--diff");
  expect(second).toMatchObject({ code: 0, changed: { live: 0, python2: 2 } });
  expect(second.stdout).toMatch(/"-.*192\.0\.2\.13[\s\S]*"\+.*192\.0\.2\.14/);
  expect(live.now()).toEqual(patched[0]);

  const absent = (...words: string[]) => play("-i", "two", "-e", "virtinst_rbd_patch_state=absent", ...words);
  const before = now();
  const checked = absent("--check", "--diff");
  expect(checked).toMatchObject(changes(2));
  expect(checked.stdout.match(/"-def _virtinst_rbd_patch\(xml\):"/g)).toHaveLength(2);
  expect(now()).toEqual(before);
  expect(absent("-l", "live")).toMatchObject({ code: 0, changed: { live: 2 } });
  expect(absent()).toMatchObject({ code: 0, changed: { live: 0, python2: 2 } });
  expect(now()).toEqual(original);
});

test("the role uses virsh only to list and describe pools and secrets, on a read-only connection", () => {
  const asked = readFileSync(join(folder, "virsh.log"), "utf8").trim().split("\n");
  expect(new Set(asked.map((line) => line.replace(/-c \S+ (\S+).*/, "-c URI $1")))).toEqual(
    new Set(["pool-list", "secret-list", "pool-dumpxml", "secret-dumpxml"].map((one) => `-q -r -c URI ${one}`)),
  );
});

test("with the Ansible role, if a host fails, the others continue; a host without rbd pools loses the patch", () => {
  const names = ["nopool", "gone", "nosecret", "novirtinst"];
  const hosts = Object.fromEntries(names.map((name) => [name, makeHost(name)]));
  const of = (name: string) => hosts[name] as ReturnType<typeof makeHost>;
  inventory("odd", {
    ...Object.fromEntries(names.map((name) => [name, of(name).variables])),
    down: { virtinst_rbd_patch_connect: "qemu+unix:///system?socket=/nothing/is/here" },
  });
  const original = of("nopool").now();
  for (const { program, own, pool } of [of("nopool"), of("gone")]) {
    expectDone(built(["bundle", ...HOST, "-o", program]));
    must("sh", [program, "apply", "--virtinst", join(own, "vm")]);
    writeFileSync(pool, "<pool type='dir'/>");
  }
  writeFileSync(of("nosecret").secret, "");
  for (const name of ["novirtinst", "gone"]) rmSync(join(of(name).own, "vm/virtinst"), { recursive: true });

  const ran = play("-i", "odd");
  expect(ran.changed).toMatchObject({ nopool: 2, gone: 1, nosecret: 0, novirtinst: 0, down: 0 });
  expect(ran.failed.sort()).toEqual(["down", "nosecret", "novirtinst"]);
  expect(of("nopool").now()).toEqual(original);
  expect(existsSync(of("gone").program)).toBe(false);
  expect(ran.errors).toEqual({
    down: expect.stringMatching(/failed to connect/),
    nosecret: expect.stringMatching(/^A pool names a secret, and no Ceph secret is defined/),
    novirtinst: expect.stringMatching(/No virtinst was found.*\n.+/),
  });
});

test("ansible-lint reports nothing about the role in its strictest profile", () => {
  const words = ["--offline", "--nocolor", "--profile", "production", "patch.yml", "roles/virtinst_rbd_patch"];
  const { code, stdout, stderr } = run("env", [`HOME=${folder}`, "ansible-lint", ...words], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(stderr).toMatch(/Passed with production profile: 0 failure\(s\), 0 warning\(s\) on \d+ files/);
});

test("the examples of docs/ansible.md patch this machine, verify it, and restore it", () => {
  requireCleanVirtinst();
  expect(existsSync(PROGRAM)).toBe(false);
  atEnd(`remove ${PROGRAM}`, () => rmSync(PROGRAM, { force: true }));
  writeFileSync(join(folder, "hosts.ini"), "[hypervisors]\nhv01 ansible_connection=local\n");
  const typed = (example: string) => {
    const line = `export HOME=${folder}\n${example.replaceAll("-i hosts", "-i hosts.ini")}`;
    const ran = runExample(line, { path, cwd: folder });
    expectDone(ran, example);
    return ran.stdout;
  };
  expect(typed(apply).match(/changed=2 /g)).toHaveLength(2);
  const proved = typed(verify);
  expect(proved).toMatch(/^current: /m);
  expect(proved).toMatch(/^virt-install passed/m);
  expect(typed(absent)).toMatch(/changed=2 /);
  expect(existsSync(PROGRAM)).toBe(false);
  expect(readFileSync(join(SHARE, "virtinst/install/installer.py"), "utf8")).not.toContain("virtinst-rbd-patch");
});
