import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The file of each mutant, relative to src, by the mutant's number: what Stryker wrote into the sources. */
const MUTATED = new Map(
  readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) =>
      [...readFileSync(join("src", name), "utf8").matchAll(/stryMutAct_\w+\("(\d+)"\)/g)].map(
        ([, mutant]) => /** @type {const} */ ([/** @type {string} */ (mutant), name]),
      ),
    ),
);

/** @param {unknown} mutant its number */
export const fileOf = (mutant) => MUTATED.get(String(mutant)) ?? "";

// What asks the system or another program; all else has tests that call it.
const ASKS = /^system\/|^host\/(?:virsh|etc|read)\.|^virtinst\/(?:find|python|target|virt-install)\./;

/**
 * Whether a test is asked about a mutant that it meets: those of the mutated file's own folder are; those that run the
 * built tool only where no test can do without the system. So each folder has to be held by its own tests, and a mutant
 * that survives does not run all tests that there are.
 *
 * @param {string} mutant its number
 * @param {string} test a test's file, behind `test/`
 * @param {boolean} inChild whether the built tool met it, in a process of its own
 */
export function isAsked(mutant, test, inChild) {
  const file = fileOf(mutant);
  return inChild ? ASKS.test(file) : file.split("/")[0] === test.split("/")[0];
}
