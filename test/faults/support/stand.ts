import { chmodSync, chownSync, cpSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { HOST, makeBundle, NODE, PLAIN, TOOL } from "../../support/cli";
import { type Choice, type State, stateOf } from "./judge";
import { folder, must, SYSTEM, script, tool, watch, which } from "./run";

/** A virtinst below a folder, and the words to patch it for the sample host. */
export function virtinstIn(base: string) {
  const top = join(base, "virt-manager");
  cpSync(resolve("test/fixtures/virtinst", PLAIN), top, { recursive: true });
  const target = join(top, "virtinst/install/installer.py");
  // Only a program can set nanoseconds.
  must("touch", "-d", "@1400000000.123456789", target);
  return { top, target, apply: ["apply", ...HOST, "--virtinst", top], revert: ["revert", "--virtinst", top] };
}

/** A file system of the test's own, mounted until the test ends. */
export function mounted(...words: readonly string[]): string {
  const point = join(folder(), "mounted");
  mkdirSync(point);
  must("mount", ...words, point);
  onTestFinished(() => void must("umount", "-l", point));
  chmodSync(point, 0o755);
  return point;
}

/** An ext4 of some MB, in a file. */
export function ext4(megabytes: number, ...options: readonly string[]): string {
  const image = join(folder(), "image");
  must("truncate", "-s", `${megabytes}M`, image);
  must("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-I", "256", ...options, image);
  const point = mounted("-o", "loop", image);
  rmSync(join(point, "lost+found"), { recursive: true });
  return point;
}

type Stage = "pristine" | "patched";

/** A copy of a virtinst, in a folder of its own. */
export interface Case {
  readonly home: string;
  /** The folder that contains virtinst. */
  readonly top: string;
  readonly target: string;
  /** A folder for wrappers, the first in PATH. */
  readonly bin: string;
  /** The standalone script of the sample host. */
  readonly bundle: string;
}

/** A command, the state of the file before and after it, and the first word of its output. */
export interface Job {
  readonly name: string;
  readonly from: Stage;
  readonly to: Stage;
  readonly word: string;
  readonly words: readonly string[];
  /** Whether the standalone script does it. */
  readonly bundled?: true;
}
const apply = { from: "pristine", to: "patched", word: "patched", words: ["apply"] } as const;
const revert = { from: "patched", to: "pristine", word: "reverted", words: ["revert"] } as const;
/** The jobs of the tool, and the same jobs of the script. */
export const JOBS: Readonly<Record<"apply" | "revert", Job>> = {
  apply: { ...apply, name: "apply", words: ["apply", ...HOST] },
  revert: { ...revert, name: "revert" },
};
export const BUNDLED: typeof JOBS = {
  apply: { ...apply, name: "apply of the standalone script", bundled: true },
  revert: { ...revert, name: "revert of the standalone script", bundled: true },
};

export type Stand = Awaited<ReturnType<typeof makeStand>>;

/** Makes copies of one virtinst, whose file has an owner, a mode and attributes of its own, and on request an ACL. */
export async function makeStand({ acl = false } = {}) {
  const base = folder();
  const { top, target, apply } = virtinstIn(base);
  chownSync(target, 1234, 4321);
  chmodSync(target, 0o754);
  must("setfattr", "-n", "user.x", "-v", "some value", target);
  if (acl) must("setfacl", "-m", "u:1235:r-x,g:1236:rw-", target);
  const pristine = stateOf(target);
  must("cp", "-a", top, join(base, "pristine"));
  const { code, stderr } = await tool(apply);
  if (code !== 0) throw new Error(stderr);
  const states: Readonly<Record<Stage, State>> = { pristine, patched: stateOf(target) };
  must("mv", top, join(base, "patched"));
  const bundle = makeBundle(HOST, join(base, "bundle.py"));
  let made = 0;
  return {
    states,
    /** A copy in a state. */
    copy(from: Stage): Case {
      const home = join(base, `case-${++made}`);
      const [top, bin] = [join(home, "v"), join(home, "bin")];
      mkdirSync(bin, { recursive: true });
      must("cp", "-a", join(base, from), top);
      return { home, top, target: join(top, "virtinst/install/installer.py"), bin, bundle };
    },
    /** The two states in which a job may leave the file. */
    choice({ from, to, word }: Job): Choice {
      const freshTime = to === "pristine" ? pristine.modified : null;
      return { old: states[from], fresh: states[to].text, freshTime, word };
    },
  };
}

/** Runs a job on a case; `before` is what starts the tool, such as strace. */
export function perform({ bundled, words }: Job, { top, bin, bundle }: Case, before: readonly string[] = []) {
  // The first lines of the script start Python with these options.
  const program = bundled ? ["/usr/bin/python3", "-B", "-E", "-s", bundle] : [NODE, TOOL];
  const argv = [...before, ...program, ...words, "--virtinst", top];
  // An error injected into the start of Node can make it hang.
  return watch(argv, { env: { PATH: `${bin}:${SYSTEM}` }, seconds: before.length > 0 ? 20 : 100 });
}

/** The programs that a run starts for the file. */
export const CHILDREN = (["cp", "touch"] as const).filter(which);

/** Puts a wrapper for a child first in PATH: lines of a shell script, in which `$real` is the child. */
export function wrap({ bin }: Case, child: string, lines: string): void {
  script(bin, child, `real='${which(child)}'\n${lines}`);
}

/** Words for a shell. */
export const shell = (words: readonly string[]) => words.map((word) => `'${word.replace(/'/g, "'\\''")}'`).join(" ");
