// Checks the tool and the standalone script on every release of virt-manager and every revision of the patched file.
import assert from "node:assert/strict";
import { execFile, execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";

const CLONE = "git clone --bare https://github.com/virt-manager/virt-manager.git DIR";
const USAGE = `npm run conformance -- --git DIR [--packages DIR] [--virt-install] [--sample N] [--tool FILE]

Patches every release of virt-manager from 1.0.0 and every revision of the patched file between them, runs the patched
_build_xml under Python 2.7 or 3, and removes the patch. Keeps nothing of virt-manager. Exits with 1 if a check fails.

  --git DIR       a full clone of virt-manager's public repository with its tags: ${CLONE}
  --packages DIR  also check packages of distributions. Each directory in DIR is the /usr/share/virt-manager of one
  --virt-install  also run virt-install --print-xml of each release from 2.0.0 that can run here (needs Python 3 with the
                  bindings of libvirt, libxml2 and gi)
  --sample N      check at most N of the revisions, and N of the virt-installs
  --tool FILE     check this build of the tool (default: dist/virtinst-rbd-patch.js)
`;
const BUILD_XML = resolve(import.meta.dirname, "conformance/build_xml.py");
/** The files that releases define _build_xml in. Those before 2.0.0 need Python 2. */
const FILES = ["virtinst/install/installer.py", "virtinst/installer.py", "virtinst/guest.py"];

const project = resolve(import.meta.dirname, "..");
const fixture = (/** @type {string} */ name) => join(project, "test/fixtures", `${name}.xml`);
const host = ["usage", "uuid"].flatMap((name) => [
  `--pool-xml=${fixture(`host/pool-${name}`)}`,
  `--secret-xml=${fixture(`host/secret-${name}`)}`,
]);
/** A domain as 1.2 to 1.4 write it, with a disk of each pool and other disks, before and after the patch. */
const [BEFORE = "", AFTER = ""] = ["before", "after"].map((name) => fs.readFileSync(fixture(`domain/${name}`), "utf8"));
/** The first XML; it has another name, to detect a mix-up of the first and the final XML. @param {string} xml */
const first = (xml) => xml.replace("<name>virt-1</name>", "<name>virt-1-install</name>");
/** The secret that releases from 2.0.0 write for a pool that names its secret by usage, before and after the patch. */
const INCOMPLETE = '<secret type="ceph"/>';
const COMPLETE = '<secret type="ceph" usage="client.libvirt secret"/>';

const string = { type: /** @type {const} */ ("string"), default: "" };
const options = { git: string, packages: string, tool: string, sample: string };
const { values } = parseArgs({ options: { ...options, "virt-install": { type: "boolean", default: false } } });
if (!values.git) unusable(`--git needs a clone of the virt-manager repository.\n\n${USAGE}`);
// npm changes to the project's directory; INIT_CWD is where the user is.
const from = (/** @type {string} */ path) => resolve(process.env.INIT_CWD ?? ".", path);
const git = from(values.git);
const folder = fs.mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-conformance-"));
process.on("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
// Check a copy, because a build in the meantime may replace the tool.
const tool = join(folder, "tool.js");
fs.copyFileSync(values.tool ? from(values.tool) : join(project, "dist/virtinst-rbd-patch.js"), tool);

const releases = readReleases();
const revisions = sample([...readRevisions(), ...(values.packages ? readPackages(from(values.packages)) : [])]);
const pythons = [3, 2].map((major) => findPython([`python${major}`, `python${major}.7`]));
const script = join(folder, "script.py");
await run(process.execPath, [tool, "bundle", ...host, "-o", script]);
let failures = 0;
await forEach(revisions, checkRevision);
if (values["virt-install"]) await checkVirtInstalls();
const total = `${releases.length} releases, ${revisions.length} revisions, ${failures} failures`;
console.log(`${total}, ${Math.round(process.uptime())} s`);
process.exitCode = failures === 0 ? 0 : 1;

/** Checks the tool and the standalone script on a revision. @param {{ path: string, bytes: Buffer }} revision */
async function checkRevision({ path, bytes }) {
  const own = fs.mkdtempSync(join(folder, "revision-"));
  const file = join(own, path);
  fs.mkdirSync(dirname(file), { recursive: true });
  const python = pythons[path === "virtinst/guest.py" ? 1 : 0] ?? "";
  const expectContent = (/** @type {Buffer} */ content, /** @type {string} */ message) =>
    assert(fs.readFileSync(file).equals(content), message);
  const reset = () => {
    fs.writeFileSync(file, bytes);
    fs.chmodSync(file, 0o640);
    // `revert` must restore the nanoseconds too.
    fs.utimesSync(file, 1400000000.1234567, 1400000000.1234567);
    return fs.statSync(file, { bigint: true });
  };
  const expectOriginal = (/** @type {string} */ label) => {
    const { mode, mtimeNs } = fs.statSync(file, { bigint: true });
    expectContent(bytes, `${label}: the content is not the original`);
    assert.equal(mtimeNs, original.mtimeNs, `${label}: the modification time is not the original`);
    assert.equal(mode, original.mode, `${label}: the mode is not the original`);
  };
  const expectStatus = async (/** @type {string} */ status, /** @type {string[]} */ ...command) => {
    const args = [tool, ...command, "--json", "--virtinst", own, "--python", python];
    const json = JSON.parse(await run(process.execPath, args));
    assert.equal(
      json.behaviour?.status ?? json.status,
      status,
      `${command[0]}: not ${status}: ${JSON.stringify(json)}`,
    );
  };
  const expectXml = async (/** @type {string} */ label, /** @type {string} */ xml) => {
    const input = JSON.stringify({ file, first: first(BEFORE), final: BEFORE });
    const answer = await run(python, ["-B", "-E", "-S", "-s", BUILD_XML], { input });
    // Only the first case has a first XML.
    for (const [index, pair] of Object.entries(JSON.parse(answer)))
      assert.deepEqual(pair, [index === "0" ? first(xml) : null, xml], `${label}: _build_xml returns other XML`);
  };

  const original = reset();
  // Also check the original file, to distinguish errors of this check from errors of the patch.
  await expectXml("original", BEFORE);
  const patch = await run(process.execPath, [tool, "render", "--virtinst", own, ...host]);
  await expectStatus("patched", "apply", "--force", ...host);
  await expectXml("patched", AFTER);
  const patched = fs.readFileSync(file);
  await expectStatus("current", "apply", "--force", ...host);
  expectContent(patched, "a second apply has changed the file");
  await expectStatus("passed", "verify", ...host);
  await expectStatus("reverted", "revert");
  expectOriginal("revert");

  // `git apply` ignores files outside the repository that contains the working directory, so hide such a repository.
  const how = { input: patch, cwd: own, env: { GIT_CEILING_DIRECTORIES: folder } };
  for (const line of ["patch -p1 --fuzz=0", "git apply"]) {
    reset();
    const [program = "", ...args] = line.split(" ");
    await run(program, args, how);
    expectContent(patched, `render | ${line}: not the content of apply`);
  }
  reset();
  for (const command of ["apply", "verify", "revert"]) {
    await run(python, ["-B", script, command, "--virtinst", own]);
    if (command !== "revert") expectContent(patched, `script ${command}: not the content of apply`);
  }
  expectOriginal("script revert");
}

/** Runs each release's own virt-install before and after the patch, and after it is removed. */
async function checkVirtInstalls() {
  // Distributions install libvirt's bindings for their own Python.
  const python = findPython(["/usr/bin/python3", "python3"], "libvirt, libxml2, gi");
  const own = sample(releases.filter((release) => !release.startsWith("v1.")));
  /** @type {string[]} */
  const skipped = [];
  const work = async (/** @type {string} */ release) => {
    const tree = fs.mkdtempSync(join(folder, "release-"));
    const archive = execFileSync("git", ["-C", git, "archive", release], { maxBuffer: 2 ** 30 });
    execFileSync("tar", ["-x"], { cwd: tree, input: archive });
    const args = ["-B", join(tree, "virt-install"), "--connect", `test://${fixture("domain/node")}`, "--print-xml"];
    args.push("--name", "virt-1", "--memory", "64", "--network", "none", "--disk", "vol=libvirtpool/virt-1");
    // Without --uuid, each run generates another UUID. 3.2 and later require --osinfo; earlier releases do not have it.
    args.push("--uuid", "6f1d3a52-0b0e-4c55-8c43-0a9c7d1e2f30");
    if (!/^v(2|3\.[01])\./.test(release)) args.push("--osinfo", "none");
    const env = { HOME: tree, XDG_CACHE_HOME: join(tree, ".cache"), XDG_DATA_HOME: join(tree, ".local") };
    // With --import there is no first XML.
    const print = () => Promise.all(["--import", "--pxe"].map((how) => run(python, [...args, how], { env })));
    const before = await print().catch((error) => String(error.message).trim());
    if (typeof before === "string") return void skipped.push(`${release}: ${before.split("\n").at(-1)}`);
    for (const xml of before) assert(xml.includes(INCOMPLETE), "complete without the patch");
    await run(process.execPath, [tool, "apply", ...host, "--virtinst", tree, "--python", python]);
    const after = before.map((xml) => xml.replaceAll(INCOMPLETE, COMPLETE));
    assert.deepEqual(await print(), after, "virt-install after apply: other XML than expected");
    await run(process.execPath, [tool, "revert", "--virtinst", tree, "--python", python]);
    assert.deepEqual(await print(), before, "virt-install after revert: other XML than expected");
  };
  await forEach(own, work);
  console.log(`virt-install: ${own.length - skipped.length} of ${own.length} releases from 2.0.0`);
  for (const line of skipped.sort()) console.log(`skipped: ${line}`);
}

/** The output of git. @param {string[]} args */
function read(...args) {
  return spawnSync("git", ["-C", git, ...args], { maxBuffer: 2 ** 30 }).stdout;
}

/** Reads the names of the releases, oldest first. */
function readReleases() {
  const isComplete = String(read("rev-parse", "--is-shallow-repository")) === "false\n";
  const tags = String(read("tag", "--list", "--sort=v:refname")).match(/^v[1-9]\d*(\.\d+)+$/gm);
  return (
    (isComplete && tags) || unusable(`${git} is not a full clone with the tags of the releases. Create one: ${CLONE}`)
  );
}

/** Reads every revision in the history of the releases, newest first. */
function readRevisions() {
  const objects = String(read("rev-list", "--objects", "--full-history", ...releases, "--", ...FILES)).split("\n");
  /** The releases of each blob and path. @type {Map<string, string[]>} */
  const found = new Map(objects.filter((line) => FILES.includes(line.slice(41))).map((line) => [line, []]));
  for (const release of releases)
    for (const [, blob, path] of String(read("ls-tree", release, "--", ...FILES)).matchAll(/ blob (\w+)\t(.*)/g))
      found.get(`${blob} ${path}`)?.push(release);
  const all = [...found].map(([key, own]) => {
    const [blob = "", path = ""] = key.split(" ");
    return { name: `${own.join(" and ") || blob}, ${path}`, path, bytes: read("cat-file", "blob", blob), own };
  });
  const revisions = all.filter(({ bytes }) => bytes.includes("def _build_xml"));
  const missed = releases.filter((release) => !revisions.some(({ own }) => own.includes(release)));
  if (missed.length > 0) unusable(`no file of ${missed.join(", ")} defines _build_xml.`);
  return revisions;
}

/** @param {string} packages */
function readPackages(packages) {
  return fs.readdirSync(packages).map((name) => {
    const path = FILES.find((path) => fs.existsSync(join(packages, name, path)));
    if (!path) return unusable(`${join(packages, name)} contains none of ${FILES.join(", ")}.`);
    return { name: `${name}, ${path}`, path, bytes: fs.readFileSync(join(packages, name, path)) };
  });
}

/** At most as many items as --sample, evenly distributed. @template T @param {T[]} items */
function sample(items) {
  const step = Math.ceil(items.length / (Number(values.sample) || items.length));
  return items.filter((_, at) => at % step === 0);
}

/** The path of the first Python that can import some modules; not that of a wrapper. @param {string[]} names */
function findPython(names, modules = "sys") {
  for (const name of names) {
    const code = `import sys, ${modules}; sys.stdout.write(sys.executable)`;
    const { status, stdout } = spawnSync(name, ["-B", "-E", "-s", "-c", code], { encoding: "utf8" });
    if (status === 0 && stdout) return stdout;
  }
  return unusable(`There is no ${names.join(" or ")} that can import ${modules}.`);
}

/** The output of a program, with a time limit of a minute. @param {string} program @param {string[]} args */
async function run(program, args, { input = "", cwd = ".", env = {} } = {}) {
  const options = { cwd, env: { ...process.env, ...env }, timeout: 60_000, maxBuffer: 2 ** 28 };
  const running = promisify(execFile)(program, args, options);
  running.child.stdin?.on("error", () => {}).end(input);
  return (await running).stdout;
}

/**
 * Checks the items, as many at once as there are processors, and reports the items that fail.
 *
 * @param {any[]} items @param {(item: any) => Promise<void>} checkItem
 */
async function forEach(items, checkItem) {
  const queue = items.values();
  const checkNext = async () => {
    for (const item of queue)
      await checkItem(item).catch((error) => {
        failures++;
        console.log(`failed: ${item.name ?? item}: ${error.message.trim().replaceAll("\n", "\n  ")}`);
      });
  };
  await Promise.all(Array.from({ length: availableParallelism() }, checkNext));
}

/** Ends the run, because it cannot start. @param {string} message @returns {never} */
function unusable(message) {
  console.error(message);
  process.exit(2);
}
