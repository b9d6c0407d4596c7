import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { BaseSequencer } from "vitest/node";
import { fileOf } from "./mutants.mjs";

/**
 * Runs the test file that mirrors the mutated one first, then those of its folder that run no child process, so that most
 * mutants are killed at once.
 */
export class NearestFirst extends BaseSequencer {
  /**
   * @override
   * @param {import("vitest/node").TestSpecification[]} files
   */
  async sort(files) {
    const mutated = fileOf(this.ctx.getRootProject().getProvidedContext().activeMutant);
    return files
      .map((file) => ({ file, rank: rank(relative(".", file.moduleId), mutated) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ file }) => file);
  }
}

/**
 * @param {string} test a test file
 * @param {string} mutated the mutated file, relative to src
 */
function rank(test, mutated) {
  const folder = mutated.slice(0, mutated.indexOf("/") + 1);
  const name = mutated.replace(/\.ts$/, "");
  const runs = readFileSync(test, "utf8").split(/\b(?:cli|execFileSync|spawnSync)\(/).length - 1;
  if (test.startsWith(`test/${name}.`) || test.startsWith(`test/${name}-`)) return runs - 2000;
  return test.startsWith(`test/${folder}`) && runs === 0 ? -1000 : runs;
}
