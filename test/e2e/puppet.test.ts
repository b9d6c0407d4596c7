import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built, FIXTURES, HOST, type Ran } from "../support/cli";
import { examples, makePrograms, runExample } from "./support/examples";
import { type Host, makeHost } from "./support/host";
import { expectDone, makeFolder, must, run, undoAll } from "./support/machine";

/** The directories that Puppet itself writes. */
const PUPPETS_OWN = ["/etc/puppet", "/var/lib/puppet", "/var/cache/puppet"];
/** The exit codes of `puppet apply --detailed-exitcodes`. */
const [NOTHING, CHANGED, FAILED, CHANGED_AND_FAILED] = [0, 2, 4, 6];

let host: Host;
let modules: string;

beforeAll(() => {
  host = makeHost(PUPPETS_OWN);
  modules = join(host.home, "modules");
  expectDone(built(["hook", "puppet", ...HOST, "-o", modules]));
});
afterAll(undoAll);

/**
 * Runs Puppet on the host.
 *
 * @param parameters those of the class, as a manifest has them
 * @param name that of the host's certificate; with one Puppet gathers its facts, which is half of a run
 */
function puppet(parameters = "", { noop = "", name = "", more = "" } = {}): Ran {
  const code = `class { 'virtinst_rbd_patch': ${parameters} } ${more}`;
  const yaml = join(host.home, "yaml");
  mkdirSync(join(yaml, "facts"), { recursive: true });
  writeFileSync(join(yaml, "facts/none.yaml"), "--- !ruby/object:Puppet::Node::Facts\nname: none\nvalues: {}\n");
  const facts = name === "" ? `--certname none --facts_terminus yaml --yamldir '${yaml}'` : `--certname ${name}`;
  return host.sh(
    `puppet apply --modulepath '${modules}' --detailed-exitcodes --color false ${facts} ${noop} -e "${code}" 2>&1`,
  );
}

const patched = () => readFileSync(host.file);

