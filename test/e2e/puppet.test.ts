import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built, FIXTURES, HOST, type Ran } from "../support/cli";
import { examples, programs, type } from "./support/examples";
import { type Host, makeHost } from "./support/host";
import { expectDone, makeFolder, must, run, undoAll } from "./support/machine";

/** What Puppet itself writes, beside the class. */
const PUPPETS_OWN = ["/etc/puppet", "/var/lib/puppet", "/var/cache/puppet"];
/** Of `puppet apply --detailed-exitcodes`. */
const [NOTHING, CHANGED, FAILED, CHANGED_AND_FAILED] = [0, 2, 4, 6];

let host: Host;
let pristine: { readonly bytes: Buffer; readonly time: Date };
let modules: string;

beforeAll(() => {
  host = makeHost(PUPPETS_OWN);
  pristine = { bytes: readFileSync(host.file), time: statSync(host.file).mtime };
  modules = join(host.home, "modules");
  expectDone(built(["hook", "puppet", ...HOST, "-o", modules]));
});
afterAll(undoAll);

/**
 * A run on the host, with the class's parameters as Puppet has them.
 *
 * @param name that of the host's certificate, where it matters: then Puppet gathers its facts, which is half of a run
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

/** An update of virt-manager brings its own file. */
function update(text = ""): Buffer {
  writeFileSync(host.file, pristine.bytes);
  appendFileSync(host.file, text);
  utimesSync(host.file, pristine.time, pristine.time);
  return readFileSync(host.file);
}

