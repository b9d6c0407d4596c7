import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import * as v from "valibot";
import program from "../../templates/run.py";
import type { Sample } from "../patch/sample";
import { encode, type Source } from "../patch/source";
import type { HostFiles } from "../system/host-files";
import { run } from "../system/run";
import { type Installation, pythonMajor } from "./find";

/** A Python on this machine. */
export interface Python {
  readonly path: string;
  /** For messages: how it was chosen. */
  readonly reason: string;
}

/** Why there is no result of Python. */
export interface Skipped {
  /** The reason, in a sentence without its full stop. */
  readonly skipped: string;
  /** Whether a Python that works crashed during the request. */
  readonly died: boolean;
}

/**
 * Finds the Pythons that can run the patch: first the Python that runs virt-install, then others of the same major
 * version.
 *
 * @param installation if no program has an interpreter, its file decides the major version
 * @param options `python`: the only Python to use, if given; `files`: no Python of a mounted system is run
 */
export function findPythons(
  { interpreter, program, file }: Pick<Installation, "interpreter" | "program" | "file">,
  { python, files }: { readonly python?: string; readonly files: HostFiles },
): Python[] | Skipped {
  if (python !== undefined) {
    const path = lookUp(python);
    return path
      ? [{ path, reason: "--python" }]
      : { skipped: `${python}, given with --python, is not a program`, died: false };
  }
  const wanted = /python(\d)/.exec(interpreter ?? "")?.[1] ?? String(pythonMajor(file));
  const own = interpreter && !files.mounted ? lookUp(interpreter) : null;
  const found = new Map(own ? [[own, `the first line of ${program}`]] : []);
  for (const name of USUAL[wanted] ?? []) {
    const path = lookUp(name);
    // On EL 7, platform-python is a link to Python 2.
    const fits = path !== null && (name !== PLATFORM || /python3[^/]*$/.test(realpathSync(path)));
    if (fits && !found.has(path)) found.set(path, `virtinst needs Python ${wanted}`);
  }
  return found.size > 0
    ? [...found].map(([path, reason]) => ({ path, reason }))
    : { skipped: `no Python ${wanted} was found on this machine; name one with --python`, died: false };
}

/** On EL 8, this may be the only Python. */
const PLATFORM = "/usr/libexec/platform-python";
/** By major version; Debian 11 has python2.7, but no python2. */
const USUAL: Readonly<Record<string, readonly string[]>> = { 2: ["python2", "python2.7"], 3: ["python3", PLATFORM] };

/** Compiles texts with the first Python that works; for each text null, or the error and its line. */
export async function compileTexts(
  pythons: readonly Python[],
  sources: readonly Source[],
): Promise<{ readonly python: Python; readonly faults: readonly (string | null)[] } | Skipped> {
  const texts = sources.map((source) => encode(source).toString("latin1"));
  const expected = v.object({ compile: listOf(TEXT_OR_NULL, texts.length) });
  const answer = await ask(pythons, { compile: texts }, expected);
  return isSkipped(answer) ? answer : { python: answer.python, faults: answer.said.compile };
}

/**
 * Runs the injected function with the first Python that works.
 *
 * @param block the function block, from marker to marker
 * @returns `results`: the XML that the function returned for each text; `checks`: those of the sample; both empty if it
 *   raised an exception; `error`: the exception, or null; `log`: the lines that it logged; the Python and its version
 */
export async function runFunction(
  pythons: readonly Python[],
  block: string,
  texts: readonly string[],
  sample?: Sample,
) {
  const labels = sample?.disks.map(({ label }) => label);
  const request = { block, run: texts, before: sample?.before, after: sample?.after, labels };
  const run = v.object({
    results: listOf(TEXT_OR_NULL, texts.length),
    // There is a check for each disk, and at least one other check.
    checks: labels ? v.pipe(v.array(CHECK), v.minLength(labels.length + 1)) : v.optional(v.array(CHECK), []),
    log: v.array(v.string()),
  });
  const raised = v.object({ error: v.string(), log: v.array(v.string()) });
  const answer = await ask(pythons, request, v.union([raised, run]));
  if (isSkipped(answer)) return answer;
  const { python, version, said } = answer;
  return { python, version, results: [], checks: [], error: null, ...said };
}

const CHECK = v.object({ label: v.string(), passed: v.boolean(), difference: v.string() });

/** A check of `verify`: its name, whether it passed, and what is wrong (empty if it passed). */
export type Check = Readonly<v.InferOutput<typeof CHECK>>;

export function isSkipped(answer: object): answer is Skipped {
  return "skipped" in answer;
}

const TEXT_OR_NULL = v.nullable(v.string());
const GREETING = v.object({ version: v.string() });
const listOf = <T extends v.GenericSchema>(schema: T, length: number) => v.pipe(v.array(schema), v.length(length));

/** Sends a request to the first Python that works, and validates the result. After a crash, tries no other Python. */
async function ask<T>(
  pythons: readonly Python[],
  request: object,
  expected: v.GenericSchema<unknown, T>,
): Promise<{ readonly python: Python; readonly version: string; readonly said: T } | Skipped> {
  // ASCII only: the encoding of Python's standard input depends on the locale.
  const input = JSON.stringify(request).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const failures: string[] = [];
  for (const python of pythons) {
    // -E -s: import no modules of the caller's environment; the working directory is the root directory.
    const { status, stdout, why } = await run(python.path, ["-B", "-E", "-s", "-c", program], { input });
    const [greeting, said] = stdout.split("\n", 2).map(fromJson);
    if (!v.is(GREETING, greeting)) {
      failures.push(`${python.path} failed (${why || "it is not Python"})`);
      continue;
    }
    const understood = v.safeParse(expected, said);
    if (status !== 0 || !understood.success)
      return { skipped: `${python.path} crashed (${why || "it returned no result"})`, died: true };
    return { python, version: greeting.version, said: understood.output };
  }
  return { skipped: failures.join(", "), died: false };
}

/** Parses a line of JSON; undefined if it is not JSON. */
function fromJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The path of a program, given its path, or its name in PATH; null if it is not executable. */
function lookUp(name: string): string | null {
  const folders = (process.env.PATH ?? "").split(":").filter((folder) => folder.startsWith("/"));
  const candidates = name.includes("/") ? [resolve(name)] : folders.map((folder) => join(folder, name));
  return candidates.find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
