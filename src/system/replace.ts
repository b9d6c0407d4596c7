import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Failure, systemReason } from "../failure";
import { readFile } from "./read";
import { run } from "./run";
import { beforeSignal } from "./signals";

/** The new file until it gets the name of the old one. */
const TEMPORARY = ".virtinst-rbd-patch.tmp";

/** The age in milliseconds from which a temporary file was left behind by a run that was killed. */
const AGE = 10_000;

const WAIT = "Wait ten seconds, then run this again.";

/** A file as it was read. */
export interface OldFile {
  readonly path: string;
  readonly bytes: Buffer;
  /** Its modification time, in seconds since 1970 with nine decimals. */
  readonly modified: string;
  /** How many names (hard links) it has. */
  readonly names: number;
}

/** Reads a file that may be replaced later; its path has no symbolic links. Throws an Error if a system call fails. */
export function readOldFile(path: string): OldFile {
  const { mtimeNs, nlink } = statSync(path, { bigint: true });
  return { path, bytes: readFile(path), modified: seconds(mtimeNs), names: Number(nlink) };
}

/**
 * Replaces the content of a file, whole or not at all, and keeps its mode, owner, ACL and extended attributes (the
 * SELinux label is one). Another program that changes the file between the last comparison and the rename is not seen.
 *
 * @param old what the file must still contain
 * @param content its new bytes
 * @param modified its new modification time, in seconds since 1970 with nine decimals. By default, and if it cannot be
 *   set, that is now, but at least a second later than before: Python takes byte code for that of any source of the same
 *   second
 * @returns its modification time
 * @throws Failure (io) if something fails; the message says whether the file was replaced before that
 */
export async function replaceFile(old: OldFile, content: Buffer, modified?: string): Promise<string> {
  const { path } = old;
  const directory = dirname(path);
  const temporary = join(directory, TEMPORARY);
  let descriptor: number | null = null;
  let replaced = false;
  const isOurs = (name: string) => descriptor !== null && isSameFile(name, descriptor);
  const cleanUp = () => (!replaced && isOurs(temporary) ? removed(temporary) : "");
  // It stays registered after the rename: the result may not have been printed yet.
  const forget = beforeSignal(() => (replaced ? `a signal ended this run after ${path} was replaced.` : cleanUp()));
  try {
    descriptor = create(temporary);
    await command("cp", "--preserve=mode,ownership,xattr", "--", path, temporary);
    refuseOtherOwner(path, descriptor);
    // cp also copied the content.
    ftruncateSync(descriptor);
    writeFileSync(descriptor, content);
    await setTime(temporary, modified, old.modified);
    fsyncSync(descriptor);
    if (!readFile(path).equals(old.bytes)) throw new Failure("io", "another program changed it", "Run this again.");
    if (!isOurs(temporary)) throw new Failure("io", "another run is in progress", WAIT);
    renameSync(temporary, path);
    replaced = true;
    synchronise(directory);
    if (!isOurs(path) || !readFile(path).equals(content)) throw new Error("its content is not what was written");
    return seconds(fstatSync(descriptor, { bigint: true }).mtimeNs);
  } catch (error) {
    // A rename that reports an error may have been done (NFS).
    replaced ||= isOurs(path);
    throw failed(path, error, replaced, cleanUp());
  } finally {
    if (!replaced) forget();
    try {
      if (descriptor !== null) closeSync(descriptor);
    } catch {
      // The content is already on the disk and compared, so that this means nothing any more.
    }
  }
}

/** Creates the temporary file; removes one that a killed run left behind. */
function create(temporary: string): number {
  const found = lstatSync(temporary, { throwIfNoEntry: false });
  // Also one from the future: a clock that was set back keeps no file young for ever.
  if (found && Math.abs(Date.now() - found.ctimeMs) > AGE) unlinkSync(temporary);
  try {
    return openSync(temporary, "wx", 0o600);
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw isTaken ? new Failure("io", "another run is in progress", WAIT) : error;
  }
}

/** @throws Error with the words of the program if it fails */
async function command(program: string, ...args: readonly string[]): Promise<void> {
  const { why } = await run(program, args);
  if (why !== "") throw new Error(why.startsWith(`${program}: `) ? why : `${program}: ${why}`);
}

/** cp does not fail if it may not set the owner. */
function refuseOtherOwner(path: string, descriptor: number): void {
  const [old, fresh] = [statSync(path), fstatSync(descriptor)];
  if (old.uid !== fresh.uid || old.gid !== fresh.gid)
    throw new Failure("io", "its owner cannot be kept", "Run this as root, or as the owner of the file.");
}

/** Sets a modification time with touch: Node keeps neither nanoseconds nor times before 1970. */
async function setTime(path: string, wanted: string | undefined, before: string): Promise<void> {
  const touch = (time: string) => ["-c", "-d", `@${time}`, "--", path];
  if (wanted !== undefined && (await run("touch", touch(wanted))).why === "") return;
  // The wanted time may be out of range.
  const fresh = Math.max(Math.floor(Date.now() / 1000), Math.floor(Number(before)) + 1);
  await command("touch", ...touch(`${fresh}.000000000`));
}

/** Whether a name is that of an open file. */
function isSameFile(name: string, descriptor: number): boolean {
  const [found, own] = [lstatSync(name, { throwIfNoEntry: false }), fstatSync(descriptor)];
  return found?.ino === own.ino && found.dev === own.dev;
}

/** Makes a rename survive a power failure. */
function synchronise(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Removes the temporary file; returns a sentence if that fails. */
function removed(temporary: string): string {
  try {
    unlinkSync(temporary);
    return "";
  } catch (error) {
    return `Remove ${temporary}: that failed (${systemReason(error)}).`;
  }
}

function failed(path: string, error: unknown, replaced: boolean, left: string): Failure {
  const reason = `${systemReason(error)}.${replaced ? "" : " Nothing was written."}${left && ` ${left}`}`;
  if (!replaced) return new Failure("io", `${path} cannot be replaced: ${reason}`, hintFor(error));
  const hint = "Check the disk (dmesg), then run: virtinst-rbd-patch verify.";
  return new Failure("io", `${path} was replaced, but: ${reason}`, hint);
}

function hintFor(error: unknown): string {
  if (error instanceof Failure) return error.hint;
  return HINTS[(error as NodeJS.ErrnoException).code ?? ""] ?? "Fix this, then run this again.";
}

const NO_PERMISSION = "Run this as root. If you are root, look for an immutable file (lsattr) or an SELinux denial.";
const HINTS: Readonly<Record<string, string>> = {
  EROFS: "On an image-based system (ostree, a read-only /usr), patch the image: mount it and use --root.",
  EBUSY: "Something is mounted on the file: patch the file that was mounted there.",
  EACCES: NO_PERMISSION,
  EPERM: NO_PERMISSION,
};

/** A time in nanoseconds since 1970 as seconds with nine decimals. */
function seconds(nanoseconds: bigint): string {
  const [, sign, digits = ""] = /^(-?)(\d+)$/.exec(String(nanoseconds)) ?? [];
  return `${sign}${digits.padStart(10, "0").replace(/\d{9}$/, ".$&")}`;
}
