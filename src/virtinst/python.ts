import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import program from "../../templates/run.py";
import { encode, type Source } from "../patch/source";
import type { HostFiles } from "../system/host-files";
import { run } from "../system/run";
import type { Installation } from "./find";

/** A Python on this machine. */
export interface Python {
  readonly path: string;
  /** For messages: how it was chosen. */
  readonly reason: string;
}

/** What the function made of one XML text. */
export interface HelperResult {
  readonly xml: string | null;
  /** Whether a second call changed nothing more. */
  readonly stable: boolean;
  /** Whether the result for `unicode` is that for `str`, on Python 2.7. */
  readonly same_text: boolean;
}

/** The result of running the function. */
export interface HelperRun {
  readonly python: Python;
  /** In the order of the texts; empty if it raised an exception. */
  readonly results: readonly HelperResult[];
  /** The lines that it logged. */
  readonly log: readonly string[];
  /** The Python's version, such as 2.7. */
  readonly version: string;
  /** The exception that it raised; null if it did not. */
  readonly error: string | null;
}

/** Why Python gave no answer. */
export interface Skipped {
  /** In a sentence without its full stop. */
  readonly skipped: string;
  /** Whether a Python that works crashed over the request. */
  readonly died: boolean;
}

/**
 * The Pythons that can stand in for the one that runs virt-install, best first.
 *
 * @param installation where virtinst is
 * @param major the major version that its layout needs, if no program names an interpreter
 * @param options `python`: the only one, if it is given; `files`: nothing of a mounted system is run
 */
export function findPythons(
  { interpreter, program }: Pick<Installation, "interpreter" | "program">,
  major: 2 | 3,
  { python, files }: { readonly python?: string; readonly files: HostFiles },
): Python[] | Skipped {
  if (python !== undefined) {
    const path = lookUp(python);
    return path
      ? [{ path, reason: "--python" }]
      : { skipped: `${python}, given with --python, is not a program`, died: false };
  }
  const wanted = /python(\d)/.exec(interpreter ?? "")?.[1] ?? String(major);
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

/**
 * Compiles Python texts, in one process.
 *
 * @param pythons the first of them that works is used
 * @returns for each text null, or what is wrong with it and in which line
 */
export async function compileTexts(
  pythons: readonly Python[],
  sources: readonly Source[],
  name: string,
): Promise<{ readonly python: Python; readonly faults: readonly (string | null)[] } | Skipped> {
  const texts = sources.map((source) => encode(source).toString("latin1"));
  const answer = await ask<{ compile: readonly (string | null)[] }>(pythons, { compile: texts, name });
  return isSkipped(answer) ? answer : { python: answer.python, faults: answer.said.compile };
}

/**
 * Runs the function of the patch on XML texts.
 *
 * @param pythons the first of them that works is used
 * @param block the function block, from marker to marker
 */
export async function runHelper(
  pythons: readonly Python[],
  block: string,
  texts: readonly (string | null)[],
): Promise<HelperRun | Skipped> {
  const answer = await ask<Pick<HelperRun, "log"> & Partial<HelperRun>>(pythons, { block, run: texts });
  if (isSkipped(answer)) return answer;
  const { results = [], log, error = null } = answer.said;
  return { python: answer.python, version: answer.version, results: error === null ? results : [], log, error };
}

/** Whether there is no answer. */
export function isSkipped(answer: object): answer is Skipped {
  return "skipped" in answer;
}

/** What `templates/run.py` said, and which Python ran it. */
interface Answer<T> {
  readonly python: Python;
  readonly version: string;
  readonly said: T;
}

/** Asks the first Python that works. If one crashes over the request, no other is asked. */
async function ask<T>(pythons: readonly Python[], request: object): Promise<Answer<T> | Skipped> {
  // ASCII only: what Python takes its standard input for depends on the locale.
  const input = JSON.stringify(request).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const failures: string[] = [];
  for (const python of pythons) {
    // -E -s: no module of the caller's environment is imported; the working directory is the root directory.
    const { status, stdout, why } = await run(python.path, ["-B", "-E", "-s", "-c", program], { input });
    const [greeting = "", answer = ""] = stdout.split("\n");
    const version = parse<{ version?: string }>(greeting)?.version;
    const said = status === 0 ? parse<T>(answer) : null;
    if (version && said) return { python, version, said };
    if (version) return { skipped: `${python.path} died over it (${why || "it gave no answer"})`, died: true };
    failures.push(`${python.path} failed (${why || "it is no Python"})`);
  }
  return { skipped: failures.join(", "), died: false };
}

/** What a line of JSON says; null if it is not JSON. */
function parse<T>(json: string): T | null {
  try {
    return JSON.parse(json);
  } catch {
    return null;
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
