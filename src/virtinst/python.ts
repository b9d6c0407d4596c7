import { accessSync, constants, statSync } from "node:fs";
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

/** What the helper made of one XML text. */
export interface HelperResult {
  readonly xml: string | null;
  /** Whether a second call changed nothing more. */
  readonly stable: boolean;
  /** Whether it made the same of `unicode` as of `str`, on Python 2.7. */
  readonly same_text: boolean;
}

/** What running a helper block gave. */
export interface HelperRun {
  readonly python: Python;
  /** In the order of the texts; empty where the block itself failed. */
  readonly results: readonly HelperResult[];
  /** The lines that it logged. */
  readonly log: readonly string[];
  /** The Python's version, such as 2.7. */
  readonly version: string;
  /** What the block raised, if it did. */
  readonly error: string | null;
}

/** Why something could not be asked of Python, in a sentence without its full stop. */
export interface NotRun {
  readonly notRun: string;
}

/**
 * The Pythons that may stand for the one that runs virt-install, best first.
 *
 * @param installation where virtinst is
 * @param major the major version that its layout needs, where no program names an interpreter
 * @param options `python`, a path that was asked for, and then the only one; `files`, the host's file system: the
 *   programs of a mounted one are not run, a Python of the same major version on this machine stands in
 */
export function findPythons(
  { interpreter, program }: Pick<Installation, "interpreter" | "program">,
  major: 2 | 3,
  { python, files }: { readonly python?: string; readonly files: HostFiles },
): Python[] | NotRun {
  if (python !== undefined) {
    const path = lookUp(python);
    return path ? [{ path, reason: "--python" }] : { notRun: `${python}, given with --python, is not a program` };
  }
  const wanted = /python(\d)/.exec(interpreter ?? "")?.[1] ?? String(major);
  // Debian 11 has no python2 beside its python2.7.
  const names = [`python${wanted}`, ...(wanted === "2" ? ["python2.7"] : [])];
  const own = interpreter && !files.mounted ? lookUp(interpreter) : null;
  const found = [
    ...(own ? [{ path: own, reason: `the first line of ${program}` }] : []),
    ...names.flatMap((name) => lookUp(name) ?? []).map((path) => ({ path, reason: `virtinst needs Python ${wanted}` })),
  ].filter(({ path }, index, all) => all.findIndex((other) => other.path === path) === index);
  return found.length > 0 ? found : { notRun: `no Python ${wanted} was found on this machine; name one with --python` };
}

/**
 * Compiles Python texts, in one process.
 *
 * @param pythons the first of them that works is used
 * @returns for each text null, or what is wrong with it and in which line
 */
export function compileTexts(
  pythons: readonly Python[],
  sources: readonly Source[],
  name: string,
): { readonly python: Python; readonly faults: readonly (string | null)[] } | NotRun {
  const answer = ask(pythons, { compile: sources.map((source) => encode(source).toString("latin1")), name });
  return isNotRun(answer) ? answer : { python: answer.python, faults: answer.compile ?? [] };
}

/**
 * Runs a helper block on XML texts.
 *
 * @param pythons the first of them that works is used
 * @param helper the block's text, from marker to marker
 */
export function runHelper(
  pythons: readonly Python[],
  helper: string,
  texts: readonly (string | null)[],
): HelperRun | NotRun {
  const answer = ask(pythons, { block: helper, run: texts });
  if (isNotRun(answer)) return answer;
  const { python, version, results = [], log = [], error = null } = answer;
  return { python, version, results, log, error };
}

/** Tells a refusal from an answer. */
export function isNotRun(answer: object): answer is NotRun {
  return "notRun" in answer;
}

/** What `templates/run.py` answers. */
interface Answer {
  readonly python: Python;
  readonly version: string;
  readonly compile?: readonly (string | null)[];
  readonly results?: readonly HelperResult[];
  readonly log?: readonly string[];
  readonly error?: string;
}

function ask(pythons: readonly Python[], request: object): Answer | NotRun {
  // ASCII only: what Python takes its standard input for depends on the locale.
  const input = JSON.stringify(request).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const failures: string[] = [];
  for (const python of pythons) {
    // -E -s: no module of the caller's environment is imported; the working folder is the root folder.
    const { status, stdout, stderr, fault } = run(python.path, ["-B", "-E", "-s", "-c", program], { input });
    const answer = status === 0 ? parsed(stdout) : null;
    if (answer) return { ...answer, python };
    failures.push(`${python.path} failed (${fault ?? (stderr.trim().split("\n").at(-1) || "it is no Python")})`);
  }
  return { notRun: failures.join(", ") };
}

function parsed(json: string): Omit<Answer, "python"> | null {
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
