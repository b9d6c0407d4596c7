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

/** Why Python gave no answer. */
export interface Skipped {
  /** In a sentence without its full stop. */
  readonly skipped: string;
  /** Whether a Python that works crashed over the request. */
  readonly died: boolean;
}

/**
 * The Pythons to use instead of the one that runs virt-install, or that one itself; best first.
 *
 * @param installation its file tells the major version, if no program names an interpreter
 * @param options `python`: the only one, if it is given; `files`: nothing of a mounted system is run
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

/** EL 8 may have no other Python. */
const PLATFORM = "/usr/libexec/platform-python";
/** By major version; Debian 11 has python2.7, but no python2. */
const USUAL: Readonly<Record<string, readonly string[]>> = { 2: ["python2", "python2.7"], 3: ["python3", PLATFORM] };

/** Compiles texts with the first Python that works; for each null, or what is wrong with it and in which line. */
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
 * @returns the XML that it returned for each text and the checks of the sample, empty if it raised; the exception, null
 *   if it did not; the lines that it logged; the Python and its version, such as 2.7
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
    // Beside those of the disks, there are some of the rest.
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

/** One thing that was looked at: what holds if it passed, and what is wrong; empty if it passed. */
export type Check = Readonly<v.InferOutput<typeof CHECK>>;

/** Whether there is no answer. */
export function isSkipped(answer: object): answer is Skipped {
  return "skipped" in answer;
}

const TEXT_OR_NULL = v.nullable(v.string());
const GREETING = v.object({ version: v.string() });
const listOf = <T extends v.GenericSchema>(schema: T, length: number) => v.pipe(v.array(schema), v.length(length));

/** Asks the first Python that works; anything but what is expected is no answer. If one crashes, no other is asked. */
async function ask<T>(
  pythons: readonly Python[],
  request: object,
  expected: v.GenericSchema<unknown, T>,
): Promise<{ readonly python: Python; readonly version: string; readonly said: T } | Skipped> {
  // ASCII only: what Python takes its standard input for depends on the locale.
  const input = JSON.stringify(request).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const failures: string[] = [];
  for (const python of pythons) {
    // -E -s: no module of the caller's environment is imported; the working directory is the root directory.
    const { status, stdout, why } = await run(python.path, ["-B", "-E", "-s", "-c", program], { input });
    const [greeting, said] = stdout.split("\n", 2).map(fromJson);
    if (!v.is(GREETING, greeting)) {
      failures.push(`${python.path} failed (${why || "it is no Python"})`);
      continue;
    }
    const understood = v.safeParse(expected, said);
    if (status !== 0 || !understood.success)
      return { skipped: `${python.path} crashed (${why || "it gave no answer"})`, died: true };
    return { python, version: greeting.version, said: understood.output };
  }
  return { skipped: failures.join(", "), died: false };
}

/** What a line of JSON says; nothing if it is something else. */
function fromJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** A program by its path, or by its name in PATH. */
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
