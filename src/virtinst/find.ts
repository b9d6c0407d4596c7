import { join } from "node:path";
import { Failure, shellWord } from "../failure";
import type { Named } from "../patch/insertion-point";
import type { HostFiles, Place } from "../system/host-files";
import { findPrograms, LIBRARIES, PASS_IT, readProgram, siteFolders, usesFolder } from "./program";

/** The files that may define `_build_xml`: of virt-manager 2.2 and later, 2.0 and 2.1, 1.0 to 1.5 (all releases). */
export const TARGET_FILES = ["virtinst/install/installer.py", "virtinst/installer.py", "virtinst/guest.py"] as const;

/** An installed virtinst: the file to patch, and the programs that use it. */
export interface Installation extends Named {
  /** The directory that contains the `virtinst` package. */
  readonly directory: Place;
  /** The file that defines `_build_xml`, relative to `directory`. */
  readonly file: string;
  /** The version of virt-manager; null if no file contains it. */
  readonly release: string | null;
  /** The path on the host of the `virt-install` that uses this virtinst; null if there is none. */
  readonly program: string | null;
  /** The path or name of the Python that runs `program`; null if there is no program. */
  readonly interpreter: string | null;
  /** The script that this Python runs; null if there is no program. */
  readonly script: string | null;
}

/**
 * Finds the virtinst that `virt-install` uses: follows wrapper scripts and `sys.path.insert` lines, then looks in
 * /usr/share/virt-manager, then in the site directories of Python. Starts no Python.
 *
 * @param virtinst the directory that contains the `virtinst` package, if given (`--virtinst`)
 * @throws Failure (target) if virtinst is not found, with the directories that were searched, or if it is unknown which
 *   one the program uses
 */
export function findVirtinst(files: HostFiles, virtinst?: string): Installation {
  const programs = findPrograms(files);
  const [first] = programs;
  const places =
    virtinst === undefined
      ? [
          ...(first === undefined ? [] : readProgram(first, files).folders),
          "/usr/share/virt-manager",
          ...siteFolders(LIBRARIES, files),
        ]
      : [files.named(virtinst)];
  for (const place of places) {
    const found = findIn(place, files);
    if (!found) continue;
    const folder = found.directory.inside;
    return {
      ...found,
      release: readRelease(folder, files),
      ...userOf(folder, [...programs, join(folder, "virt-install")], files),
    };
  }
  const searched = [...new Set(places.map((place) => files.shown(place)))].join(", ");
  throw new Failure(
    "target",
    virtinst === undefined
      ? `No virtinst was found (looked in ${searched}).`
      : `${virtinst} has no virtinst package with a _build_xml (looked for ${TARGET_FILES.join(", ")}).`,
    `${PASS_IT} Versions 1.2 to 5.1 are supported.`,
  );
}

/** The first of some programs that uses the virtinst in a directory. */
function userOf(folder: string, programs: readonly string[], files: HostFiles) {
  for (const program of programs) {
    try {
      const { interpreter, script, ...read } = readProgram(program, files);
      if (usesFolder(read, folder, files)) return { program, interpreter, script };
    } catch (error) {
      // Ignore a program that cannot be read: it need not use this virtinst.
      if (!(error instanceof Failure)) throw error;
    }
  }
  return { program: null, interpreter: null, script: null };
}

function findIn(place: string, files: HostFiles) {
  const directory = files.locate(place);
  if (!directory) return null;
  for (const file of TARGET_FILES) {
    const inside = join(directory.inside, file);
    const target = files.locate(inside);
    if (!target || !files.readText(inside)?.includes("def _build_xml")) continue;
    const word = shellWord(target.inside);
    const restoring = `Restore the file from its package: reinstall the package that \`dpkg -S ${word}\` or \`rpm -qf ${word}\` prints`;
    return { directory, file, path: target.outside, restoring };
  }
  return null;
}

function readRelease(folder: string, files: HostFiles): string | null {
  for (const [file, pattern] of VERSION_FILES) {
    const version = pattern.exec(files.readText(join(folder, file)) ?? "")?.[1];
    if (version) return version;
  }
  return null;
}

/** The files that contain the version: of 1.0 to 2.1, 2.2 to 4.1, and 5.0 and later. */
const VERSION_FILES: readonly (readonly [string, RegExp])[] = [
  ["virtcli/cliconfig.py", /^__version__\s*=\s*["']([\w.+~-]+)["']/m],
  ["virtinst/buildconfig.py", /^__version__\s*=\s*["']([\w.+~-]+)["']/m],
  ["virtinst/build.cfg", /^version\s*=\s*([\w.+~-]+)/m],
];

/** The major version of Python for a virtinst, by its file with `_build_xml`. */
export function pythonMajor(file: string): 2 | 3 {
  return file === "virtinst/guest.py" ? 2 : 3;
}
