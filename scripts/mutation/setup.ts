// Runs behind Stryker's own setup file, in each test file of a mutation run.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, afterEach, beforeEach, inject } from "vitest";
import { isAsked } from "./mutants.mjs";

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

  /** How often the child processes that have ended since met each mutant; null where none has. */
  const collect = () => {
    const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
    writeFileSync(file, "");
    const hits: Hits = {};
    for (const line of lines) add(hits, JSON.parse(line));
    return lines.length > 0 ? hits : null;
  };
  // What ran before the first test, or between two, belongs to none.
  beforeEach(collect);
  afterEach(() => {
    const id = stryker.currentTestId as string;
    const hits = chosen(mutantCoverage.perTest[id] ?? {}, id, false);
    const inChildren = collect();
    if (inChildren) add(hits, chosen(inChildren, id, true));
    else tests.push(id);
    mutantCoverage.perTest[id] = hits;
  });
  afterAll(() => {
    // What the file's modules did when they were loaded counts for each of these tests; Stryker would run all tests of
    // all files for it, in a process of its own.
    for (const id of tests) add(mutantCoverage.perTest[id] as Hits, chosen(mutantCoverage.static, id, false));
    mutantCoverage.static = {};
    rmSync(folder, { recursive: true });
  });
}

/** Those that a test is asked about; its name begins with the path of its file. */
function chosen(hits: Hits, id: string, inChild: boolean): Hits {
  const test = relative("test", id.slice(0, id.indexOf("#")));
  return Object.fromEntries(Object.entries(hits).filter(([mutant]) => isAsked(mutant, test, inChild)));
}

function add(hits: Hits, more: Hits): void {
  for (const [mutant, count] of Object.entries(more)) hits[mutant] = (hits[mutant] ?? 0) + count;
}
