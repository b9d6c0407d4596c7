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

/** What may be added to `sys.path`: a directory as a literal, or that of the script. */
const ADDED =
  /^0\s*,\s*(?:(["'])([^"'\\\n]+)\1\s*|(?:os\.path\.(?:abspath|realpath)\(\s*)*os\.path\.dirname\(\s*(?:os\.path\.(?:abspath|realpath)\(\s*)*__file__[\s)]*)(?:,\s*)?\)[ \t]*(?:[#;\r\n]|$)/;

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
 * @param path where it is, as the host sees it
 * @param depth how many wrappers led to it
 * @throws Failure (target) if it is anything else, so that it is unknown which virtinst it uses
 */
export function readProgram(path: string, files: HostFiles, depth = 0): Program {
  const unknown = (line: string) =>
    new Failure("target", `It is unknown which virtinst ${files.shown(path)} uses${line}.`, PASS_IT);
  const text = (files.readText(path) ?? "").slice(0, 65536);
  const [, shebang = ""] = /^#!(.*)/.exec(text) ?? [];
  const words = pathOf(shebang)
    .split(/\s+/)
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
  for (const { index, 0: call } of text.matchAll(/(?<![^\n])[^#\n"']*\bsys\.path\.insert\(\s*(?=0\b|[^0-9\s])/g)) {
    const end = index + call.length;
    const added = ADDED.exec(text.slice(end));
    if (!added) throw unknown(`: line ${text.slice(0, end).split("\n").length} changes sys.path`);
    // The last one is searched first.
    folders.unshift(resolve(own, pathOf(added[2] ?? ".")));
  }
  // A Python outside the usual places, such as that of a virtual environment, has site directories of its own.
  const prefix = interpreter.startsWith("/") ? join(interpreter, "../..") : "/usr";
  const site = prefix === "/usr" ? [] : siteFolders([join(prefix, "lib"), join(prefix, "lib64")], files);
  return { interpreter, script, folders: [...folders, ...site] };
}

/** The `/…/virt-install` that a shell script runs with `exec`. */
function wrappedProgram(text: string): string | undefined {
  const words = [...text.matchAll(/(?<![^\n])[ \t]*exec ([^\n]*)/g)].flatMap(([, line = ""]) => line.split(/[\s"']+/));
  return words.map((word) => word.replace(/^[^/]*/, "")).find((path) => /^\/.*\/virt-install$/.test(path));
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
