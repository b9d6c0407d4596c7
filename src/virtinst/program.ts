import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../failure";
import type { HostFiles } from "../system/host-files";

/** A `virt-install`, and where its Python searches for `virtinst`. */
export interface Program {
  /** The Python that runs it: a path, or a name in PATH. */
  readonly interpreter: string;
  /** The Python script, without symbolic links. */
  readonly script: string;
  /** The directories that are searched, in order; as the host sees them. */
  readonly folders: readonly string[];
}

/** What to do if virtinst is not found, or it is unknown which one is used. */
export const PASS_IT = "Pass the directory that contains the virtinst package with --virtinst.";

/** A statement that changes `sys.path`. */
const CHANGES = /(?<![^\n])(?:[^#\n"']*[^#\n"'A-Za-z0-9_])?sys\.path[ \t]*(?:\.[a-z]+\(|\[|\+?=)/g;
/** The changes that can be evaluated: `insert(0, …)` of a directory as a literal, or of that of the script. */
const ADDED =
  /^[ \t\r\n]*0[ \t\r\n]*,[ \t\r\n]*(?:(["'])([^"'\\\n]+)\1[ \t\r\n]*|(?:os\.path\.(?:abspath|realpath)\([ \t\r\n]*)*os\.path\.dirname\([ \t\r\n]*(?:os\.path\.(?:abspath|realpath)\([ \t\r\n]*)*__file__[ \t\r\n)]*)(?:,[ \t\r\n]*)?\)[ \t]*(?:[#;\r\n]|$)/;

/** The paths of the host's `virt-install` programs; the first one is the one that a shell runs. */
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

/** Where a program really is. In this machine's PATH, a directory that cannot be searched has none, as for a shell. */
function realPath(path: string, files: HostFiles): string | null {
  try {
    return files.locateFile(path)?.inside ?? null;
  } catch (error) {
    if (files.mounted) throw error;
    return null;
  }
}

/**
 * Reads a `virt-install` as text: a Python script with its `sys.path.insert` lines, or a shell wrapper that runs one with
 * `exec /…/virt-install`. The standalone script follows the same rules (`read_program`).
 *
 * @param depth how many wrappers led to it
 * @throws Failure (target) if it is anything else, so that it is unknown which virtinst it uses
 */
export function readProgram(path: string, files: HostFiles, depth = 0): Program {
  const unknown = (line: string) =>
    new Failure("target", `It is unknown which virtinst ${files.shown(path)} uses${line}.`, PASS_IT);
  const text = (files.readText(path) ?? "").slice(0, 65536);
  // No path has a NUL, or bytes that are not UTF-8, for this tool.
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
    // The last one is searched first.
    folders.unshift(resolve(own, pathOf(added[2] ?? ".")));
  }
  const prefix = join(interpreter, "../..");
  const libraries =
    interpreter.startsWith("/") && prefix !== "/usr" ? [join(prefix, "lib"), join(prefix, "lib64")] : LIBRARIES;
  return { interpreter, script, folders: [...folders, ...siteFolders(libraries, files)] };
}

/** Where the Pythons of a distribution have their packages. A virtual environment has its own directories. */
export const LIBRARIES = ["/usr/local/lib", "/usr/local/lib64", "/usr/lib", "/usr/lib64"];

/** The `/…/virt-install` that a shell script runs with `exec`. */
function wrappedProgram(text: string): string | undefined {
  const words = [...text.matchAll(/(?<![^\n])[ \t]*exec ([^\n]*)/g)].flatMap(([, line = ""]) =>
    line.split(/[ \t\r"']+/),
  );
  return words.map((word) => word.replace(/^[^/]*/, "")).find((path) => /^\/[^\n]*\/virt-install$/.test(path));
}

/** A path in text that was read one character a byte. */
function pathOf(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}

/** Whether a program's Python takes `virtinst` from a directory: the first one that has it. */
export function usesFolder({ folders }: Pick<Program, "folders">, directory: string, files: HostFiles): boolean {
  const first = folders.find((folder) => files.locate(join(folder, "virtinst")));
  return first !== undefined && files.locate(first)?.inside === directory;
}

/** The directories for the packages of every Python below some directories, newest version first. */
export function siteFolders(libraries: readonly string[], files: HostFiles): string[] {
  return libraries.flatMap((library) =>
    newestFirst(files.list(library).filter((name) => /^python[23](?:\.\d+)?$/.test(name))).flatMap((version) => [
      `${library}/${version}/site-packages`,
      `${library}/${version}/dist-packages`,
    ]),
  );
}

/** Names like python3.11, by their numbers. (localeCompare would load ICU's collation tables, which takes 10 ms.) */
function newestFirst(versions: readonly string[]): string[] {
  const numbers = (version: string) => version.slice("python".length).split(".").map(Number);
  const compare = ([major = 0, minor = -1]: number[], [other = 0, own = -1]: number[]) => other - major || own - minor;
  return [...versions].sort((a, b) => compare(numbers(a), numbers(b)));
}
