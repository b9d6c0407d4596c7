// Generates files from the sources: the golden patches, the schemas, the diagram of the architecture, and the hash of
// the style of the HTML report. With --check, writes nothing, prints the files that are out of date, and exits with 1.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
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
  resolvePools,
  TARGET_FILES,
  insertPatch,
  unifiedDiff,
  sha256,
} = await importSources(`
    export { DOCUMENT_VERSION } from "./src/host/config";
    export { FORM } from "./src/version";
    export { FORMS } from "./src/output/schema";
    export { hostDocument } from "./src/host/document";
    export { readPool, readSecret } from "./src/host/xml";
    export { resolvePools } from "./src/host/resolve-pools";
    export { TARGET_FILES } from "./src/virtinst/find";
    export { insertPatch } from "./src/patch/render-function";
    export { unifiedDiff } from "./src/patch/diff";
    export { sha256 } from "./src/patch/pools";
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
  pools: ["pool-usage", "pool-uuid"].map((name) => readPool(read(`test/fixtures/host/${name}.xml`), name)),
  secrets: ["secret-usage", "secret-uuid"].map((name) => readSecret(read(`test/fixtures/host/${name}.xml`), name)),
};
const { cephPools } = resolvePools(sample, []);
/** The sample files, one for each variant of `_build_xml` in the releases. */
const STAND_INS = ["guest-1.0", "guest-1.4", "installer-2.0", "installer-2.2", "installer-4.0"];
for (const name of STAND_INS) {
  const folder = `test/fixtures/virtinst/${name}`;
  const file = TARGET_FILES.find((/** @type {string} */ one) => existsSync(`${folder}/${one}`));
  const before = read(`${folder}/${file}`);
  const named = { path: file, restoring: "" };
  const after = insertPatch({ text: before, encoding: "utf8" }, "1400000000.000000000", cephPools, named);
  files.set(
    `patches/${name}.patch`,
    `# The patch for a host with the pools of test/fixtures/host and the sample virtinst ${folder}.\n${unifiedDiff(file, before, after.text, 0)}`,
  );
}

const writeSchema = (/** @type {string} */ name, /** @type {string} */ title, /** @type {object} */ schema) =>
  files.set(
    `schema/${name}.schema.json`,
    `${JSON.stringify({ $id: `virtinst-rbd-patch/${name}.schema.json`, title, ...schema }, null, 2)}\n`,
  );
writeSchema(
  `host-${DOCUMENT_VERSION}`,
  "The host file of virtinst-rbd-patch, which `--host` reads. `inspect --json` prints it in the field `document`",
  toJsonSchema(hostDocument, { typeMode: "input", errorMode: "ignore" }),
);
/** @type {Record<string, string>} */
const TITLES = {
  error: "The output of every command with --json if it fails",
  hosts: "The output of `bundle --hosts DIR --json`: a line for each host, then the summary",
};
for (const [command, form] of Object.entries(FORMS))
  writeSchema(
    `${command}-${FORM}`,
    TITLES[command] ?? `The output of \`${command} --json\``,
    toJsonSchema(form, { typeMode: "output", errorMode: "ignore" }),
  );

files.set(
  "docs/development.md",
  read("docs/development.md").replace(/(<!-- flow -->\n)[\s\S]*?(<!-- \/flow -->)/, `$1${flow()}$2`),
);

// The hash of the only style that the Content-Security-Policy of the HTML report allows.
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
