import { basename, dirname, join, resolve } from "node:path";
import type { HostFiles, Place } from "../system/host-files";

/** A `virt-install`, and where its Python looks for `virtinst`. */
export interface Program {
  /** How it is called: without links, unless its name is one of theirs. */
  readonly path: string | null;
  /** The Python that it runs under, by its path or name; null where that could not be told. */
  readonly interpreter: string | null;
  /** The script that this Python runs; null where that could not be told. */
  readonly script: string | null;
  /** The folders that its Python looks for `virtinst` in, first come first served; as the host sees them. */
  readonly folders: readonly string[];
  /** What was met at the end of the way, as a part of a sentence. */
  readonly met: string;
  /** Which of several Pythons was taken, in a sentence, where nothing said which; null where that was no question. */
  readonly choice: string | null;
}

export const NO_PROGRAM: Program = { path: null, interpreter: null, script: null, folders: [], met: "", choice: null };

/** Whether a program's Python takes `virtinst` from a folder: the first that holds one. */
export function usesFolder({ folders }: Program, directory: string, files: HostFiles): boolean {
  const first = folders.find((folder) => files.locate(join(folder, "virtinst")));
  return first !== undefined && files.locate(first)?.inside === directory;
}

/** The host's `virt-install` programs, one by one, the one that a shell would run first. */
export function* findPrograms(files: HostFiles): Generator<Program> {
  const path = files.mounted ? [] : (process.env.PATH ?? "").split(":").filter((folder) => folder.startsWith("/"));
  const seen = new Set<string>();
  for (const folder of [...path, "/usr/local/bin", "/usr/bin"]) {
    const named = join(folder, "virt-install");
    const found = programAt(named, files)?.inside;
    if (!found || seen.has(found)) continue;
    seen.add(found);
    // What a link gives another name may look at the name that it is called by.
    yield readProgram(basename(found) === basename(named) ? found : named, files);
  }
}

/** Where a program is. In this machine's PATH a folder that may not be searched has none, as for a shell. */
function programAt(path: string, files: HostFiles): Place | null {
  try {
    return files.locateFile(path);
  } catch (error) {
    if (files.mounted) throw error;
    return null;
  }
}

/**
 * Reads a program: a wrapper is followed to what it runs, a Python script says its path.
 *
 * @param path where it is, as the host sees it
 * @param depth how many wrappers led to it
 */
export function readProgram(path: string, files: HostFiles, depth = 0): Program {
  const real = files.locate(path)?.inside;
  if (!real) return { ...NO_PROGRAM, met: `there is no ${files.shown(path)}` };
  if (/\/python-exec\/python-exec2$/.test(real)) return readPythonExec(path, dirname(real), files, depth);
  const text = beginning(path, files);
  const isBinary = text.startsWith("\x7fELF");
  const [, command = "", argument = ""] = /^#!\s*(\S+)[ \t]*(.*)/.exec(text) ?? [];
  const interpreter = command.endsWith("/env")
    ? (argument.split(/\s+/).find((word) => !/^-|=/.test(word)) ?? "")
    : command;
  if (isPython(interpreter)) return readPython(path, real, text, interpreter, files);
  const [program = "", ...rest] = depth > 4 ? [] : isBinary ? wrappedByBinary(text) : handedOver(text);
  if (program && !isPython(program)) return { ...readProgram(program, files, depth + 1), path };
  // A launcher with a Python whose path is too long for a first line names itself.
  const word = rest.find((candidate) => !candidate.startsWith("-"));
  const script = word === "$0" ? path : word;
  const inner = script?.startsWith("/") ? files.locate(script)?.inside : null;
  if (script && inner) return readPython(path, inner, beginning(script, files), program, files);
  const link =
    basename(real) === basename(path) ? files.shown(real) : `${files.shown(path)} leads to ${files.shown(real)}, which`;
  return { ...NO_PROGRAM, path, met: isBinary ? `${link} is a binary program` : `${link} ${described(text)}` };
}

function beginning(path: string, files: HostFiles): string {
  return (files.readText(path) ?? "").slice(0, 65536);
}

/** A script that was not understood, for a message. */
function described(text: string): string {
  const line = (text.slice(0, 100).split("\n")[0] as string).trim();
  return line ? `begins with "${line}", and what it runs is not known` : "has no first line";
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
  return {
    ...NO_PROGRAM,
    path,
    interpreter,
    script: real,
    folders,
    met: `${files.shown(real)}, a Python program, names no folder that holds one`,
  };
}

/**
 * Reads what Gentoo's python-exec runs in the place of a link to it: the script of the same name in the folder of one of
 * its Pythons. EPYTHON says which, then the program's own configuration file, or where there is none that of all;
 * a hyphen forbids one (https://github.com/projg2/python-exec, README and config/python-exec.conf.example).
 */
