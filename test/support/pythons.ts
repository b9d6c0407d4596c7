import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The Pythons that the injected text is written for. */
const VERSIONS = ["2.7", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"];

/** A Python that the injected text has to run on. */
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

/** Looks for each Python among pyenv's and in PATH. */
export function findInterpreters(): Interpreter[] {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), ".pyenv"), "versions");
  const folders = [
    ...(existsSync(versions) ? readdirSync(versions).map((name) => join(versions, name, "bin")) : []),
    ...(process.env.PATH ?? "").split(":"),
  ];
  return VERSIONS.map((version) => {
    const candidates = folders.map((folder) => join(folder, `python${version}`)).filter((path) => existsSync(path));
    const path = candidates.find((candidate) => askPython(candidate)?.version === version) ?? null;
    return { version, path };
  });
}
