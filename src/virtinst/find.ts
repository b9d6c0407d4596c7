import { dirname, join, resolve } from "node:path";
import { Failure } from "../report/failure";
import type { HostFiles, Place } from "../system/host-files";
import { TARGET_FILES } from "./recipes";

/** An installed virtinst: the file to patch, and what runs it. */
export interface Installation {
  /** The folder that holds the `virtinst` package. */
  readonly directory: Place;
  /** The file that holds `_build_xml`, relative to `directory`. */
  readonly file: string;
  /** That file. */
  readonly target: Place;
  /** The release that it states, without a `v`; null where no file states one. */
  readonly release: string | null;
  /** The `virt-install` program that uses it, as the host sees it; null where none was found. */
  readonly program: string | null;
  /** What that program's first line names as its interpreter, without arguments; null where there is none. */
  readonly interpreter: string | null;
}

/**
 * Finds the virtinst that `virt-install` uses: through the program's wrapper scripts and `sys.path.insert` lines, else
 * in /usr/share/virt-manager, else in Python's site directories. Starts no Python.
 *
 * @param files the host's file system
 * @param virtinst the folder that holds the `virtinst` package, where it was named
 * @throws Failure (target) where there is none, with the places that were looked at
 */
export function findVirtinst(files: HostFiles, virtinst?: string): Installation {
  const [program = NO_PROGRAM] = findPrograms(files);
  const places = virtinst === undefined ? [...program.folders, ...usualPlaces(files)] : [files.named(virtinst)];
  for (const place of places) {
    const found = findIn(place, files);
    if (!found) continue;
    const folder = found.directory.inside;
    const own = usesFolder(program, folder, files) ? program : readProgram(join(folder, "virt-install"), files, 0);
    return { ...found, release: readRelease(folder, files), program: own.path, interpreter: own.interpreter };
  }
  throw new Failure(
    "target",
    virtinst === undefined
      ? `No virtinst was found (looked in ${[...new Set(places)].map((place) => files.shown(place)).join(", ")}).`
      : `${virtinst} holds no virtinst package with a _build_xml (looked for ${TARGET_FILES.join(", ")}).`,
    "Name the folder that holds the `virtinst` package with --virtinst; virt-install 1.0 to 5.1 are supported.",
  );
}

/**
 * The other virtinsts of a host: of further `virt-install` programs in PATH, and in the usual places.
 *
 * @param installation the one that was taken
 * @returns the folders that hold them, as this process sees them
 */
export function otherVirtinsts({ directory }: Installation, files: HostFiles): string[] {
  const places = [...[...findPrograms(files)].flatMap(({ folders }) => folders), ...usualPlaces(files)];
  const found = places.flatMap((place) => findIn(place, files)?.directory.outside ?? []);
  return [...new Set(found)].filter((other) => other !== directory.outside);
}

/** Whether a program's Python looks for `virtinst` in a folder. */
export function usesFolder({ folders }: Program, directory: string, files: HostFiles): boolean {
  return folders.some((folder) => files.locate(folder)?.inside === directory);
}

function findIn(place: string, files: HostFiles): Pick<Installation, "directory" | "file" | "target"> | null {
  const directory = files.locate(place);
  if (!directory) return null;
  for (const file of TARGET_FILES) {
    const inside = join(directory.inside, file);
    const target = files.locate(inside);
    if (target && files.readText(inside)?.includes("def _build_xml")) return { directory, file, target };
  }
  return null;
}

/** A `virt-install`, and where its Python looks for `virtinst`. */
export interface Program {
  readonly path: string | null;
  readonly interpreter: string | null;
  /** The folders that its Python looks for `virtinst` in, first come first served; as the host sees them. */
  readonly folders: readonly string[];
}

const NO_PROGRAM: Program = { path: null, interpreter: null, folders: [] };

/** The host's `virt-install` programs, one by one, the one that a shell would run first. */
export function* findPrograms(files: HostFiles): Generator<Program> {
  const path = files.mounted ? [] : (process.env.PATH ?? "").split(":").filter((folder) => folder.startsWith("/"));
  const seen = new Set<string>();
  for (const folder of [...path, "/usr/local/bin", "/usr/bin"]) {
    const found = programIn(folder, files)?.inside;
    if (!found || seen.has(found)) continue;
    seen.add(found);
    yield readProgram(found, files, 0);
  }
}

/** A folder's virt-install. In this machine's PATH a folder that may not be searched has none, as for a shell. */
function programIn(folder: string, files: HostFiles): Place | null {
  try {
    return files.locateFile(join(folder, "virt-install"));
  } catch (error) {
    if (files.mounted) throw error;
    return null;
  }
}

