// Adds up vitest's reports: what was not run, by name, and a last line with the counts. Exits 1 where one is missing.
import { existsSync, readFileSync } from "node:fs";

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
      console.log(`failed: ${name}`);
      counts.failed++;
    }
    for (const { fullName, status: outcome } of assertionResults) {
      if (outcome === "passed") counts.passed++;
      else if (outcome === "failed") counts.failed++;
      else {
        counts.skipped++;
        console.log(`not run: ${fullName}`);
      }
    }
  }
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
