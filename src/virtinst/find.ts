import { dirname, join, resolve } from "node:path";
import { Failure } from "../report/failure";
import { insideRoot, isRegular, listFolder, locate, readText } from "../system/paths";
import { TARGET_FILES } from "./recipes";

/** An installed virtinst: the file to patch, and what runs it. */
export interface Installation {
  /** The folder that holds the `virtinst` package, as this process sees it. */
  readonly directory: string;
  /** The file that holds `_build_xml`, relative to `directory`. */
  readonly file: string;
  /** That file as this process sees it, with symbolic links followed. */
  readonly path: string;
  /** The release that it states, without a `v`; null where no file states one. */
  readonly release: string | null;
  /** The `virt-install` program that uses it, as the host sees it; null where none was found. */
  readonly program: string | null;
  /** What that program's first line names as its interpreter, without arguments; null where there is none. */
  readonly interpreter: string | null;
}

/** Where to look for virtinst. */
export interface FindOptions {
  /** The folder that holds the `virtinst` package; else it is found. */
  readonly virtinst?: string;
  /** The folder that is the host's root; `/` by default. */
  readonly root?: string;
}

/**
 * Finds the virtinst that `virt-install` uses: through the program's wrapper scripts and `sys.path.insert` lines, else
 * in /usr/share/virt-manager, else in Python's site directories. Starts no Python.
 *
 * @throws Failure (target) where there is none, with the places that were looked at
 */
export function findVirtinst({ virtinst, root = "/" }: FindOptions): Installation {
  const [program = NO_PROGRAM] = findPrograms(root);
  const places = virtinst === undefined ? [...program.folders, ...usualPlaces(root)] : [belowRoot(virtinst, root)];
  for (const place of places) {
    const found = findIn(place, root);
    if (!found) continue;
    const used = program.folders.some((folder) => locate(folder, root) === found.directory);
    const folder = insideRoot(found.directory, root);
    const own = used ? program : readProgram(join(folder, "virt-install"), root, 0);
    return { ...found, release: readRelease(folder, root), program: own.path, interpreter: own.interpreter };
  }
  throw new Failure(
    "target",
    virtinst === undefined
      ? `No virtinst was found (looked in ${[...new Set(places)].map((place) => join(root, place)).join(", ")}).`
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
export function otherVirtinsts({ directory }: Installation, root = "/"): string[] {
  const places = [...[...findPrograms(root)].flatMap(({ folders }) => folders), ...usualPlaces(root)];
  const found = places.flatMap((place) => findIn(place, root)?.directory ?? []);
  return [...new Set(found)].filter((other) => other !== directory);
}

function findIn(place: string, root: string): Pick<Installation, "directory" | "file" | "path"> | null {
  const directory = locate(place, root);
  if (!directory) return null;
  for (const file of TARGET_FILES) {
    const inside = join(insideRoot(directory, root), file);
    const path = locate(inside, root);
    if (path && readText(inside, root)?.includes("def _build_xml")) return { directory, file, path };
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
export function* findPrograms(root: string): Generator<Program> {
  const path = root === "/" ? (process.env.PATH ?? "").split(":").filter((folder) => folder.startsWith("/")) : [];
  const seen = new Set<string>();
  for (const folder of [...path, "/usr/local/bin", "/usr/bin"]) {
    const found = locate(join(folder, "virt-install"), root);
    if (!found || seen.has(found) || !isRegular(found)) continue;
    seen.add(found);
    yield readProgram(insideRoot(found, root), root, 0);
  }
}

/** A folder that was named on the command line, as the host sees it; with --root both views of it are understood. */
function belowRoot(folder: string, root: string): string {
  const path = resolve(folder);
  const base = resolve(root);
  return root !== "/" && path.startsWith(`${base}/`) ? path.slice(base.length) : path;
}

/** Reads a program's script: a shell script that hands over to another is followed, a Python script says its path. */
function readProgram(path: string, root: string, depth: number): Program {
  const real = locate(path, root);
  if (!real) return NO_PROGRAM;
  const text = (readText(path, root) ?? "").slice(0, 65536);
  const [, command = "", argument = ""] = /^#!\s*(\S+)[ \t]*(.*)/.exec(text) ?? [];
  const interpreter = command.endsWith("/env")
    ? (argument.split(/\s+/).find((word) => !/^-|=/.test(word)) ?? "")
    : command;
  if (isPython(interpreter)) return readPython(path, real, text, interpreter, root);
  const words = depth > 4 ? [] : handedOver(text);
  const [program = "", ...rest] = words;
  if (!isPython(program)) return program ? { ...readProgram(program, root, depth + 1), path } : { ...NO_PROGRAM, path };
  const script = rest.find((word) => !word.startsWith("-"));
  const inner = script?.startsWith("/") ? locate(script, root) : null;
  if (!script || !inner) return { ...NO_PROGRAM, path };
  return readPython(path, inner, (readText(script, root) ?? "").slice(0, 65536), program, root);
}

/** Where the Python of a script looks for modules: its sys.path.insert lines, its own folder, then its site folders. */
function readPython(path: string, real: string, text: string, interpreter: string, root: string): Program {
  const own = dirname(insideRoot(real, root));
  const inserted = [...text.matchAll(SYS_PATH)].map(([, literal]) =>
    literal === undefined ? own : resolve(own, literal),
  );
  // A later sys.path.insert(0, …) comes before an earlier one, and all before the script's own folder.
  const folders = [...inserted.reverse(), own];
  // A virtual environment, or any Python outside the usual places, has site folders of its own.
  const prefix = interpreter.startsWith("/") ? join(dirname(interpreter), "..") : null;
  if (prefix && prefix !== "/usr") folders.push(...siteFolders([join(prefix, "lib"), join(prefix, "lib64")], root));
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

// A literal folder, or the script's own by os.path.dirname(__file__), however it is wrapped.
const SYS_PATH = /^\s*sys\.path\.insert\(\s*0\s*,\s*(?:["']([^"']+)["']|[\w.(]*dirname\([^\n]*__file__[^\n]*)\s*\)/gm;

/** Where packages of distributions put it, and the system's site directories; asks no Python. */
function usualPlaces(root: string): string[] {
  return [
    "/usr/share/virt-manager",
    ...siteFolders(["/usr/local/lib", "/usr/lib", "/usr/local/lib64", "/usr/lib64"], root),
  ];
}

/** The site directories of every Python below some folders, newest version first. */
function siteFolders(libraries: readonly string[], root: string): string[] {
  return libraries.flatMap((library) =>
    listFolder(library, root)
      .filter((name) => /^python[23](\.\d+)?$/.test(name))
      .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
      .flatMap((version) => [`${library}/${version}/site-packages`, `${library}/${version}/dist-packages`]),
  );
}

function readRelease(folder: string, root: string): string | null {
  for (const [file, pattern] of VERSION_FILES) {
    const version = pattern.exec(readText(join(folder, file), root) ?? "")?.[1];
    if (version) return version;
  }
  return null;
}

/** The files that state the version: 1.0 to 2.1, 2.2 to 4.1, and 5.0 and later. */
const VERSION_FILES: readonly (readonly [string, RegExp])[] = [
  ["virtcli/cliconfig.py", /^__version__\s*=\s*["']([\w.+~-]+)["']/m],
  ["virtinst/buildconfig.py", /^__version__\s*=\s*["']([\w.+~-]+)["']/m],
  ["virtinst/build.cfg", /^version\s*=\s*([\w.+~-]+)/m],
];
