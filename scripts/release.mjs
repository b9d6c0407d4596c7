// Creates the directory to publish: npm run release [-- --snapshot] [DIR], release/ by default.
//
// The result is reproducible: the same sources give the same bytes.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { changesOf } from "./changelog.mjs";
import { bundledPackages } from "./licences.mjs";

const TOOL = "virtinst-rbd-patch";

const { values: options, positionals } = parseArgs({
  options: { snapshot: { type: "boolean", default: false } },
  allowPositionals: true,
});

const { version } = JSON.parse(readFileSync("package.json", "utf8"));
const said = changesOf(readFileSync("CHANGELOG.md", "utf8"), version);
if (!said) refuse(`CHANGELOG.md has no section for ${version}, the version of package.json. Write one.`);
if (!said.released && !options.snapshot)
  refuse(`CHANGELOG.md calls ${version} unreleased. Put the date in its heading, or use --snapshot.`);
const title = `${TOOL} ${version}${said.released ? "" : " (not released)"}`;
const folder = newFolder();

// Build the tool here, because dist may be from other sources.
const metafile = join(folder, "metafile.json");
run(process.execPath, ["scripts/build.mjs", join(folder, TOOL), `--metafile=${metafile}`]);
const packages = bundledPackages(JSON.parse(readFileSync(metafile, "utf8")));
rmSync(metafile);

/**
 * The generated files, in addition to the tool and LICENSES, which the build writes: names and contents.
 *
 * @type {[name: string, content: string][]}
 */
const generated = [
  // Without relative links: the files that they name are not in the directory.
  ["NOTES.md", `# ${title}\n\n${said.changes.replace(/\[([^\]]+)\]\((?![a-z]+:)[^)]*\)/g, "$1")}\n`],
  ["sbom.cdx.json", sbom()],
  [`${TOOL}.1`, readFileSync(`docs/${TOOL}.1`, "utf8")],
  [`${TOOL}.bash`, readFileSync(`docs/${TOOL}.bash`, "utf8")],
];

for (const [name, content] of generated) writeFileSync(join(folder, name), content);
const names = [TOOL, "LICENSES", ...generated.map(([name]) => name)].sort();
const sums = names.map((name) => `${sha256(readFileSync(join(folder, name)))}  ${name}\n`);
writeFileSync(join(folder, "SHA256SUMS"), sums.join(""));
for (const name of [...names, "SHA256SUMS"]) chmodSync(join(folder, name), name === TOOL ? 0o755 : 0o644);
console.log(`${folder}: ${title}`);

/** Creates the directory to write to. An old release/ is removed; any other directory must not exist. */
function newFolder() {
  const [named] = positionals;
  if (!named) rmSync("release", { recursive: true, force: true });
  try {
    mkdirSync(named ?? "release");
  } catch (error) {
    refuse(`${named ?? "release"} cannot be created (${/** @type {Error} */ (error).message}). Name a new directory.`);
  }
  return named ?? "release";
}

/** The SBOM: npm's list of the packages in package-lock.json, reduced to the bundled ones, without data of this run. */
function sbom() {
  const words = ["sbom", "--sbom-format=cyclonedx", "--sbom-type=application", "--package-lock-only", "--include=dev"];
  const { serialNumber, metadata, components, dependencies, ...rest } = JSON.parse(run("npm", words));
  const bundled = packages.map(({ name, version }) => {
    const found = components.find((/** @type {Component} */ one) => one.name === name && one.version === version);
    if (!found) refuse(`npm sbom does not list ${name} ${version}, which is bundled. Run npm ci.`);
    return { ...found, scope: "required", properties: [] };
  });
  const whole = {
    ...metadata.component,
    name: TOOL,
    hashes: [{ alg: "SHA-256", content: sha256(readFileSync(join(folder, TOOL))) }],
  };
  const refs = [whole, ...bundled].map((one) => one["bom-ref"]);
  const graph = dependencies
    .filter((/** @type {Edges} */ { ref }) => refs.includes(ref))
    .map((/** @type {Edges} */ { ref, dependsOn }) => ({
      ref,
      dependsOn: dependsOn.filter((one) => refs.includes(one)),
    }));
  const bom = { ...rest, metadata: { component: whole }, components: bundled, dependencies: graph };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

/** @typedef {{ name: string, version: string }} Component */
/** @typedef {{ ref: string, dependsOn: string[] }} Edges */

/** @param {string | Buffer} content */
function sha256(content) {
  return createHash("sha256").update(content).digest("hex");
}

/** The output of a program. @param {string} program @param {string[]} words */
function run(program, words) {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) refuse(`${program} ${words[0]} failed: ${error?.message ?? stderr}`);
  return stdout;
}

/** @param {string} message @returns {never} */
function refuse(message) {
  console.error(message);
  process.exit(1);
}
