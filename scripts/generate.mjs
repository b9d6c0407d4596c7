// Writes what is derived from the sources: the golden patches, the schemas, the table of releases, the picture of the
// architecture, the hash of the page's style.
// With --check it writes nothing, names what is out of date and exits 1.
import { readFileSync, writeFileSync } from "node:fs";
import { toJsonSchema } from "@valibot/to-json-schema";
import { flow } from "./flow.mjs";
import { importSources } from "./templates.mjs";

const {
  DOCUMENT_VERSION,
  FORM,
  FORMS,
  hostDocument,
  readPool,
  readSecret,
  resolveFacts,
  findSite,
  RECIPES,
  render,
  insert,
  linesOf,
  unifiedDiff,
  sha256,
} = await importSources(`
    export { DOCUMENT_VERSION } from "./src/host/config";
    export { FORM } from "./src/version";
    export { FORMS } from "./src/forms/forms";
    export { hostDocument } from "./src/host/document";
    export { readPool, readSecret } from "./src/host/xml";
    export { resolveFacts } from "./src/host/facts";
    export { findSite } from "./src/virtinst/site";
    export { RECIPES } from "./src/virtinst/recipes";
    export { render } from "./src/patch/render";
    export { insert, linesOf } from "./src/patch/insert";
    export { unifiedDiff } from "./src/patch/diff";
    export { sha256 } from "./src/patch/facts";
  `);

/** @param {string} path */
const read = (path) => readFileSync(path, "utf8");

/** @type {Map<string, string>} */
const files = new Map();

const sample = {
  host: "sample",
  source: "test/fixtures/host",
  elsewhere: false,
  virtinst: null,
  pools: ["pool-usage", "pool-uuid"].map((name) => readPool(read(`test/fixtures/host/${name}.xml`), name, null)),
  secrets: ["secret-usage", "secret-uuid"].map((name) => readSecret(read(`test/fixtures/host/${name}.xml`), name)),
};
const { cephPools } = resolveFacts(sample, []);
for (const { name, file } of RECIPES) {
  const before = read(`test/fixtures/virtinst/${name}/${file}`);
  const site = findSite(before, file, file);
  const blocks = render(
    cephPools,
    {
      sha256: sha256(before),
      modified: "1400000000.000000000",
      lines: linesOf(before, site),
    },
    site,
  );
  const diff = unifiedDiff(file, before, insert(before, site, blocks), 0);
  files.set(
    `patches/${name}.patch`,
    `# What a host with the pools of test/fixtures/host gets, on the stand-in test/fixtures/virtinst/${name}.\n${diff}`,
  );
}

const writeSchema = (/** @type {string} */ name, /** @type {string} */ title, /** @type {object} */ schema) =>
  files.set(
    `schema/${name}.schema.json`,
    `${JSON.stringify({ $id: `virtinst-rbd-patch/${name}.schema.json`, title, ...schema }, null, 2)}\n`,
  );
writeSchema(
  `host-${DOCUMENT_VERSION}`,
  "The host document of virtinst-rbd-patch: what `--host` takes, by itself or in what `inspect --json` prints",
  toJsonSchema(hostDocument, { typeMode: "input", errorMode: "ignore" }),
);
/** @type {Record<string, string>} */
const TITLES = {
  error: "What every command prints with --json where it fails",
  hosts:
    "What `render --hosts DIR --json` and `bundle --hosts DIR --json` print: a line a host, and at last the summary",
};
for (const [command, form] of Object.entries(FORMS))
  writeSchema(
    `${command}-${FORM}`,
    TITLES[command] ?? `What \`${command} --json\` prints`,
    toJsonSchema(form, { typeMode: "output", errorMode: "ignore" }),
  );

const rows = RECIPES.map((/** @type {any} */ recipe) => {
  const releases = Object.keys(recipe.pristine);
  return `| ${releases[0]} to ${releases.at(-1)} | \`${recipe.file}\` | \`${recipe.class}.${recipe.method}\` | \`${recipe.returns.join(", ")}\` | ${recipe.python} | [${recipe.name}](../patches/${recipe.name}.patch) |`;
});
const table = [
  "| releases | file | method | returns | Python | what a host gets |",
  "|---|---|---|---|---|---|",
  ...rows,
].join("\n");
files.set(
  "docs/changes.md",
  read("docs/changes.md").replace(/(<!-- releases -->\n)[\s\S]*?(<!-- \/releases -->)/, `$1${table}\n$2`),
);

files.set(
  "docs/architecture.md",
  read("docs/architecture.md").replace(/(<!-- flow -->\n)[\s\S]*?(<!-- \/flow -->)/, `$1${flow()}$2`),
);

// The one style that the page of `verify --report` may have.
const page = read("templates/report.html.hbs");
const style = sha256(page.split(/<\/?style>/)[1] ?? "");
files.set(
  "templates/report.html.hbs",
  page.replace(/'sha256-[^']*'/, `'sha256-${Buffer.from(style, "hex").toString("base64")}'`),
);

const stale = [...files].filter(([path, text]) => {
  try {
    return read(path) !== text;
  } catch {
    return true;
  }
});
if (process.argv.includes("--check")) {
  for (const [path] of stale) console.error(`out of date: ${path} (npm run generate)`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else
  for (const [path, text] of stale) {
    writeFileSync(path, text);
    console.log(path);
  }
