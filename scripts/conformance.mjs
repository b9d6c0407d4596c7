// Checks the tool and the standalone script on every release of virt-manager, and on every revision of the patched file.
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { importSources } from "./templates.mjs";

const USAGE = `npm run conformance -- --git DIR [--packages DIR] [--virt-install]

Patches every release of virt-manager from 1.0.0, and every revision of the patched file between them. Runs the patched
_build_xml under Python 2.7 or 3, and removes the patch. Keeps nothing of virt-manager. Exits with 1 if a check fails.

  --git DIR       a full clone of virt-manager's public repository with its tags, bare or not:
                    git clone --bare https://github.com/virt-manager/virt-manager.git DIR
  --packages DIR  also check packages of distributions. Each directory in DIR is the /usr/share/virt-manager of one
  --virt-install  also run virt-install --print-xml of each release from 2.0.0, if it can run here (needs Python 3 with
                  the bindings of libvirt, libxml2 and gi)
  --tool FILE     check this build of the tool (default: dist/virtinst-rbd-patch.js)
`;

const project = resolve(import.meta.dirname, "..");
const xml = (/** @type {string[]} */ ...names) =>
  names.map((name) => join(project, "test/fixtures/host", `${name}.xml`));
const from = { poolXml: xml("pool-usage", "pool-uuid"), secretXml: xml("secret-usage", "secret-uuid") };
const host = ["--pool-xml", ...from.poolXml, "--secret-xml", ...from.secretXml];
// What releases write for a pool that names its secret by usage, and what the patch completes it to.
const [INCOMPLETE, COMPLETE] = ["", ' usage="client.libvirt secret"'].map((usage) => `<secret type="ceph"${usage}/>`);

const build = { type: /** @type {const} */ ("string"), default: join(project, "dist/virtinst-rbd-patch.js") };
const directory = { type: /** @type {const} */ ("string"), default: "" };
const flag = { type: /** @type {const} */ ("boolean"), default: false };
const { values } = parseArgs({ options: { git: directory, packages: directory, tool: build, "virt-install": flag } });
if (!values.git) unusable(`--git needs a clone of the virt-manager repository.\n\n${USAGE}`);
// npm changes to the project's directory; INIT_CWD is where the user is.
const git = resolve(process.env.INIT_CWD ?? ".", values.git);
const packages = values.packages && resolve(process.env.INIT_CWD ?? ".", values.packages);
process.chdir(project);
const source = await importSources(`
  export * from "./src/virtinst/layouts"; export * from "./src/patch/sample";
  export * from "./src/host/read"; export * from "./src/host/facts"; export * from "./src/system/host-files";
  export * from "./src/system/run";
`);
/** @type {string[]} */
const FILES = source.TARGET_FILES;
const { run } = source;
const config = await source.readHost({ files: new source.HostFiles(), ...from });
const sample = source.sampleDomain(source.resolveFacts(config, []).pools);
const pythons = new Map([2, 3].map((major) => [major, findPython([`python${major}`, `python${major}.7`])]));
const { compare } = new Intl.Collator("en", { numeric: true });
const folder = fs.mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-conformance-"));
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => process.exit(130));
// A build in the meantime must not change what is checked.
const tool = join(folder, "tool.js");
fs.copyFileSync(values.tool, tool);

/** @type {string[]} */
const failures = [];
const check = (/** @type {string} */ name, /** @type {boolean} */ passed, /** @type {string} */ line) => {
  if (passed) return;
  failures.push(name);
  console.log(`${process.stderr.isTTY ? "\r\x1b[K" : ""}failed: ${name}: ${line}`);
};
/** The first XML, with a name of its own so that a mix-up of the two is found. @param {string} xml */
const install = (xml) => xml.replace("<name>virt-1</name>", "<name>virt-1-install</name>");
/** Sources whose `_build_xml` is run at the end, all of one Python in one process. @type {any[]} */
const methods = [];

const { releases, revisions } = readRevisions();
if (packages) revisions.push(...readPackages());
for (const release of releases)
  check(release, revisions.flatMap((revision) => revision.releases).includes(release), "no file defines _build_xml");
const script = join(folder, "script.py");
const bundled = await run(process.execPath, [tool, "bundle", ...host, "-o", script]);
check("bundle", bundled.status === 0, bundled.why);

