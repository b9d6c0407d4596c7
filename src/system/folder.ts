import { closeSync, constants, existsSync, fstatSync, openSync, readdirSync } from "node:fs";
import { Failure, systemReason } from "../failure";
import { readDescriptor } from "./read";

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, S_IFMT, S_IFREG } = constants;

/**
 * open(2): a descriptor for a place, not for what it holds, so that it takes no more than search permission. Node has no
 * name for it; the number is that of every architecture that Node runs Linux on.
 */
export const O_PATH = 0x200000;

/** What a descriptor stands for, as a path of this process; a child sees its own descriptors there. */
export function itself(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

/** A name in a folder that is held open, as a path of this process. */
export function below(descriptor: number, name: string): string {
  return `${itself(descriptor)}/${name}`;
}

/**
 * Opens the folder that all paths begin at.
 *
 * @returns null where there is none
 * @throws Failure (io) where this system has no /proc, by which all files are reached
 */
export function openRoot(path: string): number | null {
  if (!existsSync("/proc/self/fd"))
    throw new Failure("io", "/proc is not there.", "Mount it (mount -t proc proc /proc), then run this again.");
  try {
    return openSync(path, O_PATH | O_DIRECTORY);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw new Failure("io", `${path} cannot be opened: ${systemReason(error)}.`, "Run this as root.");
  }
}

/** Whether an error says that there is nothing of that name. */
export function isAbsent(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** Which file it is, and whose: what stays the same while nobody touches it. */
export interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
  /** With the file's type. */
  readonly mode: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
}

/** A file as it was read, and still open. */
export interface ReadFile extends Identity {
  readonly descriptor: number;
  readonly bytes: Buffer;
  /** Modification time, in seconds since 1970 with nine decimals. */
  readonly modified: string;
}

/** A folder that is held open: what is done in it is done in that folder, wherever its path leads to meanwhile. */
export class Folder {
  readonly #root: number;
  readonly #steps: readonly string[];
  readonly descriptor: number;

  /**
   * @param root what the path begins at
   * @param steps the names on the way, none of them a symbolic link
   * @param shown its path, for messages
   * @throws Failure (io) where it cannot be opened, or a step is a link by now
   */
  constructor(
    root: number,
    steps: readonly string[],
    readonly shown: string,
  ) {
    this.#root = root;
    this.#steps = steps;
    try {
      this.descriptor = this.#open();
    } catch (error) {
      throw new Failure(
        "io",
        `${shown} cannot be opened: ${systemReason(error)}.`,
        "If somebody changed it meanwhile, run this again.",
      );
    }
  }

  /** The path of a name in it, for system calls of this process. */
  at(name: string): string {
    return below(this.descriptor, name);
  }

  /** The names in it. */
  list(): string[] {
    return readdirSync(itself(this.descriptor));
  }

  /** Whether its path still leads to it. */
  isStillThere(): boolean {
    try {
      const descriptor = this.#open();
      try {
        return sameFile(identify(descriptor), identify(this.descriptor));
      } finally {
        closeSync(descriptor);
      }
    } catch {
      return false;
    }
  }

  /**
   * Reads a file in it, never through a link.
   *
   * @throws Error where the system call fails, or it is no regular file
   */
  read(name: string): ReadFile {
    const descriptor = this.#openFile(name);
    try {
      const { dev, ino, mode, uid, gid, mtimeNs } = fstatSync(descriptor, { bigint: true });
      if ((Number(mode) & S_IFMT) !== S_IFREG) throw new Error("it is no regular file");
      const bytes = readDescriptor(descriptor);
      return { descriptor, bytes, modified: seconds(mtimeNs), dev, ino, mode, uid, gid };
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  #openFile(name: string): number {
    try {
      return openSync(this.at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === "ELOOP" ? new Error("it is a symbolic link by now") : error;
    }
  }

  #open(): number {
    let descriptor = openSync(below(this.#root, "."), O_PATH | O_DIRECTORY);
    for (const step of this.#steps) {
      const next = () => openSync(below(descriptor, step), O_PATH | O_DIRECTORY | O_NOFOLLOW);
      descriptor = closing(descriptor, next);
    }
    return descriptor;
  }
}

/** Does something, and closes a descriptor whether it went well or not. */
function closing<T>(descriptor: number, work: () => T): T {
  try {
    return work();
  } finally {
    closeSync(descriptor);
  }
}

/** Closes a descriptor. What was to be safe is synchronised, and read back, so an error says nothing of the file. */
export function release(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // Linux has closed it all the same (close(2)).
  }
}

/** Which file a descriptor stands for. */
export function identify(descriptor: number): Identity {
  const { dev, ino, mode, uid, gid } = fstatSync(descriptor, { bigint: true });
  return { dev, ino, mode, uid, gid };
}

/** How many names (hard links) an open file has now. */
export function countNames(descriptor: number): number {
  return fstatSync(descriptor).nlink;
}

/** Whether two are one file. */
export function sameFile(one: Identity, other: Identity): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

/** Whether two have the same mode, owner and group. */
export function sameRights(one: Identity, other: Identity): boolean {
  return one.mode === other.mode && one.uid === other.uid && one.gid === other.gid;
}

/** When an open file was changed, in seconds since 1970 with nine decimals. */
export function modifiedTime(descriptor: number): string {
  return seconds(fstatSync(descriptor, { bigint: true }).mtimeNs);
}

/** A time in nanoseconds since 1970 as seconds with nine decimals. */
export function seconds(nanoseconds: bigint): string {
  const [, sign, digits = ""] = /^(-?)(\d+)$/.exec(String(nanoseconds)) ?? [];
  const padded = digits.padStart(10, "0");
  return `${sign}${padded.slice(0, -9)}.${padded.slice(-9)}`;
}
