// In a child process of a test: switches on the mutant of the run, or writes down which mutants the process met.
const { appendFileSync } = require("node:fs");

const { MUTANT, MUTANT_HIT_LIMIT, MUTANTS_MET } = process.env;
const state = MUTANT ? { activeMutant: MUTANT, hitCount: 0, hitLimit: Number(MUTANT_HIT_LIMIT) } : {};
Object.assign(globalThis, { __stryker__: state });
if (MUTANTS_MET)
  process.on("exit", () => {
    const met = /** @type {any} */ (state).mutantCoverage?.static ?? {};
    appendFileSync(MUTANTS_MET, `${JSON.stringify(met)}\n`);
  });