await forEach("revisions", revisions, checkRevision);
for (const python of pythons.values()) await checkMethods(python);
if (values["virt-install"]) await checkVirtInstalls();
const total = `${releases.length} releases, ${revisions.length} revisions, ${failures.length} failures`;
console.log(`${total}, ${Math.round(process.uptime())} s`);
process.exitCode = failures.length === 0 ? 0 : 1;

/** Checks all that the tool does with one revision. @param {any} revision */
async function checkRevision({ name, path, bytes }) {
  const own = fs.mkdtempSync(join(folder, "revision-"));
  const file = join(own, path);
  fs.mkdirSync(dirname(file), { recursive: true });
  const python = pythons.get(source.pythonMajor(path)) ?? "";
  const expect = (/** @type {boolean} */ passed, /** @type {string} */ line) => check(name, passed, line);
  const has = (/** @type {Buffer} */ content) => fs.readFileSync(file).equals(content);
  const stat = () => fs.statSync(file, { bigint: true });
  const reset = () => {
    fs.writeFileSync(file, bytes);
    fs.chmodSync(file, 0o640);
    // `revert` must restore the nanoseconds too.
    fs.utimesSync(file, 1400000000.1234567, 1400000000.1234567);
  };
  reset();
  const { mode, mtimeNs } = stat();
  const expectOriginal = (/** @type {string} */ label) => {
    expect(has(bytes), `${label}: the content is not the original`);
    expect(stat().mtimeNs === mtimeNs, `${label}: the modification time is not the original`);
    expect(stat().mode === mode, `${label}: the mode is not the original`);
  };
  const expectStatus = async (/** @type {string} */ wanted, /** @type {string[]} */ ...command) => {
    const args = [...command, "--json", "--virtinst", own, "--python", python];
    const { status, stdout, why } = await run(process.execPath, [tool, ...args]);
    const json = status === 0 ? JSON.parse(stdout) : {};
    const found = json.behaviour?.status ?? json.status;
    expect(found === wanted, `${command[0]}: ${found}, not ${wanted}: ${why}`);
  };

  const rendered = await run(process.execPath, [tool, "render", "--virtinst", own, ...host]);
  expect(rendered.status === 0, `render: ${rendered.why}`);
  await expectStatus("patched", "apply", "--force", ...host);
  const patched = fs.readFileSync(file);
  await expectStatus("current", "apply", "--force", ...host);
  expect(has(patched), "a second apply has changed the file");
  await expectStatus("passed", "verify", ...host);
  await expectStatus("reverted", "revert");
  expectOriginal("revert");

  // `git apply` ignores files outside the repository that it finds around it.
  const how = { input: rendered.stdout, env: { GIT_CEILING_DIRECTORIES: folder } };
  reset();
  const byPatch = await run("patch", ["-p1", "--fuzz=0", "-d", own], how);
  expect(has(patched), `render | patch -p1: not the content of apply: ${byPatch.why}`);
  reset();
  const byGit = await run("git", ["-C", own, "apply"], how);
  expect(has(patched), `render | git apply: not the content of apply: ${byGit.why}`);
  reset();
  for (const command of bundled.status === 0 ? ["apply", "verify", "revert"] : []) {
    const { status, why } = await run(python, ["-B", script, command, "--virtinst", own]);
    expect(status === 0, `script ${command}: ${why}`);
    expect(command !== "apply" || has(patched), "script apply: the content is not that of apply");
  }
  expectOriginal("script revert");
  // The original too, to tell faults of this check from those of the patch.
  const [above = ""] = bytes.toString("latin1").split("def _build_xml");
  const [, className] = [...above.matchAll(/^class (\w+)/gm)].at(-1) ?? [];
  const common = { revision: name, name: path, class: className, python };
  methods.push({ ...common, label: "original", source: bytes.toString("latin1"), xml: sample.before });
  methods.push({ ...common, label: "patched", source: patched.toString("latin1"), xml: sample.after });
}

