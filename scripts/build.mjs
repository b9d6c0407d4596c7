// Makes the one file that is shipped.
//
// esbuild splits the sources at their dynamic imports; the parts then go into one file, each as a text that is compiled
// when it is asked for. V8 has to read over all the code of a file before it runs any of it, and a run that changes
// nothing needs neither the parser nor the templates. It reads over a comment fastest, twice as fast as over a string, so
// each part is the comment in a function, which Function.prototype.toString gives back. Large parts are packed; a run
// that changes nothing asks for none of these. What is left is ECMAScript 5: a Node that is too old has to read it to say
// so.
//
//     node scripts/build.mjs [--report] [--metafile=FILE] [FILE]
//
// Another FILE than dist's may be named; LICENSES goes beside it. The same sources give the same bytes under each Node
// from 16 on.
import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { brotliCompressSync } from "node:zlib";
import { build, transform } from "esbuild";
import { bundledPackages, licencesOf } from "./bundled.mjs";
import { bundling, importSources, withoutChildProcess } from "./text-modules.mjs";

const { values: options, positionals } = parseArgs({
  options: { report: { type: "boolean" }, metafile: { type: "string" } },
  allowPositionals: true,
});
const outfile = positionals[0] ?? "dist/virtinst-rbd-patch.js";
// Every affected host has a C library too old for official Node 18.
const OLDEST_NODE = 16;
// A part of this many letters is packed, unless every run needs it.
const PACKED_FROM = 15_000;

// cli-progress asks it for the width of the bar's own line, which is ASCII; it carries a table of all emoji.
const withoutEmoji = {
  name: "cli-progress-without-emoji",
  /** @param {import("esbuild").PluginBuild} build */
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^string-width$/ }, () => ({ path: "string-width", namespace: "ascii" }));
    onLoad({ filter: /.*/, namespace: "ascii" }, () => ({ contents: "module.exports = (text) => text.length;" }));
  },
};

// @lezer/python names its colours as it is loaded; nothing is coloured.
const withoutColours = {
  name: "lezer-without-colours",
  /** @param {import("esbuild").PluginBuild} build */
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@lezer\/highlight$/ }, ({ path }) => ({ path, namespace: "colours" }));
    onLoad({ filter: /.*/, namespace: "colours" }, () => ({
      contents:
        "export const styleTags = () => () => null; export const tags = new Proxy(() => tags, { get: () => tags });",
    }));
  },
};

const target = `node${OLDEST_NODE}`;
const { outputFiles, metafile } = await build({
  ...bundling,
  plugins: [...bundling.plugins, withoutChildProcess, withoutColours, withoutEmoji],
  entryPoints: ["src/cli.ts"],
  outdir: "dist",
  write: false,
  splitting: true,
  format: "esm",
  target,
  minify: true,
  legalComments: "none",
  charset: "ascii",
  chunkNames: "[hash]",
  metafile: true,
});
const nameOf = (/** @type {string} */ path) => `./${basename(path)}`;
const texts = new Map(outputFiles.map(({ path, text }) => [nameOf(path), text]));
const entry = "./cli.js";

/** What the entry imports whatever the command is, itself among it. */
const first = new Set([entry]);
for (const name of first)
  for (const { path, kind } of metafile.outputs[`dist/${basename(name)}`]?.imports ?? [])
    if (kind === "import-statement" && texts.has(nameOf(path))) first.add(nameOf(path));

/** All of that as one part, for one scope costs a run less than many; the other parts find them by their names. */
const whole = {
  name: "whole",
  /** @param {import("esbuild").PluginBuild} build */
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\// }, ({ path }) =>
      first.has(path) ? { path, namespace: "whole" } : { path, external: true },
    );
    onLoad({ filter: /.*/, namespace: "whole" }, ({ path }) => ({ contents: texts.get(path) ?? "" }));
  },
};
const toCommonJs = /** @satisfies {import("esbuild").CommonOptions} */ ({
  format: "cjs",
  platform: "node",
  target,
  supported: { "dynamic-import": false },
  minify: true,
  charset: "ascii",
});
const { outputFiles: merged } = await build({
  ...toCommonJs,
  bundle: true,
  write: false,
  plugins: [whole],
  // V8 reads over a function inside another one, but builds the whole of an arrow function, each time that the outer one
  // is compiled: without arrows a run that changes nothing is 1.5 to 4 ms shorter.
  supported: { ...toCommonJs.supported, arrow: false },
  stdin: { contents: [...first].map((name) => `export * as ${JSON.stringify(name)} from "${name}";`).join("\n") },
});

