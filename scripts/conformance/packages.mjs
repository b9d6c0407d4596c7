import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Unusable } from "./clone.mjs";

/**
 * Reads the file that holds `_build_xml` in each of some packages.
 *
 * @param {string} folder with a folder for each package: what it has as /usr/share/virt-manager, by its version's name
 * @param {readonly string[]} files those that may hold it, newest layout first
 * @returns {import("./clone.mjs").Revision[]}
 */
export function readPackages(folder, files) {
  if (!existsSync(folder)) throw new Unusable(`${folder} is not there.`);
  return readdirSync(folder).map((version) => {
    const path = files.find((file) => sourceAt(join(folder, version, file)).includes("def _build_xml"));
    if (path === undefined) throw new Unusable(`${join(folder, version)} holds no virtinst with a _build_xml.`);
    return { name: version, path, bytes: sourceAt(join(folder, version, path)), releases: [version] };
  });
}

/** @param {string} path */
function sourceAt(path) {
  return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
}