/** Reads a program's script: a shell script that hands over to another is followed, a Python script says its path. */
function readProgram(path: string, files: HostFiles, depth: number): Program {
  const real = files.locate(path)?.inside;
  if (!real) return NO_PROGRAM;
  const text = (files.readText(path) ?? "").slice(0, 65536);
  const [, command = "", argument = ""] = /^#!\s*(\S+)[ \t]*(.*)/.exec(text) ?? [];
  const interpreter = command.endsWith("/env")
    ? (argument.split(/\s+/).find((word) => !/^-|=/.test(word)) ?? "")
    : command;
  if (isPython(interpreter)) return readPython(path, real, text, interpreter, files);
  const words = depth > 4 ? [] : handedOver(text);
  const [program = "", ...rest] = words;
  if (!isPython(program))
    return program ? { ...readProgram(program, files, depth + 1), path } : { ...NO_PROGRAM, path };
  const script = rest.find((word) => !word.startsWith("-"));
  const inner = script?.startsWith("/") ? files.locate(script)?.inside : null;
  if (!script || !inner) return { ...NO_PROGRAM, path };
  return readPython(path, inner, (files.readText(script) ?? "").slice(0, 65536), program, files);
}

/** Where the Python of a script looks for modules: its sys.path.insert lines, its own folder, then its site folders. */
function readPython(path: string, real: string, text: string, interpreter: string, files: HostFiles): Program {
  const own = dirname(real);
  const inserted = text.split("\n").flatMap((line) => {
    const argument = insertedPath(line);
    return argument === null ? [] : resolve(own, argument);
  });
  // A later sys.path.insert(0, …) comes before an earlier one, and all before the script's own folder.
  const folders = [...inserted.reverse(), own];
  // A virtual environment, or any Python outside the usual places, has site folders of its own.
  const prefix = interpreter.startsWith("/") ? join(dirname(interpreter), "..") : null;
  if (prefix && prefix !== "/usr") folders.push(...siteFolders([join(prefix, "lib"), join(prefix, "lib64")], files));
  return { path, interpreter, folders };
}

/** The words of the command that a shell script hands over to with exec; none where it does not. */
function handedOver(script: string): string[] {
  const [, line = ""] = /^[ \t]*exec[ \t]+(.*)$/m.exec(script) ?? [];
  const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|([^\s"']+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );
  if (words[0] === "-a") words.splice(0, 2);
  while (words[0] === "env" || words[0]?.endsWith("/env") || /^\w+=/.test(words[0] ?? "")) words.shift();
  return words[0]?.startsWith("/") || isPython(words[0] ?? "") ? words : [];
}

function isPython(program: string): boolean {
  return /(?:^|\/)python[\d.]*$/.test(program);
}

/**
 * What a line adds to the front of sys.path: a literal folder, or the script's own (as ".") by os.path.dirname(__file__),
 * however it is wrapped; null where it adds nothing.
 */
function insertedPath(line: string): string | null {
  const argument = /^\s*sys\.path\.insert\(\s*0\s*,\s*(.*)\)/.exec(line)?.[1];
  if (argument === undefined) return null;
  const literal = /^["']([^"']+)["']\s*$/.exec(argument)?.[1];
  if (literal !== undefined) return literal;
  const wrapped = /^[\w.(]*/.exec(argument)?.[0] ?? "";
  return wrapped.includes("dirname(") && argument.slice(wrapped.lastIndexOf("dirname(")).includes("__file__")
    ? "."
    : null;
}

/** Where packages of distributions put it, and the system's site directories; asks no Python. */
function usualPlaces(files: HostFiles): string[] {
  return [
    "/usr/share/virt-manager",
    ...siteFolders(["/usr/local/lib", "/usr/lib", "/usr/local/lib64", "/usr/lib64"], files),
  ];
}

/** The site directories of every Python below some folders, newest version first. */
function siteFolders(libraries: readonly string[], files: HostFiles): string[] {
  return libraries.flatMap((library) =>
    files
      .list(library)
      .filter((name) => /^python[23](\.\d+)?$/.test(name))
      .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
      .flatMap((version) => [`${library}/${version}/site-packages`, `${library}/${version}/dist-packages`]),
  );
}

function readRelease(folder: string, files: HostFiles): string | null {
  for (const [file, pattern] of VERSION_FILES) {
    const version = pattern.exec(files.readText(join(folder, file)) ?? "")?.[1];
    if (version) return version;
  }
  return null;
}

/** The files that state the version: 1.0 to 2.1, 2.2 to 4.1, and 5.0 and later. */
export const VERSION_FILES: readonly (readonly [string, RegExp])[] = [
  ["virtcli/cliconfig.py", /^__version__\s*=\s*["']([\w.+~-]+)["']/m],
  ["virtinst/buildconfig.py", /^__version__\s*=\s*["']([\w.+~-]+)["']/m],
  ["virtinst/build.cfg", /^version\s*=\s*([\w.+~-]+)/m],
];
