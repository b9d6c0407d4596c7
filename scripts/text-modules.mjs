import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import Handlebars from "handlebars";
import { changesOf } from "./changelog.mjs";

/** The helpers that a template may use; `src/patch/render.ts` and `src/patch/hook.ts` define them. */
const KNOWN = [
  "plain",
  "indentation",
  "blanks",
  "text",
  "texts",
  "quoted",
  "literal",
  "xml",
  "concat",
  "comment",
  "packed",
];
/** The module that holds all files below its folder. */
const HOOKS = { name: "templates:hooks", folder: resolve("templates/hooks") };

/**
 * A template as a module: compiled when the tool is built, so that the tool itself carries no compiler.
 *
 * @param {string} template its text
 * @param {boolean} isHtml whether every value is encoded for HTML; elsewhere each goes through a helper of its own
 */
export function templateModule(template, isHtml = false) {
  const knownHelpers = Object.fromEntries((isHtml ? [] : KNOWN).map((name) => [name, true]));
  const options = { noEscape: !isHtml, strict: true, knownHelpersOnly: true, knownHelpers };
  // Left out, a quarter of all: each word's place, for errors that the tests meet, and what Handlebars before 4.6 lacks.
  const compiled = String(Handlebars.precompile(template, options))
    .replace(/,\s*(?:"loc":\{"start":\{[^}]*\},"end":\{[^}]*\}\}|\{"start":\{[^}]*\},"end":\{[^}]*\}\} (?=\)))/g, "")
    .replace(/(lookupProperty = container\.lookupProperty) \|\| function\([^}]*\}\s*return undefined\s*\}/g, "$1");
  return `import Handlebars from "handlebars/runtime";\nexport default Handlebars.template(${compiled});\n`;
}

/**
 * Node 16 has no `recursive`.
 *
 * @param {string} folder
 * @returns {string[]} the paths of all files below it, relative to it
 */
function filesBelow(folder) {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) => {
    if (!entry.isDirectory()) return [entry.name];
    return filesBelow(join(folder, entry.name)).map((path) => join(entry.name, path));
  });
}

/** All hooks as a module: a file that is put there is part of its engine's hook. Templates lose their .hbs. */
function hooksModule() {
  const files = filesBelow(HOOKS.folder).sort();
  const imports = files.map((path, index) => `import file${index} from ${JSON.stringify(join(HOOKS.folder, path))};\n`);
  const kinds = [...new Set(files.map((path) => path.split("/", 1)[0]))].map((kind) => {
    const own = files.flatMap((path, index) => {
      const place = path.slice(`${kind}/`.length).replace(/\.hbs$/, "");
      return path.startsWith(`${kind}/`) ? [`${JSON.stringify(place)}: file${index},\n`] : [];
    });
    return `${JSON.stringify(kind)}: {\n${own.join("")}},\n`;
  });
  return `${imports.join("")}export default {\n${kinds.join("")}};\n`;
}

/** @param {string} path */
const isHtml = (path) => path.endsWith(".html.hbs");

/** Whether a file is taken as its text. @param {string} path */
const isText = (path) => path.endsWith(".py") || path.startsWith(`${HOOKS.folder}/`);

const { version } = JSON.parse(readFileSync("package.json", "utf8"));
/** Whether this is a released version, as `src/version.ts` asks. */
const define = { RELEASED: String(changesOf(readFileSync("CHANGELOG.md", "utf8"), version)?.released === true) };

/** For vitest, what `bundling` does for esbuild: templates compiled, Python files as text. */
export const textModules = {
  name: "text-modules",
  config: () => ({ define }),
  /** @param {string} id */
  resolveId: (id) => (id === HOOKS.name ? `\0${HOOKS.name}` : null),
  /** @param {string} id */
  load(id) {
    if (id === `\0${HOOKS.name}`) return hooksModule();
    if (id.endsWith(".hbs")) return templateModule(readFileSync(id, "utf8"), isHtml(id));
    if (isText(id)) return `export default ${JSON.stringify(readFileSync(id, "utf8"))};`;
    return null;
  },
};

/** How esbuild has to bundle this project's sources. @satisfies {import("esbuild").BuildOptions} */
export const bundling = {
  bundle: true,
  define,
  platform: "node",
  plugins: [
    {
      name: "templates",
      /** @param {import("esbuild").PluginBuild} build */
      setup({ onLoad, onResolve }) {
        onResolve({ filter: /^templates:hooks$/ }, () => ({ path: HOOKS.name, namespace: "templates" }));
        onLoad({ filter: /.*/, namespace: "templates" }, () => ({
          contents: hooksModule(),
          loader: "js",
          resolveDir: process.cwd(),
        }));
        onLoad({ filter: /\/templates\// }, ({ path }) =>
          isText(path) && !path.endsWith(".hbs") ? { contents: readFileSync(path, "utf8"), loader: "text" } : undefined,
        );
        onLoad({ filter: /\.hbs$/ }, ({ path }) => ({
          contents: templateModule(readFileSync(path, "utf8"), isHtml(path)),
          loader: "js",
          resolveDir: process.cwd(),
        }));
      },
    },
  ],
};

// commander loads child_process at once, for subcommands that are programs of their own, which this tool has none of.
export const withoutChildProcess = {
  name: "commander-without-child-process",
  /** @param {import("esbuild").PluginBuild} build */
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?child_process$/ }, ({ importer }) =>
      importer.includes("/commander/") ? { path: "child_process", namespace: "absent" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "absent" }, () => ({ contents: "module.exports = {};" }));
  },
};

/**
 * Imports TypeScript of this project into a build script.
 *
 * @param {string} code a module whose imports are relative to the project's folder
 * @returns {Promise<any>} its exports
 */
export async function importSources(code) {
  const stdin = { contents: code, resolveDir: process.cwd(), loader: /** @type {const} */ ("ts") };
  const { outputFiles } = await build({ ...bundling, stdin, write: false, format: "cjs" });
  const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-build-"));
  try {
    const file = join(folder, "sources.cjs");
    writeFileSync(file, outputFiles[0]?.text ?? "");
    return (await import(pathToFileURL(file).href)).default;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
