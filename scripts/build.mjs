import { chmodSync, statSync } from "node:fs";
import { build } from "esbuild";
import { templateModule } from "./text-modules.mjs";

const outfile = "dist/virtinst-rbd-patch.js";

const { metafile } = await build({
  entryPoints: ["src/cli.ts"],
  outfile,
  bundle: true,
  platform: "node",
  target: "node16",
  format: "cjs",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  charset: "ascii",
  loader: { ".py": "text" },
  banner: { js: "#!/usr/bin/env node" },
  metafile: true,
  plugins: [
    {
      name: "templates",
      setup({ onLoad }) {
        onLoad({ filter: /\.hbs$/ }, ({ path }) => ({
          contents: templateModule(path),
          loader: "js",
          resolveDir: process.cwd(),
        }));
      },
    },
  ],
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
