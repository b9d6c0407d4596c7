import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** The rooms of src/ and what each imports, as a Mermaid picture; what follows from two other arrows is left out. */
export function flow() {
  const files = sources("src");
  const room = (/** @type {string} */ path) => /** @type {string} */ (path.split(/[/.]/)[0]);
  /** @type {Map<string, Set<string>>} */
  const arrows = new Map(files.map((file) => [room(file), new Set()]));
  for (const file of files) {
    const text = readFileSync(join("src", file), "utf8");
    for (const [, path = ""] of text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
      const to = room(normalize(join(dirname(file), path)));
      if (to !== room(file) && arrows.has(to)) arrows.get(room(file))?.add(to);
    }
  }
  /** @type {(from: string, to: string, without: string) => boolean} */
  const reaches = (from, to, without) =>
    [...(arrows.get(from) ?? [])].some((next) => next !== without && (next === to || reaches(next, to, "")));
  const lines = [...arrows].flatMap(([from, all]) =>
    [...all]
      .filter((to) => !reaches(from, to, to))
      .sort()
      .map((to) => `  ${from} --> ${to}`),
  );
  return ["```mermaid", "flowchart LR", ...lines.sort(), "```", ""].join("\n");
}

/** The TypeScript below a folder, relative to it. @param {string} folder @returns {string[]} */
function sources(folder, below = "") {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name);
    if (entry.isDirectory()) return sources(folder, path);
    return /(?<!\.d)\.ts$/.test(path) ? [path] : [];
  });
}