function readPythonExec(path: string, folder: string, files: HostFiles, depth: number): Program {
  const name = basename(path);
  const configured = (file: string) => files.readText(`/etc/python-exec/${file}.conf`)?.split("\n");
  const lines = (configured(name) ?? configured("python-exec") ?? []).map((line) => line.trim());
  const wanted = files.mounted ? lines : [process.env.EPYTHON ?? "", ...lines];
  const all = newestFirst(files.list(folder).filter(isPython)).filter((version) =>
    files.locateFile(join(folder, version, name)),
  );
  const allowed = all.filter((version) => !lines.includes(`-${version}`));
  const said = wanted.find((version) => all.includes(version));
  const version = said ?? allowed[0];
  if (!version || depth > 4)
    return { ...NO_PROGRAM, path, met: `${files.shown(path)} leads to python-exec, which has no ${name}` };
  const program = { ...readProgram(join(folder, version, name), files, depth + 1), path };
  if (said || allowed.length === 1) return program;
  const choice = `${files.shown(path)} is started by python-exec, and neither EPYTHON nor ${files.shown("/etc/python-exec")} says with which Python: of ${allowed.join(", ")} the first was taken. Name another with --python, its virtinst with --virtinst.`;
  return { ...program, choice };
}

/** The words of the command that a shell script hands over to; none where it does not. */
function handedOver(script: string): readonly string[] {
  const commands = script.replaceAll("\\\n", "").split("\n").map(shellWords).map(withoutVariables);
  const replacing = commands.filter(([first]) => first === "exec").map((words) => commandOf(words.slice(1)));
  // Without exec, it is the last that gets the arguments.
  const passing = commands.filter((words) => words.some((word) => word.includes("$@"))).map(commandOf);
  return [...replacing, ...passing.reverse()].find((words) => words.length > 0) ?? [];
}

/** The program that a command runs, and its arguments; none where that cannot be told. */
function commandOf(command: readonly string[]): readonly string[] {
  let words = withoutVariables(command[0] === "-a" ? command.slice(2) : command);
  while (words[0] === "env" || words[0]?.endsWith("/env"))
    words = withoutVariables(dropWhile(words.slice(1), (word) => word.startsWith("-")));
  return words[0]?.startsWith("/") || isPython(words[0] ?? "") ? words : [];
}

function withoutVariables(words: readonly string[]): readonly string[] {
  return dropWhile(words, (word) => /^\w+=/.test(word));
}

function dropWhile(words: readonly string[], test: (word: string) => boolean): readonly string[] {
  const first = words.findIndex((word) => !test(word));
  return first < 0 ? [] : words.slice(first);
}

/** The words of a line's first command, as a shell reads them; variables stay as they are. */
function shellWords(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\;&|])+|[;&|]/g)) {
    if (/^[;&|#]/.test(word)) break;
    words.push(
      word.replace(
        /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g,
        (_, double?: string, single?: string, escaped?: string) =>
          double?.replace(/\\([$`"\\])/g, "$1") ?? single ?? escaped ?? "",
      ),
    );
  }
  return words;
}

/** What a binary wrapper of Nix runs: it holds the command that made it (makeBinaryWrapper's makeCWrapper). */
function wrappedByBinary(text: string): string[] {
  const [, quoted, bare] = /^makeCWrapper (?:'([^'\n]+)'|([^\s']+))/m.exec(text) ?? [];
  const program = quoted ?? bare ?? "";
  return program.startsWith("/") && !isPython(program) ? [program] : [];
}

/** Whether a path or name is that of a Python; EL 8's own is platform-python. */
function isPython(program: string): boolean {
  return /(?:^|\/)(?:platform-)?python[\d.]*$/.test(program);
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
  return wrapped.includes("dirname(") && argument.includes("__file__") ? "." : null;
}

/** The site directories of every Python below some folders, newest version first. */
export function siteFolders(libraries: readonly string[], files: HostFiles): string[] {
  return libraries.flatMap((library) =>
    newestFirst(files.list(library).filter((name) => /^python[23](\.\d+)?$/.test(name))).flatMap((version) => [
      `${library}/${version}/site-packages`,
      `${library}/${version}/dist-packages`,
    ]),
  );
}

/** Names like python3.11, by their numbers. (localeCompare would load ICU's collation tables, which takes 10 ms.) */
function newestFirst(versions: readonly string[]): string[] {
  const numbers = (version: string) => version.replace(/^\D+/, "").split(".").map(Number);
  return [...versions].sort((a, b) => {
    const [ours, theirs] = [numbers(a), numbers(b)];
    const place = theirs.findIndex((number, index) => number !== ours[index]);
    return place < 0 ? theirs.length - ours.length : (theirs[place] ?? 0) - (ours[place] ?? -1);
  });
}
