import { spawnSync } from "node:child_process";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Ran } from "../../support/cli";
import { SYSTEM } from "./run";

/** Everything that has to be kept of a file. */
export interface State {
  readonly text: string;
  readonly mode: string;
  readonly owner: string;
  /** All extended attributes, with ACLs and labels. */
  readonly attributes: string;
  readonly modified: bigint;
}

/** The state of a regular file. */
export function stateOf(path: string): State {
  const { mode, uid, gid, mtimeNs } = lstatSync(path, { bigint: true });
  if ((mode & 0o170000n) !== 0o100000n) throw new Error(`${path} is not a regular file`);
  const getfattr = ["-d", "-m", "-", "-e", "hex", "--absolute-names", "--", path];
  const { stdout } = spawnSync("getfattr", getfattr, { encoding: "utf8", env: { ...process.env, PATH: SYSTEM } });
  return {
    text: readFileSync(path, "latin1"),
    mode: (mode & 0o7777n).toString(8),
    owner: `${uid}:${gid}`,
    attributes: (stdout ?? "").split("\n").slice(1).sort().join("\n").trim(),
    modified: mtimeNs,
  };
}

/** The temporary files of a run in the folder of its target. */
export function leftovers(target: string): string[] {
  return readdirSync(dirname(target)).filter((name) => name.includes("virtinst-rbd-patch."));
}

/** The two states in which a command may leave the file. */
export interface Choice {
  readonly old: State;
  /** The text that the command writes. */
  readonly fresh: string;
  /** The time that the command sets, if that is not the current time. */
  readonly freshTime: bigint | null;
  /** The first word of its output on success. */
  readonly word: string;
}

export type Whole = "old" | "new";

/** Which of the two a file is; if it is neither, what is wrong. */
export function wholeOf(path: string, { old, fresh }: Choice): Whole | string {
  let now: State;
  try {
    now = stateOf(path);
  } catch (error) {
    return `the target cannot be read: ${error}`;
  }
  if (now.text !== old.text && now.text !== fresh) return `the target is neither old nor new: ${now.text.length} bytes`;
  const is = now.text === old.text ? "old" : "new";
  for (const part of ["mode", "owner", "attributes"] as const)
    if (now[part] !== old[part]) return `the target is ${is}, with another ${part}: ${now[part]}, not ${old[part]}`;
  if (is === "old" && now.modified !== old.modified) return `the target is old, with another time: ${now.modified}`;
  return is;
}

export const isWhole = (found: string): found is Whole => found === "old" || found === "new";

/** What `revert` prints only if it restored the modification time. */
export const SAYS_TIME_RESTORED = /\(content and modification time\)/;

/** What no output may contain, such as a stack trace. */
export function badWords({ stdout, stderr }: Ran): string | null {
  // The lines that a diff adds are Python.
  const found = /^\s+at .*$|^(?!\+).*\b[A-Z]\w*Error\b.*$|^Error:.*$/m.exec(`${stdout}\n${stderr}`);
  return found && `words that no administrator should see: ${found[0].trim()}`;
}

/** The parts of a run that the test made fail. */
export interface Disturbed {
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly unlink?: boolean;
}

/** What is wrong with the end of a run that was not killed; empty if nothing is. */
export function judge(ran: Ran, target: string, choice: Choice, disturbed: Disturbed = {}): string[] {
  const found = wholeOf(target, choice);
  if (!isWhole(found)) return [found];
  const { code, stdout, stderr } = ran;
  const said = disturbed.stdout ? stderr : stdout + stderr;
  const saysNothing = /\bnothing (was|is|has been) (written|changed)\b/i.test(stderr);
  const saysReplaced = /replaced|patched:|updated:|reverted:/.test(
    said.replace(/\b(cannot be|not be|not) replaced/g, ""),
  );
  const saysRestored = SAYS_TIME_RESTORED.test(stdout) && choice.freshTime !== null;
  const left = leftovers(target);
  const faults: Readonly<Record<string, boolean>> = {
    [badWords(ran) ?? ""]: badWords(ran) !== null,
    [`exit ${code}`]: code === null || ![0, 3, 4, 6].includes(code),
    "exit 0, and the target is the old one": code === 0 && found === "old",
    [`exit 0 without the word ${choice.word}`]: code === 0 && !disturbed.stdout && !stdout.startsWith(choice.word),
    "an error without a word": code !== 0 && !disturbed.stderr && stderr.trim() === "",
    "says that nothing was changed, and the target is the new one":
      code !== 0 && !disturbed.stderr && found === "new" && saysNothing,
    "does not say that the target was replaced": code !== 0 && !disturbed.stderr && found === "new" && !saysReplaced,
    "says that it was done, and the target is the old one":
      code !== 0 && found === "old" && /^(patched|updated|reverted):/m.test(stdout),
    "says that the time was restored, and it is not":
      found === "new" && saysRestored && stateOf(target).modified !== choice.freshTime,
    [`left behind: ${left}`]: left.length > 0 && !disturbed.unlink,
    [`left behind without a word: ${left}`]:
      left.length > 0 && !disturbed.stderr && !left.some((name) => stderr.includes(name)),
  };
  return Object.keys(faults).filter((fault) => faults[fault]);
}

/** A fault for a list: the place, what is wrong, and the output. */
export function describeFault(where: string, faults: readonly string[], { code, stdout, stderr }: Ran): string {
  const said = (stderr + stdout).trim().replace(/\n/g, " | ").slice(0, 300);
  return `${where}: ${faults.join("; ")} (exit ${code}: ${said})`;
}
