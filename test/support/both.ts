// Runs the tool and its standalone script on two copies of one virtinst, and compares what they do.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { sha256 } from "../../src/patch/pools";
import { cli, copyVirtinst, HOST, makeBundle, PLAIN, type Ran, STAND_INS, temporaryFolder } from "./cli";
import { INTERPRETERS } from "./helper";

const made = new Map<string, string>();
const home = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-test-"));
// The files of a worker share it.
process.once("exit", () => rmSync(home, { recursive: true, force: true }));

/** The script for some pools, generated once: no run changes it. */
export function scriptOf(pools: readonly string[] = HOST): string {
  const key = JSON.stringify(pools);
  const path = made.get(key) ?? makeBundle(pools, join(home, `standalone-${made.size}.py`));
  made.set(key, path);
  return path;
}

/** A virtinst in a folder. */
export interface Place {
  readonly top: string;
  readonly path: string;
  edit(change: (text: string) => string): void;
}

/** Runs the tool on one copy and the script on another. */
export class Both {
  readonly places: readonly [Place, Place];
  readonly #script: string;
  readonly #pools: readonly string[];
  readonly #python: string;

  constructor({ layout = PLAIN, pools = HOST, python = "python3" } = {} as Partial<Options>) {
    this.#script = scriptOf(pools);
    this.#pools = pools;
    this.#python = python;
    const file = STAND_INS.find(({ name }) => name === layout)?.file as string;
    const base = temporaryFolder();
    this.places = ["a", "b"].map((name) => {
      const top = join(base, name);
      cpSync(copyVirtinst(layout), top, { recursive: true });
      const path = join(top, file);
      // The header contains the time of the original file.
      const age = () => spawnSync("touch", ["-d", "@1400000000.123456789", path]);
      const edit = (change: (text: string) => string) => {
        writeFileSync(path, change(readFileSync(path, "latin1")), "latin1");
        age();
      };
      age();
      return { top, path, edit };
    }) as unknown as [Place, Place];
  }

  /** Does the same to both copies. */
  each(act: (place: Place) => void): this {
    for (const place of this.places) act(place);
    return this;
  }

  /** Runs a command of the script alone. */
  script(command: string, ...words: string[]): Ran {
    return spawn(this.#python, [this.#script, command, "--virtinst", this.places[1].top, ...words]);
  }

  /** Runs a command of both with --json, and compares what they do; returns the result of the script, and of the tool. */
  async run(command: string, ...words: string[]) {
    const [one, other] = this.places;
    const pools = command === "revert" ? [] : this.#pools;
    const tool = await cli([command, ...pools, "--virtinst", one.top, "--json", ...words]);
    const script = this.script(command, "--json", ...words);
    const seen = [seenOf(one, tool), seenOf(other, script)] as const;
    expect(seen[1]).toEqual(seen[0]);
    return { code: script.code, ...JSON.parse(script.stdout), tool: JSON.parse(tool.stdout) };
  }
}

interface Options {
  readonly layout: string;
  readonly pools: readonly string[];
  readonly python: string;
}

/** A test for each Python that a script is written for, skipped if this machine does not have it. */
export function eachPython(name: string, act: (python: string) => void): void {
  for (const { version, path } of INTERPRETERS)
    test.skipIf(path === null)(`Python ${version}: ${name}`, () => act(path as string));
}

export function spawn(python: string, words: readonly string[], options: object = {}): Ran {
  const { status, stdout, stderr } = spawnSync(python, words, { encoding: "utf8", ...options });
  return { code: status, stdout: String(stdout), stderr: String(stderr) };
}

// The JSON keys whose values must be equal. Messages and single checks may differ.
const EQUAL =
  "form tool verdict command host release sha256 affected state status changed check restored timeRestored pools";

/** The visible result of a run, without messages. A new modification time is only compared as new. */
function seenOf({ path }: Place, { code, stdout, stderr }: Ran) {
  const json = JSON.parse(stdout);
  const { mode, mtimeMs } = statSync(path);
  const { behaviour, install, error } = json;
  return {
    code,
    keys: Object.keys(json).sort(),
    error: error && Object.keys(error).sort(),
    checks: [behaviour, install].map((one) => one && [Object.keys(one).sort(), one.status]),
    equal: EQUAL.split(" ").map((key) => [key, json[key]]),
    diff: json.diff === undefined ? null : json.diff.length > 0,
    traceback: stderr.includes("Traceback"),
    sha256: sha256(readFileSync(path, "latin1").replace(/\b1[5-9]\d{8}\.\d{9}\b/g, "NOW")),
    mode,
    fresh: mtimeMs > 1.5e12,
    beside: readdirSync(dirname(path)).sort(),
  };
}
