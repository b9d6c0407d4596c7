// Runs behind Stryker's own setup file, in each test file of a mutation run.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, inject } from "vitest";
import { isAskedInChildren } from "./mutants.mjs";
import "./seed";

/** How often each mutant was met, by its number. */
type Hits = Record<string, number>;

/** What Stryker's instrumentation and its setup file share. */
interface Stryker {
  activeMutant?: string | undefined;
  hitLimit?: number | undefined;
  currentTestId?: string | undefined;
  mutantCoverage?: { static: Hits; perTest: Record<string, Hits> };
}

declare module "vitest" {
  interface ProvidedContext {
    globalNamespace: string;
    mode: "dry-run" | "mutant";
    activeMutant: string;
  }
}

const stryker = (globalThis as unknown as Record<string, Stryker>)[inject("globalNamespace")] as Stryker;

if (inject("mode") === "mutant") {
  // From the first import on: what a module does when it is loaded is a part of every test in the file.
  stryker.activeMutant = inject("activeMutant");
  process.env.MUTANT = inject("activeMutant");
  process.env.MUTANT_HIT_LIMIT = String(stryker.hitLimit ?? Number.MAX_SAFE_INTEGER);
} else {
  const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-mutants-"));
  const file = join(folder, "met");
  process.env.MUTANTS_MET = file;
  writeFileSync(file, "");
  /** The tests that ran all of theirs in this process. */
  const tests: string[] = [];
  stryker.mutantCoverage ??= { static: {}, perTest: {} };
  const { mutantCoverage } = stryker;

  /** Adds to some hits those of the child processes that have ended since; returns how many have. */
  const collect = (hits: Hits) => {
    const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
    for (const line of lines) {
      const met = Object.entries<number>(JSON.parse(line)).filter(([mutant]) => isAskedInChildren(mutant));
      add(hits, Object.fromEntries(met));
    }
    writeFileSync(file, "");
    return lines.length;
  };
  beforeEach(() => collect(mutantCoverage.static));
  afterEach(() => {
    const id = stryker.currentTestId as string;
    mutantCoverage.perTest[id] ??= {};
    if (collect(mutantCoverage.perTest[id]) === 0) tests.push(id);
  });
  afterAll(() => {
    // What the file's modules did when they were loaded counts for each of these tests; Stryker would run all tests of
    // all files for it, in a process of its own.
    for (const id of tests) add(mutantCoverage.perTest[id] as Hits, mutantCoverage.static);
    mutantCoverage.static = {};
    rmSync(folder, { recursive: true });
  });
}

function add(hits: Hits, more: Hits): void {
  for (const [mutant, count] of Object.entries(more)) hits[mutant] = (hits[mutant] ?? 0) + count;
}