const others = [...texts].filter(([name]) => !first.has(name));
const parts = [
  { name: entry, code: merged[0]?.text.trim() ?? "" },
  ...(await Promise.all(
    others.map(async ([name, text]) => ({ name, code: (await transform(text, toCommonJs)).code.trim() })),
  )),
];

/**
 * A part as a function that holds its code. Brotli, for zlib's bytes are others under Node 16 than under 20.
 *
 * @param {{ name: string, code: string }} part
 */
function held({ name, code }) {
  if (name === entry || code.length < PACKED_FROM) return `function () {${commented(code)}}`;
  return `function packed() {${commented(brotliCompressSync(code).toString("base64"))}}`;
}

/** A text as a comment that ends where it is to end. @param {string} code */
function commented(code) {
  const comment = `/*${code.replaceAll("*/", "**//*/")}*/`;
  if (comment.slice(2, -2).split("**//*/").join("*/") !== code)
    throw new Error("a part cannot be written as a comment");
  return comment;
}

const { failureForm } = await importSources('export { failureForm } from "./src/forms/envelope";');

const program = `#!/usr/bin/env node
"use strict";
var parts = {
${parts.map((part) => `${JSON.stringify(part.name)}: ${held(part)},\n`).join("")}};
if (parseInt(process.versions.node, 10) < ${OLDEST_NODE}) refuse();
else if (typeof require === "function") start(require);
else {
  // A package.json that makes all files beside it ECMAScript modules makes this one too; there require is to be made. In
  // a module (from Node 14.8) the next line awaits a pattern, imports, and ends with a pattern. Elsewhere, where await is
  // a name and an old Node knows no import, it divides that name by a text, and is never run.
  await /"/; import('module').then(function (module) { start(module.createRequire('/')); }); /"/g;
}
function start(require) {
  var compileFunction = require("vm").compileFunction;
  var loaded = {};
  function load(name) {
    var shared = loaded["./cli.js"];
    if (shared && name in shared.exports) return shared.exports[name];
    if (!(name in parts)) return require(name);
    if (!(name in loaded)) {
      var module = (loaded[name] = { exports: {} });
      var text = String(parts[name]);
      var code = text.slice(text.indexOf("/*") + 2, -3).split("**//*/").join("*/");
      if (parts[name].name === "packed")
        code = String(require("zlib").brotliDecompressSync(Buffer.from(code, "base64")));
      compileFunction(code, ["module", "exports", "require"])(module, module.exports, load);
    }
    return loaded[name].exports;
  }
  load(${JSON.stringify(entry)});
}
function refuse() {
  var message = "needs Node ${OLDEST_NODE} or later, this is " + process.versions.node;
  var hint = "Run it as NODE FILE with the path of a newer Node, or put that first in PATH; ${OLDEST_NODE} runs on EL 7 too.";
  var failure = ${JSON.stringify(failureForm(2, null, "", ""))};
  failure.error = { message: message, hint: hint };
  process.exitCode = 2;
  say(process.stderr, "virtinst-rbd-patch: " + message + "\\n" + hint + "\\n");
  if (process.argv.indexOf("--json") > 0) say(process.stdout, JSON.stringify(failure, null, 2) + "\\n");
}
function say(stream, text) {
  // Where nobody can be told, the exit code is left.
  stream.on("error", function () {});
  try {
    stream.write(text);
  } catch (error) {}
}
`;
mkdirSync(dirname(outfile), { recursive: true });
writeFileSync(outfile, program);
chmodSync(outfile, 0o755);
writeFileSync(join(dirname(outfile), "LICENSES"), licencesOf(bundledPackages(metafile)));

if (options.metafile) writeFileSync(options.metafile, JSON.stringify(metafile));
if (options.report) {
  const sizes = new Map();
  for (const { inputs } of Object.values(metafile.outputs))
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path.split("/")[0];
      sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
    }
  for (const [name, bytes] of [...sizes].sort((a, b) => b[1] - a[1]))
    console.log(`${String(bytes).padStart(8)}  ${name}`);
  console.log(`${String(parts[0]?.code.length).padStart(8)}  of all that is compiled at every start`);
}
console.log(`${outfile}: ${statSync(outfile).size} bytes`);
