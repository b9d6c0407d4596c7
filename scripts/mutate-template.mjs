// Mutates lines of templates, and prints the mutants that no test kills:
//
//     npm run test:templates -- [--sample N] [FILE...]
//
// Works in a copy of the project, with the Pythons in PATH. Exits with 1 if fewer than 90 % of the mutants are killed.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** The tests of a template: those of the first entry that is a prefix of its path. @type {[string, string[]][]} */
const TESTS = [
  ["templates/function.py", ["test/patch/helper/"]],
  ["templates/hooks/", ["test/commands/hook.test.ts"]],
  ["templates/", ["test/both/", "test/patch/standalone.test.ts"]],
];
/** The changes of a line: each replaces the first match. @type {[RegExp, string][]} */
const CHANGES = [
  [/ == /, " != "],
  [/ (?:!=|[<>]=?) /, " == "],
  [/ not in /, " in "],
  [/(?<!for \w+(?:, \w+)*) in /, " not in "],
  [/ is (?!not)/, " is not "],
  [/ and /, " or "],
  [/ or /, " and "],
  [/\bnot (?!in)/, ""],
  [/\bTrue\b/, "False"],
  [/\b(?:False|None)\b/, "True"],
  [/\b\d+\b(?![\w.])/, "99"],
  [/"(?=[^"{}]+")/, '"x'],
  [/'(?=[^'{}]+')/, "'x"],
  [/^\{\{#if/, "{{#unless"],
];

const { values, positionals } = parseArgs({ options: { sample: { type: "string" } }, allowPositionals: true });
const mutants = (positionals[0] ? positionals : templates()).flatMap((file) => mutantsOf(file));
const step = Math.ceil(mutants.length / (Number(values.sample) || mutants.length));
const chosen = mutants.filter((_, at) => at % step === 0);

const copy = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-mutants-"));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(130));
cpSync(".", copy, { recursive: true, filter: (path) => !/^(?:node_modules|dist|\.git|\.report)$/.test(path) });
symlinkSync(resolve("node_modules"), join(copy, "node_modules"));

for (const file of new Set(chosen.map((one) => one.file)))
  if (!passes(file, readFileSync(file, "utf8"))) throw new Error(`The tests of ${file} fail without a mutant.`);
let killed = 0;
for (const [at, { file, text, line, from, to }] of chosen.entries()) {
  if (process.stderr.isTTY) process.stderr.write(`\r${at + 1} of ${chosen.length} `);
  if (!passes(file, text)) killed++;
  else console.log(`survived: ${file}:${line}: ${from.trim()} -> ${to.trim() || "(no line)"}`);
}
console.log(`${chosen.length} of ${mutants.length} mutants, ${killed} killed, ${chosen.length - killed} survived`);
process.exitCode = killed >= 0.9 * chosen.length ? 0 : 1;

/** All templates except documentation and the HTML report. */
function templates() {
  const names = readdirSync("templates", { recursive: true, encoding: "utf8" });
  return names.map((name) => join("templates", name)).filter((name) => /(?<!\.md|\.html)\.(?:py|hbs|yml)$/.test(name));
}

/** The mutants of a file; for Python, only those that compile. @param {string} file */
function mutantsOf(file) {
  const lines = readFileSync(file, "utf8").split("\n");
  const isPython = /\.py(?:\.hbs)?$/.test(file);
  let isText = false;
  const all = lines.flatMap((from, at) => {
    const wasText = isText;
    if (from.split('"""').length % 2 === 0) isText = !isText;
    if (wasText || isText || /^\s*(?:#|"""|\/\/|$|\{\{[!/e])/.test(from)) return [];
    const deleted = isPython ? from.replace(/\S.*/, "pass") : "";
    const changed = CHANGES.map(([pattern, by]) => from.replace(pattern, by)).filter((to) => to !== from);
    const textWith = (/** @type {string} */ to) => lines.map((line, index) => (index === at ? to : line)).join("\n");
    return [deleted, ...changed].map((to) => ({ file, line: at + 1, from, to, text: textWith(to) }));
  });
  if (!isPython) return all;
  // Python cannot parse the lines and values of the template language.
  const texts = all.map(({ text }) => text.replace(/^\{\{[#/e].*\}\}$/gm, "").replace(/\{\{.*?\}\}/g, "0"));
  const code = `import ast, json, sys
def compiles(text):
    try: return bool(ast.parse(text))
    except SyntaxError: return False
print(json.dumps([compiles(text) for text in json.load(sys.stdin)]))`;
  const { stdout } = spawnSync("python3", ["-W", "ignore", "-c", code], { input: JSON.stringify(texts) });
  const valid = JSON.parse(stdout.toString());
  return all.filter(() => valid.shift());
}

/** Whether the build and the tests of a file pass with a mutant of it. @param {string} file @param {string} text */
function passes(file, text) {
  const tests = TESTS.find(([name]) => file.startsWith(name))?.[1] ?? [];
  writeFileSync(join(copy, file), text);
  const options = { cwd: copy, env: { ...process.env, PYENV_ROOT: "none" }, timeout: 600_000 };
  const commands = [
    ["node", "scripts/build.mjs"],
    ["npx", "vitest", "run", "--project", "unit", "--bail", "1", ...tests],
  ];
  const passed = commands.every(([program = "", ...args]) => spawnSync(program, args, options).status === 0);
  cpSync(file, join(copy, file));
  return passed;
}
