import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Failure, systemReason } from "../failure";
import { temporaryName } from "./leftovers";
import { readNamed } from "./read";

/** A file to write below a folder. */
export interface NewFile {
  readonly path: string;
  readonly content: string;
  /** Whether it can be run. */
  readonly program: boolean;
}

/**
 * Writes a file that is nobody else's: an existing one is overwritten.
 *
 * @param how `program`: whether it can be run, false by default; `option`: what named it, -o by default
 * @throws Failure (io) where it cannot be written
 */
export function writeNewFile(
  path: string,
  content: Uint8Array | string,
  { program = false, option = "-o" } = {},
): void {
  try {
    const descriptor = openSync(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NONBLOCK,
    );
    // A pipe is opened once more, to wait for who reads it: with none, that would never end, and the first opening failed.
    try {
      writeFileSync(path, content);
    } finally {
      closeSync(descriptor);
    }
    if (program) chmodSync(path, 0o755);
  } catch (error) {
    throw new Failure("io", `${path} cannot be written: ${systemReason(error)}.`, `Name another file with ${option}.`);
  }
}

/**
 * Refuses to overwrite what is not of one's own making.
 *
 * @param isOwn tells it by the first of its text
 * @param option what named it
 * @throws Failure (io) where another file is there, or cannot be read
 */
export function refuseOthersFile(path: string, isOwn: (text: string) => boolean, option: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return;
  if (isOwn(readNamed(path, "io").subarray(0, 65536).toString("utf8"))) return;
  throw new Failure(
    "io",
    `${path} is there, and is none of this tool's: it is left as it is.`,
    `Name another file with ${option}, or remove that one.`,
  );
}

/**
 * Writes files below a directory, and creates directories that are missing. Other users can read all of them, with any
 * umask: they are copied to hosts with their mode, or served by another user's daemon.
 *
 * @throws Failure (io) if one cannot be written
 */
export function writeNewFiles(folder: string, files: readonly NewFile[]): void {
  const umask = process.umask(0o022);
  try {
    for (const { path, content, program } of files) {
      const whole = join(folder, path);
      makeFolder(dirname(whole));
      writeNewFile(whole, content, { program });
      // A file that was there keeps its mode when it is overwritten.
      if (statSync(whole).isFile()) chmodSync(whole, program ? 0o755 : 0o644);
    }
  } finally {
    process.umask(umask);
  }
}

/**
 * Makes a folder for files, with those above it; one that is there will do.
 *
 * @throws Failure (io) where something else is there, or it cannot be made
 */
export function makeFolder(path: string): void {
  try {
    makeWithParents(path);
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === "EEXIST";
    const reason = taken ? "what has that name is no folder" : systemReason(error);
    throw new Failure("io", `${path} cannot be made: ${reason}.`, "Name another folder with -o.");
  }
}

/** Not by Node's own `recursive`: for a name that nothing can have, such as /proc/x, Node 20's never comes back. */
function makeWithParents(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeWithParents(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another run may have made it meanwhile.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

/**
 * Puts a file into a folder: whoever reads it meanwhile, or after a kill, has the old one or the new one. One that is
 * just that already is not touched, so that nothing copies it anew. A power cut may cost it: the next run makes it again.
 *
 * @param how `program`: whether it can be run; false by default
 * @returns whether it was written
 * @throws Failure (io) where it cannot be written
 */
export function putFile(path: string, content: Buffer | string, { program = false } = {}): boolean {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  try {
    if (holds(path, bytes, program)) return false;
    // Its name is short, and nobody can have put a link there.
    const temporary = join(dirname(path), temporaryName());
    try {
      const descriptor = openSync(temporary, "wx");
      try {
        writeFileSync(descriptor, bytes);
        if (program) fchmodSync(descriptor, 0o755);
      } finally {
        closeSync(descriptor);
      }
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    return true;
  } catch (error) {
    throw new Failure(
      "io",
      `${path} cannot be written: ${systemReason(error)}.`,
      "Look at its folder (ls -ld) and at the room there (df).",
    );
  }
}

/** Whether a file is there, and is just that. */
function holds(path: string, bytes: Buffer, program: boolean): boolean {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size, mode } = fstatSync(descriptor);
    return size === bytes.length && (!program || (mode & 0o100) !== 0) && readFileSync(descriptor).equals(bytes);
  } finally {
    closeSync(descriptor);
  }
}
