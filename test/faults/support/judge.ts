import { spawnSync } from "node:child_process";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Ran } from "../../support/cli";
import { SYSTEM } from "./run";

/** All of a file that is to be whole: its text, and what else belongs to it. */
export interface State {
  readonly text: string;
  readonly mode: string;
  readonly owner: string;
  /** All extended attributes, ACL and labels among them. */
  readonly attributes: string;
  readonly modified: bigint;
}

/** The state of a file; null where it is missing or no file of its own. */
export function stateOf(path: string): State | null {
  try {
    const { mode, uid, gid, mtimeNs } = lstatSync(path, { bigint: true });
    if ((mode & 0o170000n) !== 0o100000n) return null;
    return {
      text: readFileSync(path, "latin1"),
      mode: (mode & 0o7777n).toString(8),
      owner: `${uid}:${gid}`,
      attributes: attributesOf(path),
      modified: mtimeNs,
    };
  } catch {
    return null;
  }
}

function attributesOf(path: string): string {
  const { stdout } = spawnSync("getfattr", ["-d", "-m", "-", "-e", "hex", "--absolute-names", "--", path], {
    encoding: "utf8",
    env: { ...process.env, PATH: SYSTEM },
  });
  return (stdout ?? "").split("\n").slice(1).sort().join("\n").trim();
}

/** What is left of a run in a folder. */
export function leftovers(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.includes("virtinst-rbd-patch."));
}

/** The texts between which a command is to choose. */
export interface Choice {
  readonly old: State;
  /** The text that the command makes. */
  readonly fresh: string;
  /** The time that the command sets, where it is not now. */
  readonly freshTime: bigint | null;
  /** The first word of what it says when it is done. */
  readonly word: string;
}

export type Whole = "old" | "new";

/** Which of the two a file is; what is wrong with it where it is neither. */
export function wholeOf(path: string, { old, fresh }: Choice): Whole | string {
  const now = stateOf(path);
  if (!now) return "the target is missing, or no file";
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

/** What a run's words may never hold. */
export function badWords({ stdout, stderr }: Ran): string | null {
  const all = `${stdout}\n${stderr}`;
  // What a diff adds is Python.
  const found = /^\s+at .*$|^(?!\+).*\b[A-Z]\w*Error\b.*$|^Error:.*$/m.exec(all);
  return found && `words that no administrator should see: ${found[0].trim()}`;
}

/** How a run was disturbed, as far as it bears on what it can say. */
export interface Disturbed {
  /** Standard output could not be written. */
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /** Removing a file failed, so one may be left. */
  readonly unlink?: boolean;
}

/** What is wrong with the end of a run that was not killed; an empty list where all is as it should be. */
export function judge(ran: Ran, target: string, choice: Choice, disturbed: Disturbed = {}): string[] {
  const found = wholeOf(target, choice);
  if (!isWhole(found)) return [found];
  const faults: string[] = [];
  const { code, stdout, stderr } = ran;
  const bad = badWords(ran);
  if (bad) faults.push(bad);
  if (code !== 0 && !(code !== null && [3, 4, 6].includes(code))) faults.push(`exit ${code}`);
  const nothing = /\bnothing (was|is|has been) (written|changed)\b/i.test(stderr);
  // "cannot be replaced" is no claim that it was.
  const replaced = /replaced|patched:|updated:|reverted:/.test(
    `${disturbed.stdout ? "" : stdout}\n${stderr.replace(/\b(cannot|could not|can not|was not|not) be replaced|not replaced/g, "")}`,
  );
  if (code === 0 && found === "old") faults.push("exit 0, and the target is the old one");
  if (code === 0 && !disturbed.stdout && !stdout.startsWith(choice.word))
    faults.push(`exit 0 without the word ${choice.word}`);
  if (code !== 0 && !disturbed.stderr) {
    if (stderr.trim() === "") faults.push("an error without a word");
    if (found === "new" && nothing) faults.push("says that nothing was changed, and the target is the new one");
    if (found === "new" && !replaced) faults.push("does not say that the target was replaced");
  }
  if (code !== 0 && found === "old" && /^(patched|updated|reverted):/m.test(stdout))
    faults.push("says that it was done, and the target is the old one");
  if (found === "new" && choice.freshTime !== null && SAYS_TIME_RESTORED.test(stdout)) {
    const time = stateOf(target)?.modified;
    if (time !== choice.freshTime) faults.push(`says that the time was restored, and it is ${time}`);
  }
  const left = leftovers(dirname(target));
  if (left.length > 0 && !disturbed.unlink) faults.push(`left behind: ${left.join(", ")}`);
  if (left.length > 0 && disturbed.unlink && !disturbed.stderr && !left.some((name) => stderr.includes(name)))
    faults.push(`left behind without a word: ${left.join(", ")}`);
  return faults;
}

/** A fault for a list: where, what, and the run's own words. */
export function describeFault(where: string, faults: readonly string[], { code, stdout, stderr }: Ran): string {
  return `${where}: ${faults.join("; ")} (exit ${code}: ${`${stderr}${stdout}`.trim().replace(/\n/g, " | ").slice(0, 300)})`;
}