test("Puppet, its linter and that of its metadata find nothing to say", () => {
  const module = join(modules, "virtinst_rbd_patch");
  const manifest = join(module, "manifests/init.pp");
  expect(run("puppet", ["parser", "validate", manifest])).toMatchObject({ code: 0, stderr: "" });
  expect(run("puppet-lint", ["--fail-on-warnings", module])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(run("metadata-json-lint", ["--fail-on-warnings", join(module, "metadata.json")])).toMatchObject({ code: 0 });
});

test("a path that a shell would read as more is refused before anything runs", () => {
  const { code, stdout } = puppet("program => '/tmp/x;id', virtinst => '/tmp/x y'");
  expect(stdout).toMatch(/parameter 'program' expects a/);
  expect(stdout).toMatch(/parameter 'virtinst' expects a/);
  expect(code).toBe(1);
});

test("--noop, where nothing is there yet, shows and changes nothing", () => {
  const { code, stdout } = puppet("", { noop: "--noop" });
  expect(stdout).toMatch(/File\[.*rbd-patch\.py\].*should be 'file' \(noop\)/);
  expect(stdout).toMatch(/Exec\[virtinst-rbd-patch apply\]\/returns: .*\(noop\)/);
  expect(stdout).not.toMatch(/Error|Warning/);
  expect(code).toBe(NOTHING);
  expect(existsSync(host.program)).toBe(false);
  expect(readFileSync(host.file)).toEqual(pristine.bytes);
});

test("changes, is silent, and mends an update of virt-manager", () => {
  const done = /Exec\[virtinst-rbd-patch apply\]\/returns: executed successfully/;
  expect(puppet()).toMatchObject({ code: CHANGED, stdout: expect.stringMatching(done) });
  expect(statSync(host.program).mode & 0o777).toBe(0o755);
  expect(host.sh("rbd-patch.py verify")).toMatchObject({ code: 0 });
  const patched = readFileSync(host.file);

  const second = puppet();
  expect(second.stdout).not.toMatch(/Exec|File|Error|Warning/);
  expect(second.code).toBe(NOTHING);

  update();
  const third = puppet();
  expect(third.stdout).toMatch(done);
  expect(third.stdout).not.toMatch(/File\[/);
  expect(third.code).toBe(CHANGED);
  expect(readFileSync(host.file)).toEqual(patched);
});

test("a host's own program comes before the common one, and renews the blocks", () => {
  const pool = join(makeFolder(), "pool.xml");
  writeFileSync(pool, readFileSync(`${FIXTURES}/pool-usage.xml`, "utf8").replace("192.0.2.13", "192.0.2.14"));
  const own = join(modules, "virtinst_rbd_patch/files/hv01.example.com.py");
  expectDone(built(["bundle", `--pool-xml=${pool}`, `--secret-xml=${FIXTURES}/secret-usage.xml`, "-o", own]));
  expect(puppet("", { name: "hv01.example.com" }).code).toBe(CHANGED);
  expect(readFileSync(host.file, "utf8")).toContain("192.0.2.14");
  // Another host's name: the common one again. What the package tells it runs nothing twice.
  const other = puppet("", { name: "hv02.example.com", more: "notify { 'package': } ~> Class['virtinst_rbd_patch']" });
  expect(other.code).toBe(CHANGED);
  expect(other.stdout.match(/Exec\[.*executed successfully/g)).toHaveLength(1);
  expect(other.stdout).not.toMatch(/Triggered 'refresh' from .*\n.*Exec|Error: (?!Facter)/);
  expect(readFileSync(host.file, "utf8")).not.toContain("192.0.2.14");

  const document = join(makeFolder(), "other.json");
  const { document: facts } = JSON.parse(built(["inspect", ...HOST, "--json"]).stdout);
  writeFileSync(document, JSON.stringify({ ...facts, host: "hv77" }));
  expectDone(built(["bundle", "--host", document, "-o", own]));
  const refused = puppet("", { name: "hv01.example.com" });
  rmSync(own);
  expect(refused.stdout).toMatch(/returns: .*hv77/);
  expect(refused.stdout).toMatch(/apply -q' returned 3 instead of one of \[0\]/);
  expect(refused.code).toBe(CHANGED_AND_FAILED);
});

test("a file that cannot be patched fails, with the program's words, and nothing is written", () => {
  expectDone(built(["bundle", ...HOST, "-o", host.program]));
  const strange = update("# another line end\r\n");
  const { code, stdout } = puppet();
  expect(stdout).toMatch(
    /returns: virtinst-rbd-patch: .*cannot be patched; expected the same line end.*Nothing was written\./,
  );
  expect(stdout).toMatch(/Error: .*apply -q' returned 4 instead of one of \[0\]/);
  expect(code).toBe(FAILED);
  expect(readFileSync(host.file)).toEqual(strange);
});

test("absent restores the bytes and the time and removes the program; --noop shows that", () => {
  update();
  expectDone(host.sh("rbd-patch.py apply"));
  const patched = readFileSync(host.file);
  const { mode } = statSync(host.file);
  const shown = puppet("ensure => absent", { noop: "--noop" });
  expect(shown.stdout).toMatch(/Exec\[virtinst-rbd-patch revert\].*\(noop\)/);
  expect(shown.stdout).toMatch(/File\[.*should be 'absent' \(noop\)/);
  expect(readFileSync(host.file)).toEqual(patched);
  expect(puppet("ensure => absent").code).toBe(CHANGED);
  expect(readFileSync(host.file)).toEqual(pristine.bytes);
  expect(statSync(host.file)).toMatchObject({ mtime: pristine.time, mode });
  expect(existsSync(host.program)).toBe(false);
  expect(puppet("ensure => absent").code).toBe(NOTHING);
});

test("without virt-manager: present fails and says so, absent has only the program to remove", () => {
  const there = puppet("virtinst => '/nowhere'");
  expect(there.stdout).toMatch(/No virtinst was found \(looked in \/nowhere\)/);
  expect(there.code).toBe(CHANGED_AND_FAILED);
  expect(puppet("ensure => absent, virtinst => '/nowhere'").code).toBe(CHANGED);
  expect(existsSync(host.program)).toBe(false);
});

test("the examples of its page", () => {
  rmSync(modules, { recursive: true });
  const cwd = makeFolder();
  const path = programs(host.way);
  for (const example of examples("docs/puppet.md")) {
    const ran = type(example, { path, cwd });
    expectDone(ran, example);
    if (/--noop/.test(example)) expect(ran.stdout).toMatch(/^function passed/m);
  }
  expect(must("ls", [join(cwd, "modules/virtinst_rbd_patch/files")])).toBe("hv01.example.com.py\nrbd-patch.py\n");
  expect(existsSync(host.program)).toBe(false);
  expect(readFileSync(host.file)).toEqual(pristine.bytes);
});
