// The loader for templates: Handlebars templates are compiled, other files below templates/ are imported as text.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import Handlebars from "handlebars";

/** The helpers of render-function.ts and render-hook.ts. A template with any other helper does not compile. */
const HELPERS = ["plain", "text", "texts", "quoted", "literal", "xml", "concat", "comment"];
const knownHelpers = Object.fromEntries([...HELPERS, "packed"].map((name) => [name, true]));
const HOOKS = resolve("templates/hooks");

/**
 * Compiles a template, so that the tool contains only Handlebars' runtime.
 *
 * @param {string} template its text
 * @param {boolean} isHtml whether Handlebars escapes every value for HTML; if not, each value needs a helper
 * @returns {string} a module whose default export is the template function
 */
export function templateModule(template, isHtml = false) {
  const helpers = isHtml ? {} : knownHelpers;
  const options = { noEscape: !isHtml, strict: true, knownHelpersOnly: true, knownHelpers: helpers };
  const compiled = Handlebars.precompile(template, options);
  return `import Handlebars from "handlebars/runtime";\nexport default Handlebars.template(${compiled});\n`;
}

/** All files below templates/hooks as one module: by engine, then by path without `.hbs`. */
function hooksModule() {
  const files = readdirSync(HOOKS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(HOOKS.length + 1))
    .sort();
  const imports = files.map((path, index) => `import file${index} from ${JSON.stringify(join(HOOKS, path))};\n`);
  const engines = [...new Set(files.map((path) => path.split("/", 1)[0]))].map((engine) => {
    const own = files.flatMap((path, index) => {
      const place = path.slice(`${engine}/`.length).replace(/\.hbs$/, "");
      return path.startsWith(`${engine}/`) ? [`${JSON.stringify(place)}: file${index},\n`] : [];
    });
    return `${JSON.stringify(engine)}: {\n${own.join("")}},\n`;
  });
  return `${imports.join("")}export default {\n${engines.join("")}};\n`;
}

/** The module for a file below templates/, or for `templates:hooks`. @param {string} id */
function moduleFor(id) {
  if (id === "templates:hooks") return hooksModule();
  const text = readFileSync(id, "utf8");
  if (id.endsWith(".hbs")) return templateModule(text, id.endsWith(".html.hbs"));
  return `export default ${JSON.stringify(text)};\n`;
}

/** The loader for vitest. */
export const vitePlugin = {
  name: "templates",
  /** @param {string} id */
  resolveId: (id) => (id === "templates:hooks" ? `\0${id}` : null),
  /** @param {string} id */
  load: (id) => (/\/templates\/|\0templates:/.test(id) ? moduleFor(id.replace("\0", "")) : null),
};

/** The loader for esbuild. @type {import("esbuild").Plugin} */
export const esbuildPlugin = {
  name: "templates",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^templates:hooks$/ }, ({ path }) => ({ path, namespace: "templates" }));
    onLoad({ filter: /\/templates\/|^templates:/ }, ({ path }) => ({
      contents: moduleFor(path),
      loader: "js",
      resolveDir: process.cwd(),
    }));
  },
};

/**
 * Imports TypeScript of this project into a script.
 *
 * @param {string} code a module whose imports are relative to the project's directory
 * @returns {Promise<any>} its exports
 */
export async function importSources(code) {
  const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-build-"));
  try {
    const outfile = join(folder, "sources.cjs");
    const stdin = { contents: code, resolveDir: process.cwd(), loader: /** @type {const} */ ("ts") };
    await build({ stdin, outfile, bundle: true, platform: "node", format: "cjs", plugins: [esbuildPlugin] });
    return (await import(pathToFileURL(outfile).href)).default;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
