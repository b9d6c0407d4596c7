// Adds up vitest's reports: what was not run and what failed, by name, and a last line with the counts. Exits 1 where one is missing.
import { existsSync, readFileSync } from "node:fs";

/** Said last: a log may be cut at its beginning. @type {string[]} */
const failed = [];
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const file of process.argv.slice(2)) {
  if (!existsSync(file)) {
    console.log(`${file} is missing: its tests did not run to their end.`);
    counts.failed++;
    continue;
  }
  const { testResults } = JSON.parse(readFileSync(file, "utf8"));
  for (const { assertionResults, status, name } of testResults) {
    if (status === "failed" && assertionResults.length === 0) {
      failed.push(name);
      counts.failed++;
    }
    for (const { fullName, status: outcome, failureMessages = [] } of assertionResults) {
      if (outcome === "passed") counts.passed++;
      else if (outcome === "failed") {
        counts.failed++;
        failed.push(`${fullName}: ${failureMessages.join(" ").split("\n", 1)[0].slice(0, 300)}`);
      } else {
        counts.skipped++;
        console.log(`not run: ${fullName}`);
      }
    }
  }
}
for (const one of failed) console.log(`failed: ${one}`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
