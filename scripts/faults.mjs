// Runs the fault tests: a sample, or with --all everything. What else is given goes to vitest, such as a file's name.
import { spawnSync } from "node:child_process";

const words = process.argv.slice(2);
const all = words.includes("--all");
const rest = words.filter((word) => word !== "--all");
const { status } = spawnSync("npx", ["vitest", "run", "--project", "faults", ...rest], {
  stdio: "inherit",
  env: { ...process.env, FAULTS: all ? "all" : "sample" },
});
process.exit(status ?? 1);
