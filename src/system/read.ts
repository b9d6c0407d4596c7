import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { Failure, type FailureKind, shellWord, systemReason } from "../failure";

/** The largest file that is read, in bytes: the largest of virt-manager's own has 100 KB, a host with a thousand pools 1 MB. */
export const LIMIT = 16 * 2 ** 20;

/** The largest XML text, in bytes: libvirt itself carries none that is longer (REMOTE_STRING_MAX in remote_protocol.x). */
export const XML_LIMIT = 4 * 2 ** 20;

/** How long a pipe may say nothing, in milliseconds. */
const PATIENCE = 60_000;

/**
 * Reads a file that was named on the command line: a regular file, or a pipe, as from `<(…)`.
 *
 * @param kind what a failure counts as
 * @param limit the most that it may hold, in bytes
 * @param how `regular`: a pipe or a device is refused, since nobody named it
 * @throws Failure where it cannot be read, or holds more
 */
export function readNamed(path: string, kind: FailureKind, limit = LIMIT, { regular = false } = {}): Buffer {
  if (path === "")
    throw new Failure(
      "usage",
      "A file was named, and its name is empty.",
      "Name it, or leave that word out: a variable of the shell may have no value.",
    );
  try {
    refuseSecret(path);
    refuseSecret(whole(path));
    // Without O_NONBLOCK, opening a pipe that nobody writes to would never end.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (regular && !fstatSync(descriptor).isFile()) throw new Error("it is no regular file");
      return readDescriptor(descriptor, limit);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw unreadable(path, kind, error);
  }
}

/** Whether a name is that of standard input, which need not be something that can be opened. */
export function isStandardInput(name: string): boolean {
  return name === "-" || name === "/dev/stdin";
}

/**
 * Reads standard input to its end, from where it is: however long the command before the pipe takes, and whatever
 * standard input is. A socket, as sshd gives one, could not be opened by its name (/dev/stdin).
 *
 * @param kind what a failure counts as
 * @param limit the most that it may hold, in bytes
 * @throws Failure where it cannot be read, or holds more
 */
export function readStandardInput(kind: FailureKind, limit = LIMIT): Buffer {
  try {
    refuseSecret(whole("/dev/stdin"));
    return readDescriptor(0, limit, { onwards: true });
  } catch (error) {
    throw new Failure(
      kind,
      `standard input cannot be read: ${systemReason(error)}.`,
      "Look at the command before the pipe, or at the file after <.",
    );
  }
}

/** What was named on the command line to be read: a file, or standard input. */
export interface Input {
  readonly bytes: Buffer;
  /** What it is called in a sentence. */
  readonly where: string;
  readonly piped: boolean;
}

/**
 * Reads a file that was named on the command line, or standard input where that was.
 *
 * @param kind what a failure counts as
 * @param limit the most that it may hold, in bytes
 * @throws Failure where it cannot be read, or holds more
 */
export function readInput(name: string, kind: FailureKind, limit = LIMIT): Input {
  return isStandardInput(name)
    ? { bytes: readStandardInput(kind, limit), where: "standard input", piped: true }
    : { bytes: readNamed(name, kind, limit), where: name, piped: false };
}

/** A path without links. That of an open pipe leads to no name, so it is its own. */
function whole(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    // Where there is nothing at all, opening it says so.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return path;
    throw error;
  }
}

/**
 * Refuses a file in which libvirt keeps a secret's value.
 *
 * @throws Error where it is one, by its name
 */
export function refuseSecret(path: string): void {
  if (path.endsWith(".base64")) throw new Error("a secret's value (*.base64) is never read");
}

/** A file cannot be read: what that is, for an administrator. */
export function unreadable(path: string, kind: FailureKind, error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure(
    kind,
    `${path} cannot be read: ${systemReason(error)}.`,
    `Check the path, what it is, and its rights (ls -ld ${shellWord(path)}).`,
  );
}

/**
 * Reads all of an open file, from its beginning.
 *
 * @param limit the most that it may hold, in bytes
 * @param how `onwards`: from where it is, and a pipe may say nothing for as long as it likes
 * @throws Error where the system call fails, or there is more
 */
export function readDescriptor(descriptor: number, limit = LIMIT, { onwards = false } = {}): Buffer {
  const parts: Buffer[] = [];
  const stat = fstatSync(descriptor);
  // A pipe has no positions.
  const seekable = stat.isFile() && !onwards;
  let size = 0;
  for (let patience = PATIENCE; ; ) {
    const part = Buffer.allocUnsafe(Math.min(seekable ? Math.max(stat.size - size, 2048) : 65536, limit) + 1);
    try {
      const count = readSync(descriptor, part, 0, part.length, seekable ? size : null);
      if (count === 0) return Buffer.concat(parts, size);
      size += count;
      if (size > limit) throw new Error(`it is larger than ${limit / 2 ** 20} MiB`);
      parts.push(part.subarray(0, count));
      patience = PATIENCE;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      if (patience <= 0 && !onwards) throw new Error(`nothing came from it for ${PATIENCE / 1000} seconds`);
      pause(10);
      patience -= 10;
    }
  }
}

/** Waits, in milliseconds. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
