// Runs once before the tests: finds the Pythons, and makes the only folder that the unit tests have in PATH.
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { askPython, findInterpreters, type Interpreter } from "./pythons";

declare module "vitest" {
  interface ProvidedContext {
    barePath: string;
    interpreters: readonly Interpreter[];
  }
}

/** What the unit tests and the tool run, besides Node and Python: programs of every Debian and EL base system. */
const TOOLS = [
  ...["bash", "sh", "env"],
  ...["cat", "chmod", "cp", "date", "grep", "head", "ln", "ls", "mkfifo", "mktemp", "mv", "rm", "rmdir", "seq", "sha256sum"],
  ...["sleep", "stat", "stty", "touch", "true", "yes", "base64", "sed", "tar", "timeout"],
  ...["mount", "script", "setpriv", "setsid", "umount", "unshare"],
  "npm",
];

export default function setup(project: TestProject): () => void {
  const bare = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-bin-"));
  const interpreters = findInterpreters();
  const python3 = askPython("python3");
  if (!python3) throw new Error("The tests need a python3 in PATH.");
  const python2 = interpreters.find(({ version }) => version === "2.7")?.path ?? null;
  if (!python2 && process.env.REQUIRE_PYTHON2) throw new Error("REQUIRE_PYTHON2 is set, but there is no Python 2.7.");
  const links: Readonly<Record<string, string | null>> = {
    node: process.execPath,
    python3: python3.path,
    python2,
    "python2.7": python2,
    ...Object.fromEntries(TOOLS.map((name) => [name, inPath(name)])),
  };
  for (const [name, path] of Object.entries(links)) if (path) symlinkSync(path, join(bare, name));
  project.provide("barePath", bare);
  project.provide("interpreters", interpreters);
  return () => rmSync(bare, { recursive: true });
}

function inPath(name: string): string | null {
  const folders = (process.env.PATH ?? "").split(":");
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}