/** Runs `_build_xml` of the originals and the patched files under one Python. @param {string} python */
async function checkMethods(python) {
  const own = methods.filter((method) => method.python === python);
  const runs = [
    { first: install(sample.before), final: sample.before, reinstall: null },
    { first: null, final: sample.before, reinstall: null },
    { first: null, final: "<domain/>", reinstall: sample.before },
  ];
  // Some versions get the XML of an existing domain, to reinstall it.
  const countOf = (/** @type {any} */ method) => (method.source.includes("_pre_reinstall_xml") ? 3 : 2);
  const requests = own.map((method) => `${JSON.stringify({ ...method, runs: runs.slice(0, countOf(method)) })}\n`);
  // -S -E -s: with stubs for this machine's packages too, the result is the same on every machine.
  const args = ["-B", "-E", "-S", "-s", join(project, "scripts/conformance/build_xml.py")];
  const { stdout, why } = await run(python, args, { input: requests.join(""), seconds: 600 });
  const answers = stdout.split("\n");
  for (const [at, { revision, label, xml }] of own.entries()) {
    const { error: fault = why, results = [] } = JSON.parse(answers[at] || "{}");
    check(revision, results.length > 0, `${label}: _build_xml does not run: ${fault}`);
    for (const [index, [first, final]] of results.entries()) {
      const right = first === (index === 0 ? install(xml) : null) && final === xml;
      check(revision, right, `${label}: _build_xml returns other XML, ${index === 0 ? "both XMLs" : "no first XML"}`);
    }
  }
}

/** Runs each release's own virt-install before and after the patch, and after it is removed. */
async function checkVirtInstalls() {
  // Distributions put libvirt's bindings where their own Python finds them.
  const python = findPython(["/usr/bin/python3", "python3"], "libvirt, libxml2, gi");
  const node = join(folder, "node.xml");
  const volume = `<target><path>vms</path></target><volume type="network"><name>virt-1</name>
<capacity>1048576</capacity><target><path>vms/virt-1</path></target></volume></pool>`;
  const machine = `<node><cpu><mhz>1000</mhz><model>i686</model><active>2</active><nodes>1</nodes><sockets>1</sockets>
<cores>2</cores><threads>1</threads></cpu><memory>8192000</memory>`;
  const pool = fs.readFileSync(from.poolXml[0] ?? "", "utf8").replace("</pool>", volume);
  fs.writeFileSync(node, `${machine}${pool}</node>`);
  const own = releases.filter((release) => compare(release, "v2") > 0);
  /** @type {string[]} */
  const skipped = [];
  await forEach("virt-installs", own, async (/** @type {string} */ release) => {
    const tree = fs.mkdtempSync(join(folder, "release-"));
    const archive = execFileSync("git", ["-C", git, "archive", release], { maxBuffer: 2 ** 30 });
    execFileSync("tar", ["-x"], { cwd: tree, input: archive });
    const print = async (/** @type {string} */ how) => {
      const guest = ["--name", "virt-1", "--memory", "64", "--network", "none", "--disk", "vol=libvirtpool/virt-1"];
      // Without a UUID, each run makes another one. 3.2 is the first to know --osinfo, and needs it.
      guest.push("--uuid", "6f1d3a52-0b0e-4c55-8c43-0a9c7d1e2f30");
      if (compare(release, "v3.2") >= 0) guest.push("--osinfo", "none");
      const args = ["-B", join(tree, "virt-install"), "--connect", `test://${node}`, "--print-xml", how, ...guest];
      const env = { HOME: tree, XDG_CACHE_HOME: join(tree, ".cache"), XDG_DATA_HOME: join(tree, ".local") };
      const { status, stdout, why } = await run(python, args, { env });
      return { how, xml: status === 0 ? stdout : null, why };
    };
    // With --import there is no first XML.
    const before = [await print("--import"), await print("--pxe")];
    const broken = before.find(({ xml }) => xml === null);
    if (broken) skipped.push(`${release}: ${broken.why}`);
    if (!broken)
      check(
        release,
        before.every(({ xml }) => xml?.includes(INCOMPLETE)),
        "complete without the patch",
      );
    for (const [command = "", ...more] of broken ? [] : [["apply", ...host], ["revert"]]) {
      // No --force: the pool names its secret by usage, so the tool must find that the host is affected.
      const args = [tool, command, "--quiet", ...more, "--virtinst", tree, "--python", python];
      const { status, why } = await run(process.execPath, args);
      check(release, status === 0, `${command}: ${why}`);
      for (const { how, xml } of before) {
        const now = await print(how);
        const right = now.xml === (command === "apply" ? xml?.replaceAll(INCOMPLETE, COMPLETE) : xml);
        check(release, right, `virt-install ${how} after ${command}: other XML than expected ${now.why}`);
      }
    }
    fs.rmSync(tree, { recursive: true });
  });
  check("virt-install", skipped.length < own.length, "no release can run here");
  console.log(`virt-install: ${own.length - skipped.length} of ${own.length} releases from 2.0.0`);
  for (const line of skipped.sort(compare)) console.log(`skipped: ${line}`);
}

