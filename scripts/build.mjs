// Builds the tool: one file for Node 18 and later, and the licences of the packages that it contains.
//
//     node scripts/build.mjs [--metafile=FILE] [FILE]
//
// FILE is dist/virtinst-rbd-patch.js by default. LICENSES is written to the same directory. The build is reproducible.
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { bundledPackages, licencesOf } from "./licences.mjs";
import { esbuildPlugin } from "./templates.mjs";

const { values, positionals } = parseArgs({ options: { metafile: { type: "string" } }, allowPositionals: true });
const outfile = positionals[0] ?? "dist/virtinst-rbd-patch.js";

// This code runs in any Node. The rest is lowered to syntax that Node 8 can parse, so that Node 8 prints the message.
const banner = `#!/usr/bin/env node
if (parseInt(process.versions.node, 10) < 18) {
  process.stderr.write("virtinst-rbd-patch: Node 18 or later is needed, this is Node " + process.versions.node + ".\\n");
  process.exit(2);
}`;

const { metafile } = await build({
  entryPoints: ["src/main.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node8",
  minify: true,
  charset: "ascii",
  legalComments: "none",
  banner: { js: banner },
  plugins: [esbuildPlugin],
  metafile: true,
});
chmodSync(outfile, 0o755);
writeFileSync(join(dirname(outfile), "LICENSES"), licencesOf(bundledPackages(metafile)));
if (values.metafile) writeFileSync(values.metafile, JSON.stringify(metafile));
console.log(`${outfile}: ${statSync(outfile).size} bytes`);
