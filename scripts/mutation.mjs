// Mutation tests: Stryker on the sources, then scripts/mutate-template.mjs on the injected function. Words on the command
// line go to Stryker (`npm run test:mutation -- --mutate src/patch/strip.ts`), and leave the function out.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const GOAL = 90;
const words = process.argv.slice(2);

/**
 * Runs a program to its end. A tool with a fault may write anywhere, so where root runs this, it sees the system's own
 * folders as read-only.
 *
 * @param {string[]} command
 */
function run(command) {
  const sealed = ["/usr", "/etc", "/var/lib"].map(
    (path) => `mount --bind ${path} ${path} && mount -o remount,ro,bind ${path}`,
  );
  const [program = "", ...rest] =
    process.getuid?.() === 0
      ? ["unshare", "--mount", "sh", "-c", `${sealed.join(" && ")} && exec "$@"`, "sh", ...command]
      : command;
  return spawnSync(program, rest, { stdio: "inherit" }).status ?? 1;
}

let status = run(["npx", "stryker", "run", ...words]);
/** @type {{ files: Record<string, { mutants: { status: string }[] }> }} */
const { files } = JSON.parse(readFileSync(".report/mutation.json", "utf8"));
const folders = new Set(Object.keys(files).map((file) => file.split("/").slice(0, 2).join("/")));
for (const folder of folders) {
  const mutants = Object.entries(files).flatMap(([file, { mutants: own }]) =>
    file.startsWith(`${folder}/`) ? own : [],
  );
  const valid = mutants.filter((one) => ["Killed", "Timeout", "Survived", "NoCoverage"].includes(one.status));
  const killed = valid.filter((one) => ["Killed", "Timeout"].includes(one.status)).length;
  const score = (100 * killed) / valid.length;
  if (score < GOAL) status ||= 1;
  console.log(`${folder}: ${valid.length} mutants, ${killed} killed, ${score.toFixed(1)} %`);
}
if (words.length === 0) status ||= run(["node", "scripts/mutate-template.mjs"]);
process.exit(status);
