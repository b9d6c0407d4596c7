import { readFileSync } from "node:fs";
import Handlebars from "handlebars";

/** The helpers that a template may use; `src/patch/render.ts` defines them. */
const KNOWN = ["plain", "indentation", "text", "literal", "xml", "concat"];

/**
 * A template as a module: compiled when the tool is built, so that the tool itself carries no compiler.
 *
 * @param {string} path of an .hbs file
 */
export function templateModule(path) {
  const knownHelpers = Object.fromEntries(KNOWN.map((name) => [name, true]));
  const options = { noEscape: true, strict: true, knownHelpersOnly: true, knownHelpers };
  const compiled = Handlebars.precompile(readFileSync(path, "utf8"), options);
  return `import Handlebars from "handlebars/runtime";\nexport default Handlebars.template(${compiled});\n`;
}

/** For vitest, what `build.mjs` does for the bundle: templates compiled, Python files as text. */
export const textModules = {
  name: "text-modules",
  /** @param {string} id */
  load(id) {
    if (id.endsWith(".hbs")) return templateModule(id);
    if (id.endsWith(".py")) return `export default ${JSON.stringify(readFileSync(id, "utf8"))};`;
    return null;
  },
};
