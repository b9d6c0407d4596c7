import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The Python versions that the added function supports. */
const VERSIONS = ["2.7", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"];

/** A Python that the added function must run on. */
export interface Interpreter {
  readonly version: string;
  /** Null if this machine has none. */
  readonly path: string | null;
}

/**
 * The program that a Python runs as, and its version; null if it does not run.
 *
 * pyenv's shim is a slow shell script that exits with 127 unless its version was chosen, so ask the Python itself.
 */
export function askPython(path: string): { path: string; version: string } | null {
  const code = "import sys; print('%s %d.%d' % ((sys.executable,) + sys.version_info[:2]))";
  const { status, stdout } = spawnSync(path, ["-E", "-s", "-c", code], { encoding: "utf8" });
  const [, executable, version] = /^(\/.*) (\d+\.\d+)$/m.exec(stdout ?? "") ?? [];
  return status === 0 && executable && version ? { path: executable, version } : null;
}

/**
 * Looks for Python 2.7, and for each version with PYTHONS=all, among pyenv's and in PATH.
 *
 * The variable PYTHON2 is for the gate: with `none` Python 2.7 is not looked for, with `required` it has to be there.
 */
export function findInterpreters(): Interpreter[] {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), ".pyenv"), "versions");
  const folders = [
    ...(existsSync(versions) ? readdirSync(versions).map((name) => join(versions, name, "bin")) : []),
    ...(process.env.PATH ?? "").split(":"),
  ];
  const usual = askPython("python3");
  if (!usual) throw new Error("The tests need a python3 in PATH.");
  const find = (version: string) => {
    if (version === usual.version) return usual.path;
    if (version === "2.7" && process.env.PYTHON2 === "none") return null;
    const candidates = folders.map((folder) => join(folder, `python${version}`)).filter((path) => existsSync(path));
    // The program itself, since a shim may not work with another PATH.
    return candidates.map(askPython).find((python) => python?.version === version)?.path ?? null;
  };
  const wanted = process.env.PYTHONS === "all" ? VERSIONS : VERSIONS.slice(0, 1);
  const found = [...new Set([...wanted, usual.version])].map((version) => ({ version, path: find(version) }));
  if (process.env.PYTHON2 === "required" && found[0]?.path === null)
    throw new Error("PYTHON2=required: there is no Python 2.7.");
  return found;
}
