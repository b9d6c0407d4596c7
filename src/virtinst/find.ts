import { join } from "node:path";
import { Failure, shellWord } from "../failure";
import type { HostFiles, Place } from "../system/host-files";
import { TARGET_FILES } from "./layouts";
import { findPrograms, NO_PROGRAM, type Program, readProgram, siteFolders, usesFolder } from "./program";

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
  /** The `virt-install` program that uses it, as the host sees it; null where none was found. Looked for when asked. */
  readonly program: string | null;
  /** The Python that it runs under, by its path or name, without arguments; null where that was not found. */
  readonly interpreter: string | null;
  /** The script that this Python runs; null where that was not found. */
  readonly script: string | null;
  /** How to get the file from its package again, as a sentence without its full stop. */
  readonly restoring: string;
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
  const places = virtinst === undefined ? usedPlaces(files) : [files.named(virtinst)];
  const looked = new Set<string>();
  for (const place of places) {
    looked.add(files.shown(place));
    const found = findIn(place, files);
    if (!found) continue;
    const folder = found.directory.inside;
    let user: Program | undefined;
    const program = () => {
      user ??= programOf(folder, files);
      return user;
    };
    return {
      ...found,
      release: readRelease(folder, files),
      get program() {
        return program().path;
      },
      get interpreter() {
        return program().interpreter;
      },
      get script() {
        return program().script;
      },
      get restoring() {
        return restoring(files, found.target.inside);
      },
    };
  }
  throw new Failure(
    "target",
    virtinst === undefined
      ? `No virtinst was found (looked in ${[...looked].join(", ")}).`
      : `${virtinst} holds no virtinst package with a _build_xml (looked for ${TARGET_FILES.join(", ")}).`,
    "Name the folder that holds the `virtinst` package with --virtinst; virt-install 1.0 to 5.1 are supported.",
  );
}

/** Where the first program in PATH looks for it, then where it usually is. */
function* usedPlaces(files: HostFiles): Generator<string> {
  const [first = NO_PROGRAM] = findPrograms(files);
  yield* first.folders;
  yield* usualPlaces(files);
}

/** The program that uses a virtinst: the first in PATH that does, or the one that stands beside it. */
function programOf(folder: string, files: HostFiles): Program {
  const uses = (program: Program) => usesFolder(program, folder, files);
  for (const program of findPrograms(files)) if (uses(program)) return program;
  const beside = readProgram(join(folder, "virt-install"), files);
  // One that is known to look elsewhere is not this virtinst's, wherever it stands.
  return beside.folders.length > 0 && !uses(beside) ? NO_PROGRAM : beside;
}

/**
 * The other virtinsts of a host: of further `virt-install` programs in PATH, and in the usual places.
 *
 * @param installation the one that was taken
 * @param programs all of the host's `virt-install` programs
 * @returns the folders that hold them, as this process sees them
 */
export function otherVirtinsts({ directory }: Installation, programs: readonly Program[], files: HostFiles): string[] {
  const places = new Set([...programs.flatMap(({ folders }) => folders), ...usualPlaces(files)]);
  places.delete(directory.inside);
  const found = [...places].flatMap((place) => findIn(place, files)?.directory.outside ?? []);
  return [...new Set(found)].filter((other) => other !== directory.outside);
}

/** The command that restores a file from its package, for the package managers that are there (EL 7 has only yum). */
function restoring(files: HostFiles, path: string): string {
  const file = shellWord(path);
  const has = (name: string) => files.locateFile(`/usr/bin/${name}`) !== null;
  const rpm = ["dnf", "yum"].find(has);
  const ways = [
    ...(has("apt-get") ? [`apt-get install --reinstall $(dpkg -S ${file} | cut -d: -f1)`] : []),
    ...(rpm ? [`${rpm} reinstall $(rpm -qf ${file})`] : []),
    ...(has("zypper") ? [`zypper install --force $(rpm -qf --qf %{NAME} ${file})`] : []),
  ];
  return `Restore the file from its package${ways.length > 0 ? `: ${ways.join(", or ")}` : ""}`;
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

/** Where packages of distributions put it, and the system's site directories; asks no Python. */
function usualPlaces(files: HostFiles): string[] {
  return [
    "/usr/share/virt-manager",
    ...siteFolders(["/usr/local/lib", "/usr/lib", "/usr/local/lib64", "/usr/lib64"], files),
  ];
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
