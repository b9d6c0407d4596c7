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
 * Whether the tests that run the built tool are asked about a mutant. There are hundreds of these runs, and what needs no
 * system to be tested has to be held by tests of its own.
 *
 * @param {string} mutant its number
 */
export const isAskedInChildren = (mutant) => ASKS.test(fileOf(mutant));
