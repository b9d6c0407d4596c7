import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import Handlebars from "handlebars";

/** The helpers that a template may use; `src/patch/render.ts` defines them. */
const KNOWN = ["plain", "indentation", "blanks", "text", "texts", "quoted", "literal", "xml", "concat"];

/**
 * A template as a module: compiled when the tool is built, so that the tool itself carries no compiler.
 *
 * @param {string} template its text
 */
export function templateModule(template) {
  const knownHelpers = Object.fromEntries(KNOWN.map((name) => [name, true]));
  const options = { noEscape: true, strict: true, knownHelpersOnly: true, knownHelpers };
  const compiled = Handlebars.precompile(template, options);
  return `import Handlebars from "handlebars/runtime";\nexport default Handlebars.template(${compiled});\n`;
}

/** For vitest, what `bundling` does for esbuild: templates compiled, Python files as text. */
export const textModules = {
  name: "text-modules",
  /** @param {string} id */
  load(id) {
    if (id.endsWith(".hbs")) return templateModule(readFileSync(id, "utf8"));
    if (id.endsWith(".py")) return `export default ${JSON.stringify(readFileSync(id, "utf8"))};`;
    return null;
  },
};

/** How esbuild has to bundle this project's sources. @satisfies {import("esbuild").BuildOptions} */
export const bundling = {
  bundle: true,
  platform: "node",
  loader: { ".py": "text" },
  plugins: [
    {
      name: "templates",
      /** @param {import("esbuild").PluginBuild} build */
      setup({ onLoad }) {
        onLoad({ filter: /\.hbs$/ }, ({ path }) => ({
          contents: templateModule(readFileSync(path, "utf8")),
          loader: "js",
          resolveDir: process.cwd(),
        }));
      },
    },
  ],
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
