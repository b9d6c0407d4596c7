// Makes the one file that is shipped.
//
// esbuild splits the sources at their dynamic imports; the parts then go into one file, each but the first as a text
// that is compiled when it is asked for. V8 has to read over all the code of a file before it runs any of it, and a run
// that changes nothing needs neither the parser nor the templates.
import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { build, transform } from "esbuild";
import { bundling } from "./text-modules.mjs";

const outfile = "dist/virtinst-rbd-patch.js";

// commander loads child_process at once, for subcommands that are programs of their own, which this tool has none of.
const withoutChildProcess = {
  name: "commander-without-child-process",
  /** @param {import("esbuild").PluginBuild} build */
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?child_process$/ }, ({ importer }) =>
      importer.includes("/commander/") ? { path: "child_process", namespace: "absent" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "absent" }, () => ({ contents: "module.exports = {};" }));
  },
};

const { outputFiles, metafile } = await build({
  ...bundling,
  plugins: [...bundling.plugins, withoutChildProcess],
  entryPoints: ["src/cli.ts"],
  outdir: "dist",
  write: false,
  splitting: true,
  format: "esm",
  // Every affected host has a C library too old for official Node 18.
  target: "node16",
  minify: true,
  legalComments: "none",
  charset: "ascii",
  chunkNames: "[hash]",
  metafile: true,
});

const parts = await Promise.all(
  outputFiles.map(async ({ path, text }) => {
    const { code } = await transform(text, {
      format: "cjs",
      platform: "node",
      target: "node16",
      supported: { "dynamic-import": false },
      minify: true,
      charset: "ascii",
    });
    return { name: `./${basename(path)}`, code: code.trim() };
  }),
);
const texts = parts.filter(({ name }) => name !== "./cli.js");
const entry = parts.find(({ name }) => name === "./cli.js");

const program = `#!/usr/bin/env node
"use strict";
const parts = {
${texts.map(({ name, code }) => `${JSON.stringify(name)}: ${JSON.stringify(code)},\n`).join("")}};
// A package.json that makes all files beside it ECMAScript modules makes this one too; there require is to be made.
if (typeof require === "function") start(require);
else import("module").then(({ createRequire }) => start(createRequire("/")));
function start(require) {
  const { compileFunction } = require("vm");
  const loaded = {};
  function load(name) {
    if (!(name in parts)) return require(name);
    if (!(name in loaded)) {
      const module = (loaded[name] = { exports: {} });
      compileFunction(parts[name], ["module", "exports", "require"])(module, module.exports, load);
    }
    return loaded[name].exports;
  }
  (function (module, exports, require) {
${entry?.code}
  })({ exports: {} }, {}, load);
}
`;
mkdirSync("dist", { recursive: true });
writeFileSync(outfile, program);
chmodSync(outfile, 0o755);

if (process.argv.includes("--report")) {
  const sizes = new Map();
  for (const { inputs } of Object.values(metafile.outputs))
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path.split("/")[0];
      sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
    }
  for (const [name, bytes] of [...sizes].sort((a, b) => b[1] - a[1]))
    console.log(`${String(bytes).padStart(8)}  ${name}`);
  console.log(`${String(entry?.code.length).padStart(8)}  of all that is read at every start`);
}
console.log(`${outfile}: ${statSync(outfile).size} bytes`);
