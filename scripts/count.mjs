// node scripts/count.mjs REPORT... [--failed=STEP]... [--skipped=STEP]... adds up vitest's reports and the gate's steps.
// Prints the names of skipped and failed tests, then the counts in the last two lines. Exits with 1 if something failed
// or a report is missing. A test that is in several reports counts once: as failed if it failed in one, else as passed
// if it passed in one.
import { readFileSync } from "node:fs";
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

/** A report of vitest; empty if it is missing or cut off. @param {string} path */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return {};
  }
}

/** @type {{ type: "string", multiple: true, default: string[] }} */
const steps = { type: "string", multiple: true, default: [] };
const { values, positionals } = parseArgs({ options: { failed: steps, skipped: steps }, allowPositionals: true });

for (const report of positionals) {
  const { testResults = [], numPassedTests = 0, numFailedTests = 0, success = false } = read(report);
  if (numPassedTests === 0 || (!success && numFailedTests === 0))
    add(report, "failed", `${report}: no test passed, it is not complete, or something outside of a test failed.`);
  for (const { assertionResults, status: ended, name: file } of testResults) {
    // For example, a hook failed: its tests count as skipped.
    const hasFailed = assertionResults.some((/** @type {{ status: string }} */ one) => one.status === "failed");
    if (ended === "failed" && !hasFailed) add(`${report} ${file}`, "failed", file);
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
for (const outcome of /** @type {const} */ (["failed", "skipped"]))
  for (const step of values[outcome]) add(`step ${step}`, outcome, `step: ${step}`);

const counts = { passed: 0, failed: 0, skipped: 0 };
for (const { outcome } of tests.values()) counts[outcome]++;
for (const { outcome, line } of tests.values()) if (outcome === "skipped") console.log(`not run: ${line}`);
// Print failed tests last: the beginning of a log may be cut off.
for (const { outcome, line } of tests.values()) if (outcome === "failed") console.log(`failed: ${line}`);
console.log(`${counts.skipped} skipped`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
