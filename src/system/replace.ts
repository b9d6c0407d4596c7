import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { Failure, systemReason } from "../report/failure";
import type { ReadFile } from "./read";
import { run } from "./run";

/** Somebody else changed the file between reading and replacing it. */
export class ChangedMeanwhile extends Failure {}

/**
 * Replaces a file's content atomically: written beside it, synchronised, renamed over it.
 *
 * Mode, owner, group, ACL and extended attributes (the SELinux label) are copied by `cp` of GNU coreutils, since Node
 * has no call for them. All calls are synchronous, and signals wait until they are done.
 *
 * @param path the file itself, not a symbolic link to it
 * @param expected what it must still hold just before it is replaced
 * @param content its new bytes
 * @param options `modified`, its new modification time, in seconds since 1970 with nine decimals; by default now, but
 *   later than the old one, and none of the seconds in `avoid`, so that Python takes no byte code of another text for it
 * @throws Failure (io) where something fails, or somebody else changed the file; it is then as it was
 */
export function replaceFile(
  path: string,
  expected: ReadFile,
  content: Buffer,
  { modified, avoid = [] }: { readonly modified?: string; readonly avoid?: readonly number[] } = {},
): void {
  const folder = dirname(path);
  const prefix = `.${basename(path)}.virtinst-rbd-patch.`;
  const temporary = join(folder, `${prefix}${process.pid}-${Date.now().toString(36)}`);
  holdSignals();
  try {
    removeLeftovers(folder, prefix);
    try {
      writeFileSync(temporary, content, { flag: "wx", mode: 0o600 });
      copyAttributes(path, temporary);
      setTime(temporary, modified ?? freshTime([Number(expected.modified.split(".")[0]), ...avoid]));
      synchronise(temporary);
      if (!readFileSync(path).equals(expected.bytes))
        throw new ChangedMeanwhile(
          "io",
          `${path} was changed by somebody else meanwhile; nothing was written.`,
          "Look at the file, then run this again.",
        );
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    synchronise(folder);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure("io", `${path} cannot be replaced: ${systemReason(error)}.`, writeHint(error));
  }
}

/**
 * Lets signals wait: a handler runs when the synchronous work is done, if there is more to do then, and lets the signal
 * do what it does.
 *
 * Only from here on, since a process with a handler cannot be interrupted while it reads from a file that hangs.
 */
function holdSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    if (process.listenerCount(signal) === 0) process.once(signal, () => process.kill(process.pid, signal));
}

/** Files that a run left here that was killed at once: a dead process cleans nothing up, and no run takes so long. */
function removeLeftovers(folder: string, prefix: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(folder, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? Date.now());
    if (!isAlive(Number.parseInt(name.slice(prefix.length), 10)) || age > 600_000) rmSync(path, { force: true });
  }
}

function isAlive(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function copyAttributes(from: string, to: string): void {
  const copied = run("cp", ["--attributes-only", "--preserve=all", "--no-dereference", "--", from, to]);
  if (copied.status !== 0)
    throw new Failure(
      "io",
      `The mode, owner, ACL and attributes of ${from} cannot be copied: ${copied.fault ?? copied.stderr.trim()}.`,
      "Run this as root, with cp of GNU coreutils in PATH.",
    );
  // An owner that cp may not set leaves the mode open to chance.
  const { mode, uid, gid } = statSync(from);
  const copy = statSync(to);
  if (copy.uid !== uid || copy.gid !== gid)
    throw new Failure("io", `The owner of ${from} cannot be kept.`, "Run this as root, or as the owner of the file.");
  if (copy.mode !== mode) chmodSync(to, mode & 0o7777);
}

/** Sets a modification time; `touch` keeps nanoseconds, which Node rounds to microseconds. */
function setTime(path: string, modified: string): void {
  const [whole, fraction] = modified.split(".") as [string, string];
  if (/^0*$/.test(fraction)) {
    utimesSync(path, Number(whole), Number(whole));
    return;
  }
  const touched = run("touch", ["-c", "-d", `@${modified}`, "--", path]);
  if (touched.status !== 0) utimesSync(path, Number(modified), Number(modified));
}

/** Now, or the first second after it that is later than the first of these times and equal to none of the others. */
function freshTime([before = 0, ...avoid]: readonly number[]): string {
  let second = Math.max(Math.floor(Date.now() / 1000), before + 1);
  // Byte code states a time in 32 bits.
  while (avoid.includes(second % 2 ** 32)) second++;
  return `${second}.000000000`;
}

function synchronise(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeHint(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case "EROFS":
      return "On an image-based system (ostree, a read-only /usr) patch the image instead: mount it and use --root.";
    case "EACCES":
    case "EPERM":
      return "Run this as root; if you are root, look for an immutable file (lsattr) or a security module's denial.";
    default:
      return "Nothing was changed. Mend the cause, then run this again.";
  }
}
