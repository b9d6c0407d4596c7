// Mutates the function that is injected into virtinst (templates/function.py.hbs), and counts how many of the mutants its
// own tests (test/patch/helper) kill. The template's file stays as it is: vitest is given another text for it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { BaseSequencer, createVitest } from "vitest/node";
import { templateModule, vitePlugin } from "./templates.mjs";

const TEMPLATE = resolve("templates/function.py.hbs");
/** One Python of each major version: the others differ in nothing that a mutant changes, and each takes its time. */
const PYTHONS = ["2.7", "3.11"];
const GOAL = 0.9;
/** The tests that take longest: they are asked what no other test knows. */
const SLOW = ["values", "failures", "random", "growth"];

class QuickFirst extends BaseSequencer {
  /**
   * @override
   * @param {import("vitest/node").TestSpecification[]} files
   */
  async sort(files) {
    const rank = (/** @type {string} */ file) => SLOW.findIndex((name) => file.endsWith(`${name}.test.ts`));
    return [...files].sort((a, b) => rank(a.moduleId) - rank(b.moduleId));
  }
}

const template = readFileSync(TEMPLATE, "utf8");
let current = template;

const chosen = process.argv.slice(2).map(Number);
const mutants = templateMutants(template).filter((_, index) => chosen.length === 0 || chosen.includes(index + 1));
const vitest = await createVitest(
  "test",
  {
    config: false,
    root: process.cwd(),
    include: ["test/patch/helper/**/*.test.ts"],
    setupFiles: [resolve("scripts/mutation/seed.ts")],
    testTimeout: 120_000,
    watch: false,
    bail: 1,
    maxWorkers: 1,
    sequence: { sequencer: QuickFirst },
    reporters: [{}],
    provide: { interpreters: interpreters() },
  },
  {
    plugins: [
      {
        name: "mutant",
        enforce: "pre",
        load: (id) => (id === TEMPLATE ? templateModule(current) : null),
      },
      vitePlugin,
    ],
  },
);
/** @type {string[]} */
const survivors = [];
try {
  if (!(await passes(template))) throw new Error("The tests fail without any mutant.");
  for (const [index, { from, to, text, what }] of mutants.entries()) {
    const line = template.slice(0, from).split("\n").length;
    const name = `${index + 1}: line ${line}: ${what}: ${JSON.stringify(template.slice(from, to))} -> ${JSON.stringify(text)}`;
    const killed = !(await passes(template.slice(0, from) + text + template.slice(to)));
    if (!killed) survivors.push(name);
    if (process.stdout.isTTY || !killed) console.log(`${killed ? "killed  " : "survived"} ${name}`);
  }
} finally {
  await vitest.close();
}
const killed = mutants.length - survivors.length;
for (const name of survivors) console.log(`survived ${name}`);
console.log(`${mutants.length} mutants, ${killed} killed, ${survivors.length} survived`);
process.exit(killed >= GOAL * mutants.length ? 0 : 1);

/**
 * Whether the tests pass with a text in the template's place.
 *
 * @param {string} text
 */
async function passes(text) {
  current = text;
  vitest.invalidateFile(TEMPLATE);
  vitest.state.filesMap.clear();
  vitest.state.clearErrors();
  await vitest.start();
  return vitest.state.getCountOfFailedTests() === 0 && vitest.state.getUnhandledErrors().length === 0;
}

/**
 * The faults for the function, and for the conditions of the template.
 *
 * @param {string} text
 */
function templateMutants(text) {
  // For Python's grammar a value is a text of the same length, and a line of the template's own is empty.
  const begin = text.indexOf("def _virtinst_rbd_patch");
  const python = text
    .replace(/^\{\{[#/e].*\}\}$/gm, (line) => " ".repeat(line.length))
    .replace(/\{\{.*?\}\}/g, (value) => `"${"x".repeat(value.length - 2)}"`);
  const values = [...text.matchAll(/\{\{.*?\}\}/g)].map(({ index, 0: value }) => ({
    from: index,
    to: index + value.length,
  }));
  const isFixed = (/** @type {number} */ from, /** @type {number} */ to) =>
    from < begin || values.some((value) => value.from < to && from < value.to);
  const conditions = [...text.matchAll(/\{\{#if (\w+)\}\}([\s\S]*?)\{\{\/if\}\}/g)].map(
    ({ index, 0: whole, 1: of, 2: inner }) => ({
      from: index,
      to: index + whole.length,
      text: `{{#unless ${of}}}${inner}{{/unless}}`,
      what: "a condition of the template the other way round",
    }),
  );
  const encodings = [...text.matchAll(/\(xml ([\w.]+)\)/g)].map(({ index, 0: whole, 1: value = "" }) => ({
    from: index,
    to: index + whole.length,
    text: value,
    what: "a value that is not encoded",
  }));
  const inPython = pythonMutants(python).filter(({ from, to }) => !isFixed(from, to));
  return [...inPython, ...conditions, ...encodings].sort((a, b) => a.from - b.from);
}

/**
 * The faults for Python code.
 *
 * @param {string} python
 * @returns {{ from: number, to: number, text: string, what: string }[]}
 */
function pythonMutants(python) {
  const { status, stdout, stderr } = spawnSync("python3", ["scripts/mutation/python_mutants.py"], {
    input: python,
    encoding: "utf8",
    maxBuffer: 1e8,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** The Pythons that the tests are run on. */
function interpreters() {
  return PYTHONS.map((version) => {
    const { stdout } = spawnSync(`python${version}`, ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });
    return { version, path: stdout?.trim() || null };
  });
}
