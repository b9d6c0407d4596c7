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
  ..."bash sh base64 cat chmod cp date grep head ln mkfifo mv rmdir sed seq sha256sum".split(" "),
  ..."sleep stat stty tar timeout touch true yes mount script setpriv setsid umount unshare npm".split(" "),
];

export default function setup(project: TestProject): () => void {
  // With it, Node loads a certificate store, and takes three times as long to start.
  delete process.env.NODE_EXTRA_CA_CERTS;
  const interpreters = findInterpreters();
  const python3 = askPython("python3");
  const python2 = interpreters.find(({ version }) => version === "2.7")?.path ?? null;
  const links: Readonly<Record<string, string | null>> = {
    node: process.execPath,
    python3: python3?.path ?? null,
    python2,
    "python2.7": python2,
    ...Object.fromEntries(TOOLS.map((name) => [name, inPath(name)])),
  };
  const bare = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-bin-"));
  for (const [name, path] of Object.entries(links)) if (path) symlinkSync(path, join(bare, name));
  project.provide("barePath", bare);
  project.provide("interpreters", interpreters);
  return () => rmSync(bare, { recursive: true });
}

function inPath(name: string): string | null {
  const folders = (process.env.PATH ?? "").split(":");
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}
