import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { Failure, type FailureKind, shellWord, systemReason } from "../failure";

/** The largest file that is read, in bytes: the largest of virt-manager has 100 KB, a host with a thousand pools 1 MB. */
export const LIMIT = 16 * 2 ** 20;

/** The largest XML text, in bytes: libvirt carries none that is longer (REMOTE_STRING_MAX in remote_protocol.x). */
export const XML_LIMIT = 4 * 2 ** 20;

/**
 * Reads a file that was named on the command line: a regular file, or a pipe, as from `<(…)`.
 *
 * @param how `regular`: whether a pipe or a device is refused, because it was not named itself
 * @throws Failure if it cannot be read, or is larger
 */
export function readNamed(path: string, kind: FailureKind, limit = LIMIT, { regular = false } = {}): Buffer {
  if (path === "")
    throw new Failure(
      "usage",
      "The name of a file is empty.",
      "Name the file, or omit this argument: a variable of the shell may be empty.",
    );
  try {
    if (regular && !statSync(path).isFile()) throw new Error("it is not a regular file");
    return readFile(path, limit);
  } catch (error) {
    throw unreadable(path, kind, error);
  }
}

/** Whether a name means standard input. */
export function isStandardInput(name: string): boolean {
  return name === "-" || name === "/dev/stdin";
}

/**
 * Reads a file that was named on the command line, or standard input. That may be a socket, as from sshd, which cannot be
 * opened by a name.
 *
 * @returns `where`: how a message calls it; `piped`: whether it was standard input
 * @throws Failure if it cannot be read, or is larger
 */
export function readInput(name: string, kind: FailureKind, limit = LIMIT) {
  if (!isStandardInput(name)) return { bytes: readNamed(name, kind, limit), where: name, piped: false };
  try {
    refuseSecret("/dev/stdin");
    return { bytes: readToEnd(0, limit, fstatSync(0).size), where: "standard input", piped: true };
  } catch (error) {
    throw new Failure(
      kind,
      `standard input cannot be read: ${systemReason(error)}.`,
      "Check the command before the pipe, or the file after <.",
    );
  }
}

/** Reads a file; throws an Error if a system call fails, or it is larger. */
export function readFile(path: string, limit = LIMIT): Buffer {
  refuseSecret(path);
  const descriptor = openSync(path, "r");
  try {
    const stat = fstatSync(descriptor);
    // Files of /proc state no size, and some of them never end.
    return stat.isFile() && stat.size === 0 ? Buffer.alloc(0) : readToEnd(descriptor, limit, stat.size);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads an open file from its current position; `expected` is the size that it states. */
function readToEnd(descriptor: number, limit: number, expected: number): Buffer {
  const parts: Buffer[] = [];
  for (let size = 0; ; ) {
    const part = Buffer.allocUnsafe(Math.min(Math.max(expected - size, 65536), limit) + 1);
    try {
      const count = readSync(descriptor, part);
      if (count === 0) return Buffer.concat(parts, size);
      size += count;
      if (size > limit) throw new Error(`it is larger than ${limit / 2 ** 20} MiB`);
      parts.push(part.subarray(0, count));
    } catch (error) {
      // Another program may have made standard input non-blocking.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      pause(10);
    }
  }
}

/** Throws an Error for a file in which libvirt keeps the value of a secret, by its name, or a symbolic link to one. */
function refuseSecret(path: string): void {
  const names = [path];
  try {
    names.push(realpathSync.native(path));
  } catch {
    // An open pipe leads to no name; of all else, opening it reports what is wrong.
  }
  if (names.some((name) => name.endsWith(".base64"))) throw new Error("the value of a secret (*.base64) is never read");
}

/** Whether an error means that there is no file of that name. */
export function isAbsent(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** The failure for a file that cannot be read. */
export function unreadable(path: string, kind: FailureKind, error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure(
    kind,
    `${path} cannot be read: ${systemReason(error)}.`,
    `Check the path, what it is, and its permissions (ls -ld ${shellWord(path)}).`,
  );
}

/** Waits, in milliseconds. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
