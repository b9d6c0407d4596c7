import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../failure";
import type { HostFiles } from "../system/host-files";

/** A `virt-install`, and where its Python searches for `virtinst`. */
export interface Program {
  /** The Python that runs the script: a path, or a name in PATH. */
  readonly interpreter: string;
  /** The Python script, without symbolic links. */
  readonly script: string;
  /** The directories on the host that Python searches, in order. */
  readonly folders: readonly string[];
}

/** The hint if virtinst is not found, or if it is unknown which one is used. */
export const PASS_IT = "Pass the directory that contains the virtinst package with --virtinst.";

/** A statement that changes `sys.path`. */
const CHANGES = /(?<![^\n])(?:[^#\n"']*[^#\n"'A-Za-z0-9_])?sys\.path[ \t]*(?:\.[a-z]+\(|\[|\+?=)/g;
/** The statements that can be evaluated: `insert(0, …)` with a literal, or with the directory of the script. */
const ADDED =
  /^[ \t\r\n]*0[ \t\r\n]*,[ \t\r\n]*(?:(["'])([^"'\\\n]+)\1[ \t\r\n]*|(?:os\.path\.(?:abspath|realpath)\([ \t\r\n]*)*os\.path\.dirname\([ \t\r\n]*(?:os\.path\.(?:abspath|realpath)\([ \t\r\n]*)*__file__[ \t\r\n)]*)(?:,[ \t\r\n]*)?\)[ \t]*(?:[#;\r\n]|$)/;

/** The paths of the `virt-install` programs of a host. A shell runs the first one. */
export function findPrograms(files: HostFiles): string[] {
  const path = files.mounted ? [] : (process.env.PATH ?? "").split(":").filter((folder) => folder.startsWith("/"));
  const found = new Map<string, string>();
  for (const folder of [...path, "/usr/local/bin", "/usr/bin"]) {
    const named = join(folder, "virt-install");
    const real = realPath(named, files);
    if (real !== null && !found.has(real)) found.set(real, named);
  }
  return [...found.values()];
}

/** The path of a program without symbolic links. Ignores directories in PATH that cannot be searched, like a shell. */
function realPath(path: string, files: HostFiles): string | null {
  try {
    return files.locateFile(path)?.inside ?? null;
  } catch (error) {
    if (files.mounted) throw error;
    return null;
  }
}

/**
 * Reads a `virt-install` as text: a Python script with `sys.path.insert` lines, or a shell wrapper that runs a Python
 * script with `exec /…/virt-install`. The standalone script follows the same rules (`read_program`).
 *
 * @param depth the number of wrappers so far
 * @throws Failure (target) if the program is something else, so that it is unknown which virtinst it uses
 */
export function readProgram(path: string, files: HostFiles, depth = 0): Program {
  const unknown = (line: string) =>
    new Failure("target", `It is unknown which virtinst ${files.shown(path)} uses${line}.`, PASS_IT);
  const text = (files.readText(path) ?? "").slice(0, 65536);
  // Paths with a NUL, or with bytes that are not UTF-8, are not supported.
  if (text.includes("\0")) throw unknown("");
  const [, shebang = ""] = /^#!([^\n]*)/.exec(text) ?? [];
  const words = pathOf(shebang)
    .split(/[ \t\r]+/)
    .filter((word) => word !== "" && basename(word) !== "env" && !/^-|=/.test(word));
  const [interpreter] = words;
  if (interpreter === undefined) throw unknown("");
  if (!/^(?:platform-)?python[0-9.]*$/.test(basename(interpreter))) {
    const wrapped = wrappedProgram(text);
    if (wrapped === undefined || depth > 4) throw unknown("");
    return readProgram(pathOf(wrapped), files, depth + 1);
  }
  const script = files.locate(path)?.inside ?? path;
  const own = dirname(script);
  const folders = [own];
  for (const { index, 0: call } of text.matchAll(CHANGES)) {
    const end = index + call.length;
    const added = call.endsWith(".insert(") ? ADDED.exec(text.slice(end)) : null;
    if (!added) throw unknown(`: line ${text.slice(0, end).split("\n").length} changes sys.path`);
    // Python searches the directory that was inserted last first.
    folders.unshift(resolve(own, pathOf(added[2] ?? ".")));
  }
  const prefix = join(interpreter, "../..");
  const libraries =
    interpreter.startsWith("/") && prefix !== "/usr" ? [join(prefix, "lib"), join(prefix, "lib64")] : LIBRARIES;
  return { interpreter, script, folders: [...folders, ...siteFolders(libraries, files)] };
}

/** The library directories of a distribution's Pythons. A virtual environment has its own directories. */
export const LIBRARIES = ["/usr/local/lib", "/usr/local/lib64", "/usr/lib", "/usr/lib64"];

/** The `/…/virt-install` that a shell script runs with `exec`. */
function wrappedProgram(text: string): string | undefined {
  const words = [...text.matchAll(/(?<![^\n])[ \t]*exec ([^\n]*)/g)].flatMap(([, line = ""]) =>
    line.split(/[ \t\r"']+/),
  );
  return words.map((word) => word.replace(/^[^/]*/, "")).find((path) => /^\/[^\n]*\/virt-install$/.test(path));
}

/** Decodes a path in text that has one character for each byte. */
function pathOf(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}

/** Whether a program imports `virtinst` from a directory: the first one with a `virtinst` that Python searches. */
export function usesFolder({ folders }: Pick<Program, "folders">, directory: string, files: HostFiles): boolean {
  const first = folders.find((folder) => files.locate(join(folder, "virtinst")));
  return first !== undefined && files.locate(first)?.inside === directory;
}

/** The package directories of all Python versions in some library directories, newest version first. */
export function siteFolders(libraries: readonly string[], files: HostFiles): string[] {
  return libraries.flatMap((library) =>
    newestFirst(files.list(library).filter((name) => /^python[23](?:\.\d+)?$/.test(name))).flatMap((version) => [
      `${library}/${version}/site-packages`,
      `${library}/${version}/dist-packages`,
    ]),
  );
}

/** Sorts names like python3.11 by version. (localeCompare would load ICU's collation tables, which takes 10 ms.) */
function newestFirst(versions: readonly string[]): string[] {
  const numbers = (version: string) => version.slice("python".length).split(".").map(Number);
  const compare = ([major = 0, minor = -1]: number[], [other = 0, own = -1]: number[]) => other - major || own - minor;
  return [...versions].sort((a, b) => compare(numbers(a), numbers(b)));
}
