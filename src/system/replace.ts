import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { Failure, systemReason } from "../report/failure";
import type { ReadFile } from "./read";
import { run } from "./run";

/**
 * Replaces a file's content atomically: written beside it, synchronised, renamed over it.
 *
 * Mode, owner, group, ACL and extended attributes (the SELinux label) are copied by `cp` of GNU coreutils, since Node
 * has no call for them. All calls are synchronous, and signals wait until they are done.
 *
 * @param path the file itself, not a symbolic link to it
 * @param expected what it must still hold just before it is replaced
 * @param content its new bytes
 * @param modified its new modification time; by default now, but never in the second of the old one, by which
 *   Python would take byte code of the old text for that of the new
 * @throws Failure (io) where something fails, or somebody else changed the file; it is then as it was
 */
export function replaceFile(path: string, expected: ReadFile, content: Buffer, modified?: string): void {
  const folder = dirname(path);
  const prefix = `.${basename(path)}.virtinst-rbd-patch.`;
  const temporary = join(folder, `${prefix}${process.pid}`);
  holdSignals();
  try {
    removeLeftovers(folder, prefix);
    try {
      write(temporary, content);
      copyAttributes(path, temporary);
      setTime(temporary, modified ?? freshTime(expected.modified));
      synchronise(temporary);
      if (!readFileSync(path).equals(expected.bytes))
        throw new Failure(
          "io",
          `${path} was changed by somebody else meanwhile; nothing was written.`,
          "Look at the file, then run this again.",
        );
      renameSync(temporary, path);
    } catch (error) {
      try {
        unlinkSync(temporary);
      } catch {
        // It was never made, or it is the file now.
      }
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

/** Files that a run left here that was killed at once: a dead process cleans nothing up. */
function removeLeftovers(folder: string, prefix: string): void {
  for (const name of readdirSync(folder)) {
    const id = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
    if (Number.isInteger(id) && !isAlive(id)) unlinkSync(join(folder, name));
  }
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function write(path: string, content: Buffer): void {
  const descriptor = openSync(path, "wx", 0o600);
  try {
    for (let done = 0; done < content.length; ) done += writeSync(descriptor, content, done);
  } finally {
    closeSync(descriptor);
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
  if (copy.mode !== mode) {
    const descriptor = openSync(to, "r+");
    try {
      fchmodSync(descriptor, mode & 0o7777);
    } finally {
      closeSync(descriptor);
    }
  }
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

function freshTime(old: string): string {
  // Never a second that the file had before: byte code of any earlier text would be taken for the new one's.
  return `${Math.max(Math.floor(Date.now() / 1000), Number(old.split(".")[0]) + 1)}.000000000`;
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
