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

/** The name of the temporary file, before it is renamed to the old file. */
const TEMPORARY = ".virtinst-rbd-patch.tmp";

/** The age, in milliseconds, of a temporary file that a killed run must have left behind. */
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

/** Reads a file that may be replaced later; its path must have no symbolic links. Throws an Error if a call fails. */
export function readOldFile(path: string): OldFile {
  const { mtimeNs, nlink } = statSync(path, { bigint: true });
  return { path, bytes: readFile(path), modified: seconds(mtimeNs), names: Number(nlink) };
}

/**
 * Replaces the content of a file atomically, and keeps its mode, owner, ACL and extended attributes (such as the
 * SELinux label). A change by another program between the last comparison and the rename is not detected (TOCTOU).
 *
 * @param old the file as it was read; refuses to replace other content
 * @param content the new bytes
 * @param modified the new modification time, in seconds since 1970 with nine decimals. By default, and if it cannot be
 *   set, the current time, but at least a second later than before: Python uses cached byte code for any source with
 *   the same second
 * @returns the modification time of the new file
 * @throws Failure (io) if something fails; the message says whether the file was already replaced
 */
export async function replaceFile(old: OldFile, content: Buffer, modified?: string): Promise<string> {
  const { path } = old;
  const directory = dirname(path);
  const temporary = join(directory, TEMPORARY);
  let descriptor: number | null = null;
  let replaced = false;
  const isOurs = (name: string) => descriptor !== null && isSameFile(name, descriptor);
  const cleanUp = () => (!replaced && isOurs(temporary) ? removed(temporary) : "");
  // Stays registered after the rename, because the result may not have been printed yet.
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
    // On NFS, a rename may succeed and still report an error.
    replaced ||= isOurs(path);
    throw failed(path, error, replaced, cleanUp());
  } finally {
    if (!replaced) forget();
    try {
      if (descriptor !== null) closeSync(descriptor);
    } catch {
      // Ignore errors of close: the content was already synchronised and compared.
    }
  }
}

/** Creates the temporary file; first removes an old one that a killed run left behind. */
function create(temporary: string): number {
  const found = lstatSync(temporary, { throwIfNoEntry: false });
  // Also remove a file from the future: the clock may have been set back.
  if (found && Math.abs(Date.now() - found.ctimeMs) > AGE) unlinkSync(temporary);
  try {
    return openSync(temporary, "wx", 0o600);
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw isTaken ? new Failure("io", "another run is in progress", WAIT) : error;
  }
}

/** Runs a program; throws an Error with its message if it fails. */
async function command(program: string, ...args: readonly string[]): Promise<void> {
  const { why } = await run(program, args);
  if (why !== "") throw new Error(why.startsWith(`${program}: `) ? why : `${program}: ${why}`);
}

/** Fails if cp could not keep the owner: cp does not report that. */
function refuseOtherOwner(path: string, descriptor: number): void {
  const [old, fresh] = [statSync(path), fstatSync(descriptor)];
  if (old.uid !== fresh.uid || old.gid !== fresh.gid)
    throw new Failure("io", "its owner cannot be kept", "Run this as root, or as the owner of the file.");
}

/** Sets the modification time with touch: Node does not support nanoseconds, or times before 1970. */
async function setTime(path: string, wanted: string | undefined, before: string): Promise<void> {
  const touch = (time: string) => ["-c", "-d", `@${time}`, "--", path];
  if (wanted !== undefined && (await run("touch", touch(wanted))).why === "") return;
  // The wanted time may be out of range.
  const fresh = Math.max(Math.floor(Date.now() / 1000), Math.floor(Number(before)) + 1);
  await command("touch", ...touch(`${fresh}.000000000`));
}

/** Whether a path is that of an open file. */
function isSameFile(name: string, descriptor: number): boolean {
  const [found, own] = [lstatSync(name, { throwIfNoEntry: false }), fstatSync(descriptor)];
  return found?.ino === own.ino && found.dev === own.dev;
}

/** Writes a rename to the disk, so that it survives a power failure. */
function synchronise(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Removes the temporary file; returns a sentence for the message if that fails. */
function removed(temporary: string): string {
  try {
    unlinkSync(temporary);
    return "";
  } catch (error) {
    return `Remove ${temporary}: this run could not remove it (${systemReason(error)}).`;
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
  return HINTS[(error as NodeJS.ErrnoException).code ?? ""] ?? "Fix this problem, then run this again.";
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
