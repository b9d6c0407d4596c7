import { spawn, spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

/**
 * Looks for a Python, and for the program itself behind wrappers in PATH.
 *
 * @param {readonly string[]} names programs, best first
 * @param {string} [modules] that it has to be able to import, with commas between them
 * @returns {string | null} its path
 */
export function findPython(names, modules = "sys") {
  for (const name of names) {
    const code = `import sys, ${modules}; sys.stdout.write(sys.executable)`;
    const { status, stdout } = spawnSync(name, ["-B", "-E", "-s", "-c", code], { encoding: "utf8" });
    if (status === 0 && stdout) return stdout;
  }
  return null;
}

/**
 * What `build_xml.py` makes of a source: `fault`, why it does not compile; `error`, what it raised; else the returned
 * pair of each run.
 *
 * @typedef {{ fault?: string, error?: string, results?: [string | null, string | null][] }} Answer
 */

/**
 * What `_build_xml` finds: the XML to begin with, the XML to end with, and that of a domain that is installed anew.
 *
 * @typedef {{ first: string | null, final: string, reinstall: string | null }} Run
 */

/** Runs `_build_xml` of one source after another in one Python: starting one each time would take most of the time. */
export class Builder {
  /** @type {((answer: Answer) => void)[]} */
  #waiting = [];
  #child;

  /** @param {string} python its path */
  constructor(python) {
    // -S -E -s: modules of this machine's packages are stubs too, so that the result is the same on every machine.
    this.#child = spawn(python, ["-B", "-E", "-S", "-s", resolve(import.meta.dirname, "build_xml.py")], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#waiting.shift()?.(JSON.parse(line)));
    const ended = () => {
      for (const answer of this.#waiting.splice(0)) answer({ error: `${python} ended before it answered` });
    };
    this.#child.on("error", ended).on("close", ended);
    this.#child.stdin.on("error", () => {});
  }

  /**
   * @param {Buffer} source
   * @param {string} name its path relative to the folder that holds `virtinst`
   * @param {string} className
   * @param {readonly Run[]} runs
   * @returns {Promise<Answer>}
   */
  build(source, name, className, runs) {
    // ASCII only: what Python takes its standard input for depends on the locale.
    const request = JSON.stringify({ source: source.toString("latin1"), name, class: className, runs }).replace(
      /[^ -~]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    return new Promise((answered) => {
      if (this.#child.exitCode !== null) answered({ error: "Python has ended" });
      this.#waiting.push(answered);
      this.#child.stdin.write(`${request}\n`);
    });
  }

  /** Ends it. */
  close() {
    this.#child.stdin.end();
  }
}
