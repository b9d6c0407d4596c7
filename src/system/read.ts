import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { Failure, type FailureKind, shellWord, systemReason } from "../failure";

/** The largest file that is read, in bytes. Files of virt-manager have up to 100 KB, and 1000 pools 1 MB. */
export const LIMIT = 16 * 2 ** 20;

/** The largest XML text, in bytes: the limit of libvirt (REMOTE_STRING_MAX in remote_protocol.x). */
export const XML_LIMIT = 4 * 2 ** 20;

/**
 * Reads a file that the command line names: a regular file, or a pipe such as `<(…)`.
 *
 * @param how `regular`: whether to refuse a pipe or a device, because the command line names only its directory
 * @throws Failure if the file cannot be read, or is larger than the limit
 */
export function readNamed(path: string, kind: FailureKind, limit = LIMIT, { regular = false } = {}): Buffer {
  if (path === "")
    throw new Failure(
      "usage",
      "The name of a file is empty.",
      "Name the file, or omit this argument. A shell variable may be empty.",
    );
  try {
    if (regular && !statSync(path).isFile()) throw new Error("it is not a regular file");
    return readFile(path, limit);
  } catch (error) {
    throw unreadable(path, kind, error);
  }
}

/** Whether the name of a file means standard input. */
export function isStandardInput(name: string): boolean {
  return name === "-" || name === "/dev/stdin";
}

/**
 * Reads a file that the command line names, or standard input. Standard input may be a socket, for example from sshd,
 * which cannot be opened by a name.
 *
 * @returns `bytes`: the content; `where`: the name for messages; `piped`: whether it was standard input
 * @throws Failure if the file cannot be read, or is larger than the limit
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

/** Reads a file; throws an Error if a system call fails, or the file is larger than the limit. */
export function readFile(path: string, limit = LIMIT): Buffer {
  refuseSecret(path);
  const descriptor = openSync(path, "r");
  try {
    const stat = fstatSync(descriptor);
    // Files in /proc have the size 0, and some of them never end.
    return stat.isFile() && stat.size === 0 ? Buffer.alloc(0) : readToEnd(descriptor, limit, stat.size);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads an open file from its current position; `expected` is the size in its metadata. */
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
      // Another process may have set standard input to non-blocking.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      pause(10);
    }
  }
}

/** Throws an Error for a file with the value of a secret (by its name: *.base64), or a symbolic link to such a file. */
function refuseSecret(path: string): void {
  const names = [path];
  try {
    names.push(realpathSync.native(path));
  } catch {
    // An open pipe has no path. Other errors are reported when the file is opened.
  }
  if (names.some((name) => name.endsWith(".base64"))) throw new Error("the value of a secret (*.base64) is never read");
}

/** Whether an error means that there is no such file. */
export function isAbsent(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** The failure for a file that cannot be read. */
export function unreadable(path: string, kind: FailureKind, error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure(
    kind,
    `${path} cannot be read: ${systemReason(error)}.`,
    `Check the path, the type of the file, and its permissions (ls -ld ${shellWord(path)}).`,
  );
}

/** Blocks this thread for some milliseconds. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
