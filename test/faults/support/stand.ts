import { chmodSync, chownSync, cpSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { makeBundle } from "../../support/bundle";
import { HOST, PLAIN, TOOL } from "../../support/cli";
import { type Choice, type State, stateOf } from "./judge";
import { folder, must, NODE, SYSTEM, script, tool, watch, which } from "./run";

/** Where the target is below the folder that holds virtinst. */
export const FILE = "virtinst/install/installer.py";

/** A copy of a virtinst in some state, in a folder of its own. */
export interface Case {
  /** The folder of this case alone. */
  readonly home: string;
  /** The folder that holds virtinst. */
  readonly top: string;
  readonly target: string;
  /** A folder for wrappers, the first in PATH. */
  readonly bin: string;
  /** The bundle of the sample host. */
  readonly bundle: string;
}

/** What a run of the tool is to do: a command, on which state, with which result. */
export interface Job {
  readonly name: string;
  readonly from: "pristine" | "patched";
  readonly to: "pristine" | "patched";
  readonly word: string;
  readonly args: (top: string) => readonly string[];
  /** Whether the bundle does it, under Python; else the tool. */
  readonly bundled?: true;
}

const apply = (top: string) => ["apply", ...HOST, "--virtinst", top];
const revert = (top: string) => ["revert", "--virtinst", top];
export const JOBS = {
  apply: { name: "apply", from: "pristine", to: "patched", word: "patched", args: apply },
  revert: { name: "revert", from: "patched", to: "pristine", word: "reverted", args: revert },
} as const satisfies Record<string, Job>;

const bundledApply = (top: string) => ["apply", "--virtinst", top];

/** The same jobs, done by the bundle. */
export const BUNDLED = {
  apply: { ...JOBS.apply, name: "the bundle's apply", args: bundledApply, bundled: true },
  revert: { ...JOBS.revert, name: "the bundle's revert", bundled: true },
} as const satisfies Record<string, Job>;

/** Nanoseconds, so that putting the time back needs more than what Node keeps. */
const TIME = "1400000000.123456789";

/** Copies of one virtinst in all states, with an owner, a mode and attributes of its own. */
export class Stand {
  readonly #base = folder();
  #made = 0;
  readonly states: Readonly<Record<Job["from"], State>>;

  private constructor(base: string, states: Record<Job["from"], State>) {
    this.#base = base;
    this.states = states;
  }

  /** @param acl whether the target has an ACL beside its extended attributes */
  static async make({ acl = false } = {}): Promise<Stand> {
    const base = folder();
    const pristine = join(base, "pristine");
    cpSync(resolve("test/fixtures/virtinst", PLAIN), pristine, { recursive: true });
    const path = join(pristine, FILE);
    chownSync(path, 1234, 4321);
    chmodSync(path, 0o754);
    must("setfattr", "-n", "user.x", "-v", "some value", path);
    if (acl) must("setfacl", "-m", "u:1235:r-x,g:1236:rw-", path);
    must("touch", "-d", `@${TIME}`, path);
    const states = { pristine: whole(path) } as Record<Job["from"], State>;
    const patched = join(base, "patched");
    must("cp", "-a", pristine, patched);
    const { code, stderr } = await tool(["apply", ...HOST, "--virtinst", patched]);
    if (code !== 0) throw new Error(stderr);
    states.patched = whole(join(patched, FILE));
    makeBundle(HOST, join(base, "bundle.py"));
    return new Stand(base, states);
  }

  /** A copy in a state. */
  copy(from: Job["from"]): Case {
    const home = join(this.#base, `case-${++this.#made}`);
    const top = join(home, "v");
    const bin = join(home, "bin");
    mkdirSync(bin, { recursive: true });
    must("cp", "-a", join(this.#base, from), top);
    return { home, top, target: join(top, FILE), bin, bundle: join(this.#base, "bundle.py") };
  }

  /** The texts between which a job is to choose. */
  choice({ from, to, word }: Job): Choice {
    return {
      old: this.states[from],
      fresh: this.states[to].text,
      freshTime: to === "pristine" ? this.states.pristine.modified : null,
      word,
    };
  }
}

function whole(path: string): State {
  const state = stateOf(path);
  if (!state) throw new Error(path);
  return state;
}

/** Runs a job on a case; `before` is what the tool is started by, such as strace. */
export function perform(job: Job, { top, bin, bundle }: Case, before: readonly string[] = []) {
  // As the bundle's own first lines start it.
  const program = job.bundled ? ["/usr/bin/python3", "-B", "-E", "-s", bundle] : [NODE, TOOL];
  return watch([...before, ...program, ...job.args(top)], { env: { PATH: `${bin}:${SYSTEM}` }, seconds: 100 });
}

/** The programs that a run may have as children for the file itself. */
export const CHILDREN = ["cp", "touch"].filter(which);

/**
 * Puts a wrapper for a child first in PATH.
 *
 * @param lines what it does, with the child's own program as `$real`
 */
export function wrap({ bin }: Case, child: string, lines: string): void {
  script(bin, child, `real='${which(child)}'\n${lines}`);
}

/** Words for a shell. */
export const shell = (words: readonly string[]) => words.map((word) => `'${word.replace(/'/g, "'\\''")}'`).join(" ");