test("Puppet's parser, puppet-lint and metadata-json-lint report nothing about the module", () => {
  const module = join(modules, "virtinst_rbd_patch");
  const manifest = join(module, "manifests/init.pp");
  expect(run("puppet", ["parser", "validate", manifest])).toMatchObject({ code: 0, stderr: "" });
  expect(run("puppet-lint", ["--fail-on-warnings", module])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(run("metadata-json-lint", ["--fail-on-warnings", join(module, "metadata.json")])).toMatchObject({ code: 0 });
});

test("with the Puppet module, a path that a shell would interpret is refused before anything is run", () => {
  const { code, stdout } = puppet("program => '/tmp/x;id', virtinst => '/tmp/x y'");
  for (const name of ["program", "virtinst"]) expect(stdout).toMatch(`parameter '${name}' expects a`);
  expect(code).toBe(1);
});

test("with the Puppet module, --noop changes nothing, a run patches, the next changes nothing, and one after an upgrade patches", () => {
  const noop = puppet("", { noop: "--noop" });
  expect(noop.stdout).toMatch(/File\[.*rbd-patch\.py\].*should be 'file' \(noop\)/);
  expect(noop.stdout).toMatch(/Exec\[virtinst-rbd-patch apply\]\/returns: .*\(noop\)/);
  expect(noop.stdout).not.toMatch(/Error|Warning/);
  expect([noop.code, existsSync(host.program)]).toEqual([NOTHING, false]);
  expect(readFileSync(host.file)).toEqual(host.original.bytes);

  const done = expect.stringMatching(/Exec\[virtinst-rbd-patch apply\]\/returns: executed successfully/);
  expect(puppet()).toMatchObject({ code: CHANGED, stdout: done });
  expect(statSync(host.program).mode & 0o777).toBe(0o755);
  expect(host.sh("rbd-patch.py verify").code).toBe(0);
  const first = patched();

  expect(puppet()).toMatchObject({ code: NOTHING, stdout: expect.not.stringMatching(/Exec|File|Error|Warning/) });

  host.upgrade();
  const again = puppet();
  expect(again).toMatchObject({ code: CHANGED, stdout: done });
  expect(again.stdout).not.toMatch(/File\[/);
  expect(patched()).toEqual(first);
});

test("with the Puppet module, the script of a host is used before the common script, and runs once", () => {
  const pool = join(makeFolder(), "pool.xml");
  writeFileSync(pool, readFileSync(`${FIXTURES}/pool-usage.xml`, "utf8").replace("192.0.2.13", "192.0.2.14"));
  const own = join(modules, "virtinst_rbd_patch/files/hv01.example.com.py");
  expectDone(built(["bundle", `--pool-xml=${pool}`, `--secret-xml=${FIXTURES}/secret-usage.xml`, "-o", own]));
  expect(puppet("", { name: "hv01.example.com" }).code).toBe(CHANGED);
  expect(patched().includes("192.0.2.14")).toBe(true);
  // Another host gets the common script. A notification of the package runs nothing twice.
  const other = puppet("", { name: "hv02.example.com", more: "notify { 'package': } ~> Class['virtinst_rbd_patch']" });
  expect(other.code).toBe(CHANGED);
  expect(other.stdout.match(/Exec\[.*executed successfully/g)).toHaveLength(1);
  expect(other.stdout).not.toMatch(/Triggered 'refresh' from .*\n.*Exec|Error: (?!Facter)/);
  expect(patched().includes("192.0.2.14")).toBe(false);
});

test("with the Puppet module, a file that cannot be patched stays unchanged, and a run fails with the message of the script", () => {
  expectDone(built(["bundle", ...HOST, "-o", host.program]));
  const strange = host.upgrade("# another line end\r\n");
  const { code, stdout } = puppet();
  expect(stdout).toMatch(
    /returns: virtinst-rbd-patch: .*cannot be patched; expected the same line end.*Nothing was written\./,
  );
  expect(stdout).toMatch(/Error: .*apply -q' returned 4 instead of one of \[0\]/);
  expect(code).toBe(FAILED);
  expect(readFileSync(host.file)).toEqual(strange);
});

test("with the Puppet module, ensure => absent restores the file and removes the script, and with --noop it changes nothing", () => {
  host.upgrade();
  expectDone(host.sh("rbd-patch.py apply"));
  const [before, { mode }] = [patched(), statSync(host.file)];
  const shown = puppet("ensure => absent", { noop: "--noop" });
  expect(shown.stdout).toMatch(/Exec\[virtinst-rbd-patch revert\].*\(noop\)[\s\S]*File\[.*should be 'absent' \(noop\)/);
  expect(patched()).toEqual(before);
  expect(puppet("ensure => absent").code).toBe(CHANGED);
  expect(readFileSync(host.file)).toEqual(host.original.bytes);
  expect(statSync(host.file)).toMatchObject({ mtime: host.original.time, mode });
  expect(existsSync(host.program)).toBe(false);
  expect(puppet("ensure => absent").code).toBe(NOTHING);
});

test("with the Puppet module, on a host without virt-manager, present fails with the reason, and absent removes the script", () => {
  const there = puppet("virtinst => '/nowhere'");
  expect(there.stdout).toMatch(/No virtinst was found \(looked in \/nowhere\)/);
  expect(there.code).toBe(CHANGED_AND_FAILED);
  expect(puppet("ensure => absent, virtinst => '/nowhere'").code).toBe(CHANGED);
  expect(existsSync(host.program)).toBe(false);
});

test("the examples of docs/puppet.md patch a host, verify it, and restore it", () => {
  rmSync(modules, { recursive: true });
  const typed = { path: makePrograms(host.way), cwd: makeFolder() };
  for (const example of examples("docs/puppet.md")) {
    const ran = runExample(example, typed);
    expectDone(ran, example);
    if (/--noop/.test(example)) expect(ran.stdout).toMatch(/^function passed/m);
  }
  const scripts = must("ls", [join(typed.cwd, "modules/virtinst_rbd_patch/files")]);
  expect(scripts).toBe("hv01.example.com.py\nrbd-patch.py\n");
  expect(existsSync(host.program)).toBe(false);
  expect(readFileSync(host.file)).toEqual(host.original.bytes);
});
