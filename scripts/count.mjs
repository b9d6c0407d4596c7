// node scripts/count.mjs REPORT... [--failed=STEP]... adds up vitest's reports and the failed steps of the gate. Prints
// the names of skipped and failed tests, then the counts in the last two lines. Exits with 1 if a test or step failed or
// a report is missing. A test that is in several reports counts once: as failed if it failed in one report, else as
// passed if it passed in one report.
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

/** @typedef {"passed" | "failed" | "skipped"} Outcome */
const RANK = { skipped: 0, passed: 1, failed: 2 };
/** The outcome of each test, and the line that names it. @type {Map<string, { outcome: Outcome, line: string }>} */
const tests = new Map();

/** @param {string} key @param {Outcome} outcome @param {string} line */
function add(key, outcome, line) {
  const known = tests.get(key);
  if (!known || RANK[outcome] > RANK[known.outcome]) tests.set(key, { outcome, line });
}

const { values, positionals } = parseArgs({
  options: { failed: { type: "string", multiple: true, default: [] } },
  allowPositionals: true,
});

for (const report of positionals) {
  if (!existsSync(report)) {
    add(report, "failed", `${report} is missing: its tests did not run to their end.`);
    continue;
  }
  const { testResults, numPassedTests } = JSON.parse(readFileSync(report, "utf8"));
  if (!numPassedTests) add(`${report} none`, "failed", `${report}: no test passed.`);
  for (const { assertionResults, status, name: file } of testResults) {
    if (status === "failed" && assertionResults.length === 0) add(`${report} ${file}`, "failed", file);
    /** How often each name occurred: tests of a file may have the same name. @type {Map<string, number>} */
    const met = new Map();
    for (const { fullName, status: outcome, failureMessages = [] } of assertionResults) {
      const times = (met.get(fullName) ?? 0) + 1;
      met.set(fullName, times);
      const key = `${file} ${fullName} ${times}`;
      const message = failureMessages.join(" ").split("\n", 1)[0].slice(0, 300);
      if (outcome === "failed") add(key, outcome, `${fullName}: ${message}`);
      else if (outcome === "pending") add(key, "failed", `${fullName}: it did not end.`);
      else add(key, outcome === "passed" ? outcome : "skipped", fullName);
    }
  }
}
for (const step of values.failed) add(`step ${step}`, "failed", `step: ${step}`);

const counts = { passed: 0, failed: 0, skipped: 0 };
for (const { outcome } of tests.values()) counts[outcome]++;
for (const { outcome, line } of tests.values()) if (outcome === "skipped") console.log(`not run: ${line}`);
// Print failed tests last: the beginning of a log may be cut off.
for (const { outcome, line } of tests.values()) if (outcome === "failed") console.log(`failed: ${line}`);
console.log(`${counts.skipped} skipped`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
