// Checks the tool on every release of virt-manager, and on every state of the patched files between them.
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkRevision } from "./conformance/check.mjs";
import { readRevisions, Unusable } from "./conformance/clone.mjs";
import { readPackages } from "./conformance/packages.mjs";
import { Progress } from "./conformance/progress.mjs";
import { Builder, findPython } from "./conformance/python.mjs";
import { inLanes, oneLine, run } from "./conformance/run.mjs";
import { checkVirtInstall, writeNode } from "./conformance/virt-install.mjs";
import { importSources } from "./templates.mjs";

const USAGE = `npm run conformance -- --git DIR [--packages DIR] [--virt-install]

Applies the patch to every release of virt-manager and to every state of the patched files between releases, runs it
under Python 2.7 or 3, and takes it out again. Nothing of virt-manager is kept. Exit 1 if anything is wrong.

  --git DIR       a full clone of virt-manager's public repository, bare or not, with its tags:
                    git clone --bare https://github.com/virt-manager/virt-manager.git DIR
  --packages DIR  also check distributions' packages: each folder in DIR is what a package has as /usr/share/virt-manager,
                  by the name of its version, such as 1:1.4.0-5
  --virt-install  also run virt-install --print-xml of each release from 2.0.0 that can run on this machine
                  (needs Python 3 with the bindings of libvirt, libxml2 and gi), before and after
  --tool FILE     check this build of the tool (default: dist/virtinst-rbd-patch.js)
  --stand-ins     DIR holds stand-ins: do not ask that the releases' files have the known SHA-256
`;

/** @typedef {{ name: string, releases: number, revisions: number, failures: number }} Row */

const project = resolve(import.meta.dirname, "..");
const fixtures = join(project, "test/fixtures/host");