/** Ends the run: it cannot start. @param {string} message @returns {never} */
function unusable(message) {
  console.error(message);
  process.exit(2);
}

/** Reads every revision in the history of the releases, oldest first. */
function readRevisions() {
  const bytesOf = (/** @type {string[]} */ ...args) =>
    spawnSync("git", ["-C", git, ...args], { maxBuffer: 2 ** 30 }).stdout;
  const linesOf = (/** @type {string[]} */ ...args) => String(bytesOf(...args)).split("\n");
  const [shallow] = linesOf("rev-parse", "--is-shallow-repository");
  if (!shallow) unusable(`${git} is not a git repository.`);
  if (shallow === "true") unusable(`${git} is a shallow clone. Complete it: git fetch --unshallow --tags`);
  const releases = linesOf("tag", "--list")
    .filter((tag) => /^v[1-9]\d*(\.\d+)+$/.test(tag))
    .sort(compare);
  if (releases.length === 0) unusable(`${git} has no release tags, such as v1.0.0. Fetch them: git fetch --tags`);

  /** @type {Map<string, { name: string, releases: string[] }>} */
  const found = new Map();
  // -m: a merge can make a revision that neither parent has.
  const log = ["log", "--reverse", "--format=commit %H", "--raw", "--no-abbrev", "--no-renames", "-m"];
  let name = "";
  for (const line of linesOf(...log, ...releases, "--", ...FILES)) {
    const [, blob, path] = /^:\d+ \d+ [0-9a-f]+ ([0-9a-f]+) [AM]\t(.*)$/.exec(line) ?? [];
    if (line.startsWith("commit ")) name = line.slice(0, 19);
    else if (blob && !found.has(`${blob} ${path}`)) found.set(`${blob} ${path}`, { name, releases: [] });
  }
  for (const release of releases)
    for (const line of linesOf("ls-tree", release, "--", ...FILES))
      found.get(line.replace(/^\d+ blob ([0-9a-f]+)\t/, "$1 "))?.releases.push(release);
  const revisions = [...found].map(([key, { name, releases }]) => {
    const [blob = "", path = ""] = key.split(" ");
    const bytes = bytesOf("cat-file", "blob", blob);
    return { name: `${releases.join(" and ") || name}, ${path}`, path, bytes, releases };
  });
  return { releases, revisions: revisions.filter(({ bytes }) => bytes.includes("def _build_xml")) };
}

function readPackages() {
  return fs.readdirSync(packages).map((name) => {
    for (const path of FILES) {
      const file = join(packages, name, path);
      const bytes = fs.existsSync(file) ? fs.readFileSync(file) : Buffer.alloc(0);
      if (bytes.includes("def _build_xml")) return { name: `${name}, ${path}`, path, bytes, releases: [name] };
    }
    return unusable(`${join(packages, name)} contains no virtinst with a _build_xml.`);
  });
}

/** The path of the first Python that can import some modules, not of a wrapper for it. @param {string[]} names */
function findPython(names, modules = "sys") {
  for (const name of names) {
    const code = `import sys, ${modules}; sys.stdout.write(sys.executable)`;
    const { status, stdout } = spawnSync(name, ["-B", "-E", "-s", "-c", code], { encoding: "utf8" });
    if (status === 0 && stdout) return stdout;
  }
  return unusable(`There is no ${names.join(" or ")} that can import ${modules}.`);
}

/** Works on all items, as many at once as there are processors, and counts on a terminal what is left. */
async function forEach(/** @type {string} */ what, /** @type {readonly any[]} */ items, /** @type {any} */ work) {
  const queue = [...items];
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      await work(item);
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${queue.length} ${what} left `);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
}
