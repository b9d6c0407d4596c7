// Runs the tool and its standalone script on two copies of one virtinst, and compares what they do.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { sha256 } from "../../src/patch/facts";
import { RECIPES } from "../../src/virtinst/recipes";
import { makeBundle } from "./bundle";
import { cli, copyVirtinst, HOST, PLAIN, temporaryFolder } from "./cli";
import { INTERPRETERS } from "./helper";

const made = new Map<string, string>();
const home = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-test-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** The bundle of some facts, made once: no run changes it. */
export function bundleOf(facts: readonly string[] = HOST): string {
  const key = JSON.stringify(facts);
  const path = made.get(key) ?? makeBundle(facts, join(home, `bundle-${made.size}.py`));
  made.set(key, path);
  return path;
}

/** A virtinst in a folder. */
export interface Place {
  readonly top: string;
  readonly path: string;
  edit(change: (text: string) => string): void;
}

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the tool on one copy and the bundle on another. */
export class Both {
  readonly places: readonly [Place, Place];
  readonly #bundle: string;
  readonly #facts: readonly string[];
  readonly #python: string;

  constructor({ layout = PLAIN, facts = HOST, python = "python3" } = {} as Partial<Options>) {
    this.#bundle = bundleOf(facts);
    this.#facts = facts;
    this.#python = python;
    const file = RECIPES.find(({ name }) => name === layout)?.file as string;
    // Of one length, since both say where the file is.
    const base = temporaryFolder();
    this.places = ["a", "b"].map((name) => {
      const top = join(base, name);
      cpSync(copyVirtinst(layout), top, { recursive: true });
      const path = join(top, file);
      utimesSync(path, 1400000000, 1400000000);
      spawnSync("touch", ["-d", "@1400000000.123456789", path]);
      const edit = (change: (text: string) => string) =>
        writeFileSync(path, change(readFileSync(path, "latin1")), "latin1");
      return { top, path, edit };
    }) as unknown as [Place, Place];
  }

  /** Does the same to both copies. */
  each(act: (place: Place) => void): this {
    for (const place of this.places) act(place);
    return this;
  }

  /** Runs a command of the bundle alone. */
  bundle(command: string, ...words: string[]): Ran {
    return spawn(this.#python, [this.#bundle, command, "--virtinst", this.places[1].top, ...words]);
  }

  /** Runs a command on both, and compares all that is to be seen of it. */
  run(command: string, ...words: string[]) {
    const [one, other] = this.places;
    const facts = command === "revert" ? [] : this.#facts;
    const tool = cli([command, ...facts, "--virtinst", one.top, ...words]);
    const bundle = this.bundle(command, ...words);
    const seen = [seenOf(one, tool), seenOf(other, bundle)] as const;
    expect(seen[1]).toEqual(seen[0]);
    return { ...tool, bundle };
  }
}

interface Options {
  readonly layout: string;
  readonly facts: readonly string[];
  readonly python: string;
}

/** A test for each Python that a bundle is written for, skipped if this machine does not have it. */
export function eachPython(name: string, skip: boolean, act: (python: string) => void): void {
  for (const { version, path } of INTERPRETERS)
    test.skipIf(skip || path === null)(`Python ${version}: ${name}`, () => act(path as string));
}

export function spawn(python: string, words: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(python, words, { encoding: "utf8" });
  return { code: status, stdout, stderr };
}

/** What the bundle says besides, since it cannot see the host's pools. */
const OWN = /^(?:note: )?It was compared with the facts of this file .*$/;

/** All that can be seen of a run. A fresh time is no case for comparison; that it is fresh is. */
function seenOf({ top, path }: Place, { code, stdout, stderr }: Ran) {
  // The bundle has no --force and no --python to name.
  const plain = (text: string) =>
    text
      .replaceAll(top, "TOP")
      .replace("; --force patches all the same, for disks that are described by hand", "")
      .replace(", or name a Python with --python", "")
      .replace(/\b1[5-9]\d{8}\.\d{9}\b/g, "NOW");
  const json = stdout.startsWith("{") ? JSON.parse(plain(stdout)) : null;
  if (json?.notes) json.notes = json.notes.filter((note: string) => !OWN.test(note)).sort();
  // Which of several Pythons of one kind it is, is this machine's matter.
  const said = plain(stdout).replace(/(Python [\d.]+), \S+/g, "$1");
  if (json?.compiled) json.compiled = json.compiled.replace(/compiled by .*/, "compiled");
  const { mode, mtimeMs } = statSync(path);
  return {
    code,
    said: json ?? said,
    notes: plain(stderr)
      .split("\n")
      .filter((line) => !OWN.test(line))
      .sort(),
    sha256: sha256(plain(readFileSync(path, "latin1"))),
    mode,
    fresh: mtimeMs > 1.5e12,
    beside: readdirSync(dirname(path)).sort(),
  };
}