process.exitCode = await main().catch((error) => {
  if (!(error instanceof Unusable)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  return 2;
});

async function main() {
  const options = readOptions();
  process.chdir(project);
  const {
    knownFiles,
    RECIPES,
    TARGET_FILES,
    findSite,
    linesOf,
    sha256,
    readHost,
    resolveFacts,
    sampleDomain,
    HostFiles,
  } = await importSources(`
    export { knownFiles, RECIPES, TARGET_FILES } from "./src/virtinst/recipes";
    export { findSite } from "./src/virtinst/site";
    export { linesOf } from "./src/patch/insert";
    export { sha256 } from "./src/patch/facts";
    export { readHost } from "./src/host/read";
    export { resolveFacts } from "./src/host/facts";
    export { sampleDomain } from "./src/patch/sample";
    export { HostFiles } from "./src/system/host-files";
  `);
  /** @type {Map<string, { sha256: string; lines: number[] }>} */
  const known = new Map(RECIPES.flatMap(knownFiles));
  const tagged = RECIPES.flatMap((/** @type {any} */ { pristine }) => Object.keys(pristine));
  const { revisions, missing } = readRevisions(options.git, [...TARGET_FILES].reverse(), tagged);
  if (options.packages !== undefined) revisions.push(...readPackages(options.packages, TARGET_FILES));

  const pythons = [
    { major: 2, path: findPython(["python2.7", "python2"]) },
    { major: 3, path: findPython(["python3"]) },
  ].map(({ major, path }) => {
    if (path === null) throw new Unusable(`There is no Python ${major} here; the releases need both 2.7 and 3.`);
    return { major, path };
  });

  const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-conformance-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => process.exit(130));
  // A build meanwhile must not change what is checked.
  const tool = join(folder, "tool.js");
  copyFileSync(options.tool, tool);
  const poolXml = ["pool-usage", "pool-uuid"].map((name) => join(fixtures, `${name}.xml`));
  const secretXml = ["secret-usage", "secret-uuid"].map((name) => join(fixtures, `${name}.xml`));
  const { pools } = resolveFacts(await readHost({ files: new HostFiles(), poolXml, secretXml }), []);
  const host = ["--pool-xml", ...poolXml, "--secret-xml", ...secretXml];
  const bundle = join(folder, "bundle.py");
  const made = await run(process.execPath, [tool, "bundle", ...host, "-o", bundle]);
  if (made.code !== 0) throw new Unusable(`No bundle was made: ${made.stderr}`);
  const bench = { tool, host, sample: sampleDomain(pools) };

  const progress = new Progress();
  const begun = Date.now();
  let failures = 0;
  const fail = (/** @type {string} */ line) => {
    failures++;
    progress.print(`failed: ${line}`);
  };
  for (const release of missing) fail(`v${release}: the clone has no such tag (git fetch --tags)`);

  /** @type {Map<string, Row>} */
  const rows = new Map();
  const lanes = cpus().map(() => pythons.map(({ major, path }) => ({ major, path, builder: new Builder(path) })));
  progress.begin("revisions", revisions.length);
  const numbered = revisions.map((revision, number) => ({ revision, number }));
  await inLanes(numbered, lanes, async ({ revision, number }, lane) => {
    const { name, path, bytes, releases } = revision;
    const isThis = (/** @type {{ sha256: string } | undefined} */ file) => file?.sha256 === sha256(bytes);
    const layout = layoutOf(revision);
    const row = rows.get(layout) ?? { name: layout, releases: 0, revisions: 0, failures: 0 };
    rows.set(layout, row);
    row.releases += releases.length;
    row.revisions++;
    const recipe = RECIPES.find((/** @type {any} */ { file }) => file === path);
    const python = /** @type {typeof lane[number]} */ (lane.find(({ major }) => major === recipe.python));
    // A package that did not change the file has that of a release.
    const files = releases.map((release) => known.get(release) ?? [...known.values()].find(isThis));
    const own = { ...bench, bundle: files.some(isThis) ? bundle : null };
    const wrong = await checkRevision(revision, join(folder, String(number)), recipe.class, python, own).catch(
      (error) => [`the check itself failed: ${oneLine(String(error))}`],
    );
    if (!options.standIns)
      for (const [at, release] of releases.entries())
        if (!isThis(files[at])) wrong.push(`its SHA-256 is not that of ${release} in patches/`);
        else if (placesIn(revision) !== String(files[at]?.lines))
          wrong.push(`the blocks go before lines ${placesIn(revision)}: patches/ has others for ${release}`);
    rmSync(join(folder, String(number)), { recursive: true, force: true });
    for (const line of wrong) fail(`${name}: ${line}`);
    if (wrong.length > 0) row.failures++;
    progress.step();
  });
  for (const { builder } of lanes.flat()) builder.close();

  const ran = options.virtInstall ? await runVirtInstalls() : null;
  progress.clear();
  console.log(`\n${table([...rows.values()], RECIPES)}`);
  if (ran) console.log(`\n${ran}`);
  console.log(`\n${failures === 0 ? "Nothing is wrong" : `${failures} failures`}, ${seconds(begun)} s.`);
  return failures === 0 ? 0 : 1;

  /** @param {import("./conformance/clone.mjs").Revision} revision */
  function placesIn({ path, bytes }) {
    const text = bytes.toString("latin1");
    return String(linesOf(text, findSite(text, path, path)));
  }

  /** @param {import("./conformance/clone.mjs").Revision} revision */
  function layoutOf({ path, bytes }) {
    try {
      return findSite(bytes.toString("latin1"), path, path).recipe.name;
    } catch {
      return "none";
    }
  }

  /** @returns {Promise<string>} what ran and what did not */
  async function runVirtInstalls() {
    const own = RECIPES.filter((/** @type {any} */ recipe) => recipe.python === 3);
    const releases = /** @type {string[]} */ (
      own
        .flatMap((/** @type {any} */ { pristine }) => Object.keys(pristine))
        .filter((/** @type {string} */ release) => !missing.includes(release))
    );
    // Distributions put libvirt's bindings where their own Python finds them; without, each release says what it lacks.
    const names = ["/usr/bin/python3", "python3"];
    const python = findPython(names, "libvirt, libxml2, gi") ?? /** @type {string} */ (findPython(names));
    /** @type {string[]} */
    const notRun = [];
    const node = join(folder, "node.xml");
    writeNode(node, readFileSync(/** @type {string} */ (poolXml[0]), "utf8"));
    const uuid = pools.find((/** @type {any} */ { pool }) => pool === "libvirtpool").auth.uuid;
    progress.begin("virt-installs", releases.length);
    await inLanes(releases, lanes, async (release) => {
      const own = join(folder, `v${release}`);
      const outcome = await checkVirtInstall(options.git, release, own, { python, node, uuid, tool, host }).catch(
        (error) => ({ wrong: [`the check itself failed: ${oneLine(String(error))}`] }),
      );
      rmSync(own, { recursive: true, force: true });
      if ("notRun" in outcome) notRun.push(`v${release}: ${outcome.notRun}`);
      else for (const line of outcome.wrong) fail(`v${release}: ${line}`);
      progress.step();
    });
    const count = releases.length - notRun.length;
    if (count === 0) fail("no release's virt-install could be run here");
    return [
      `virt-install --print-xml before, after and reverted: ${count} of ${releases.length} releases from ${releases[0]}`,
      ...notRun.sort().map((line) => `not run: ${line}`),
      "not run: releases before 2.0.0, which need Python 2 with libvirt's bindings",
    ].join("\n");
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        git: { type: "string" },
        tool: { type: "string", default: join(project, "dist/virtinst-rbd-patch.js") },
        packages: { type: "string" },
        "virt-install": { type: "boolean", default: false },
        "stand-ins": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    if (values.git === undefined) throw new Unusable("A clone of the virt-manager repository is needed.");
    // npm runs scripts in the project's folder, and says in INIT_CWD where the user is.
    const from = process.env.INIT_CWD ?? ".";
    const packages = values.packages === undefined ? undefined : resolve(from, values.packages);
    return {
      ...{ git: resolve(from, values.git), packages, tool: resolve(values.tool) },
      ...{ virtInstall: values["virt-install"], standIns: values["stand-ins"] },
    };
  } catch (error) {
    throw error instanceof Unusable ? error : new Unusable(/** @type {Error} */ (error).message);
  }
}

/**
 * @param {Row[]} rows
 * @param {{ name: string }[]} recipes
 */
function table(rows, recipes) {
  const place = (/** @type {Row} */ { name }) => recipes.findIndex((recipe) => recipe.name === name) >>> 0;
  rows.sort((a, b) => place(a) - place(b));
  const sum = (/** @type {"releases" | "revisions" | "failures"} */ key) =>
    rows.reduce((total, row) => total + row[key], 0);
  const all = { name: "all", releases: sum("releases"), revisions: sum("revisions"), failures: sum("failures") };
  const line = (/** @type {string[]} */ [first = "", ...rest]) =>
    `| ${[first.padEnd(13), ...rest.map((cell) => cell.padStart(9))].join(" | ")} |`;
  return [
    line(["layout", "releases", "revisions", "failed"]),
    `|${"-".repeat(15)}|${`${"-".repeat(10)}:|`.repeat(3)}`,
    ...[...rows, all].map(({ name, releases, revisions, failures }) =>
      line([name, ...[releases, revisions, failures].map(String)]),
    ),
  ].join("\n");
}

function seconds(/** @type {number} */ begun) {
  return Math.round((Date.now() - begun) / 1000);
}
