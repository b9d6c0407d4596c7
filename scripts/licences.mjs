// The packages that the build contains, and their licences.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @param {import("esbuild").Metafile} metafile of the build
 * @returns {{ folder: string, name: string, version: string, license: string }[]} the packages with code in the build
 */
export function bundledPackages({ outputs }) {
  const folders = new Set();
  for (const { inputs } of Object.values(outputs))
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const [, folder] = /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
      if (folder && bytesInOutput > 0) folders.add(folder);
    }
  return [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return { folder, name, version, license };
  });
}

/**
 * The licence texts that must be distributed with the build.
 *
 * @param {ReturnType<typeof bundledPackages>} packages
 * @throws if a package has no licence file
 */
export function licencesOf(packages) {
  const texts = packages.map(({ folder, name, version, license }) => {
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    if (files.length === 0) throw new Error(`${folder} has no licence file, so it may not be bundled`);
    return [`${name} ${version} (${license})`, ...files.sort().map((file) => readFileSync(join(folder, file), "utf8"))];
  });
  const own = ["virtinst-rbd-patch, which contains the packages below", readFileSync("LICENSE", "utf8")];
  return [own, ...texts]
    .map((part) => part.map((text) => `${text.trim()}\n`).join("\n"))
    .join(`\n${"-".repeat(78)}\n\n`);
}
