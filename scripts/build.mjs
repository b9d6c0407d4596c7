import { chmodSync, statSync } from "node:fs";
import { build } from "esbuild";
import { bundling } from "./text-modules.mjs";

const outfile = "dist/virtinst-rbd-patch.js";

const { metafile } = await build({
  ...bundling,
  entryPoints: ["src/cli.ts"],
  outfile,
  // Every affected host has a C library too old for official Node 18.
  target: "node16",
  format: "cjs",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  charset: "ascii",
  banner: { js: "#!/usr/bin/env node" },
  metafile: true,
});
chmodSync(outfile, 0o755);

if (process.argv.includes("--report")) {
  const sizes = new Map();
  for (const [path, { bytesInOutput }] of Object.entries(metafile.outputs[outfile]?.inputs ?? {})) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path.split("/")[0];
    sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
  }
  for (const [name, bytes] of [...sizes].sort((a, b) => b[1] - a[1]))
    console.log(`${String(bytes).padStart(8)}  ${name}`);
}
console.log(`${outfile}: ${statSync(outfile).size} bytes`);
