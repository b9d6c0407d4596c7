import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { inject } from "vitest";
import { mergePools } from "../../src/patch/merge";
import type { ResolvedPool } from "../../src/patch/pools";
import { renderFunction } from "../../src/patch/render-function";
import type { Interpreter } from "./pythons";
import { RUNS } from "./runs";

const counter = readFileSync("test/support/count.py", "utf8");
const driver = readFileSync("test/support/helper.py", "utf8");

/** Each Python that the added function supports, even if this machine does not have it. */
export const INTERPRETERS = inject("interpreters");

/** What a call is given: a text (on Python 2.7 as `unicode` and as UTF-8 `str`), bytes (as Latin-1), or another value. */
export type Value = readonly ["text" | "bytes", string] | readonly ["none" | "int" | "list" | "object", null];

/** An element, its attributes and its children, as `xml.etree` reads them. */
export type Tree = readonly [name: string, attributes: Readonly<Record<string, string>>, children: readonly Tree[]];

/** What one call gave. */
export interface Call {
  readonly raised: string | null;
  /** Level, logger and message of each line. */
  readonly log: readonly (readonly [string, string, string])[];
  /** Whether it returned the very object that it was given. */
  readonly same: boolean;
  readonly same_type: boolean;
  /** The result as text; null for another value. */
  readonly text: string | null;
  /** Whether a second call changed nothing more. */
  readonly stable: boolean;
  readonly tree?: Tree;
}

/** What a block gave: the calls in order, each in every form that the Python has for its value. */
export interface Ran {
  /** The kinds of statement in the block. */
  readonly statements: readonly string[];
  /** What the module holds afterwards. */
  readonly names: readonly string[];
  readonly calls: readonly (readonly Call[])[];
}

/** The function block for these pools, as it is added to a file. */
export function helperBlock(pools: readonly ResolvedPool[]): string {
  return renderFunction(mergePools(pools), { sha256: "0".repeat(64), modified: "1400000000.000000000" }, "");
}

/** A block, the values for it, and the `xml.etree` that it finds. */
export interface Job {
  readonly pools: readonly ResolvedPool[];
  readonly values: readonly Value[];
  /** Whether the results are wanted as trees too. */
  readonly tree?: boolean;
  /** A module that cannot be imported. */
  readonly missing?: "xml.etree" | "xml.etree.ElementTree";
  /** The source of a module in the place of `xml.etree.ElementTree`. */
  readonly standIn?: string;
}

/** Runs rendered blocks on values, all in one process. */
export function runBlocks({ path }: Interpreter, jobs: readonly Job[]): Ran[] {
  return python(
    path as string,
    driver,
    jobs.map(({ pools, values, tree = false, missing = null, standIn = null }) => ({
      block: helperBlock(pools),
      values,
      tree,
      missing,
      standIn,
    })),
  ) as Ran[];
}

/** The work that a block does with a text. */
export interface Counted {
  /** Lines, characters sliced, steps of its patterns. */
  readonly work: number;
  /** How often a pattern was given a text. */
  readonly patterns: number;
  /** Whether the counting matcher and Python's own gave the same result. */
  readonly same: boolean;
  /** Whether the block changed the text. */
  readonly changed: boolean;
}

/** Counts the work that a block does with each text, all in one process. */
export function countWork({ path }: Interpreter, pools: readonly ResolvedPool[], texts: readonly string[]): Counted[] {
  return python(path as string, counter, { block: helperBlock(pools), texts }) as Counted[];
}

function python(path: string, program: string, request: unknown): unknown {
  // ASCII only: what Python takes its standard input for depends on the locale.
  const input = JSON.stringify(request).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const { status, stdout, stderr, error } = spawnSync(path, ["-B", "-E", "-s", "-c", program], {
    input,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    // A pattern that backtracks badly would keep the tests waiting for ever.
    timeout: RUNS(120_000, 1_200_000),
  });
  if (status !== 0) throw new Error(`${path}: ${error?.message ?? stderr}`);
  return JSON.parse(stdout);
}
