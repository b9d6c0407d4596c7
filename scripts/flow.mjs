import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** The imports between the directories of src/, as a Mermaid diagram without the arrows that follow from two others. */
export function flow() {
  const nodeOf = (/** @type {string} */ path) => path.split(/[/.]/)[0] ?? "";
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((path) => /(?<!\.d)\.ts$/.test(path));
  /** @type {Map<string, Set<string>>} */
  const arrows = new Map(files.map((file) => [nodeOf(file), new Set()]));
  for (const file of files)
    for (const [, path = ""] of readFileSync(join("src", file), "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
      const to = nodeOf(normalize(join(dirname(file), path)));
      if (to !== nodeOf(file) && arrows.has(to)) arrows.get(nodeOf(file))?.add(to);
    }
  /** @type {(from: string, to: string, without: string) => boolean} */
  const reaches = (from, to, without) =>
    [...(arrows.get(from) ?? [])].some((next) => next !== without && (next === to || reaches(next, to, "")));
  const lines = [...arrows].flatMap(([from, all]) =>
    [...all].filter((to) => !reaches(from, to, to)).map((to) => `  ${from} --> ${to}`),
  );
  return ["```mermaid", "flowchart LR", ...lines.sort(), "```", ""].join("\n");
}
