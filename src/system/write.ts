import { chmodSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { Failure, systemReason } from "../failure";
import { readFile, readNamed } from "./read";
import { beforeSignal } from "./signals";

/**
 * Writes a file; an existing one is overwritten.
 *
 * @param how `program`: whether to make it executable, false by default; `option`: the option that names the file, -o
 *   by default
 * @throws Failure (io) if the file cannot be written
 */
export function writeNewFile(
  path: string,
  content: Uint8Array | string,
  { program = false, option = "-o" } = {},
): void {
  try {
    writeFileSync(path, content);
    if (program) chmodSync(path, 0o755);
  } catch (error) {
    throw new Failure("io", `${path} cannot be written: ${systemReason(error)}.`, `Name another file with ${option}.`);
  }
}

/**
 * Refuses to overwrite a file that this tool did not write.
 *
 * @param isOwn whether this tool wrote the file, given its first 64 KiB
 * @throws Failure (io) if another program wrote the file, or it cannot be read
 */
export function refuseOthersFile(path: string, isOwn: (text: string) => boolean, option: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return;
  if (isOwn(readNamed(path, "io").subarray(0, 65536).toString("utf8"))) return;
  throw new Failure(
    "io",
    `${path} exists, and this tool did not write it. The file was not changed.`,
    `Name another file with ${option}, or remove that file.`,
  );
}

/**
 * Writes files below a directory, and creates missing directories. All users can read the files, regardless of the
 * umask: they are copied to hosts with their mode, or served by the daemon of another user.
 *
 * @param files `program`: whether to make the file executable
 * @throws Failure (io) if a file cannot be written
 */
export function writeNewFiles(
  folder: string,
  files: readonly { path: string; content: string; program: boolean }[],
): void {
  for (const { path, content, program } of files) {
    const whole = join(folder, path);
    makeFolder(dirname(whole), 0o755);
    writeNewFile(whole, content);
    if (statSync(whole).isFile()) chmodSync(whole, program ? 0o755 : 0o644);
  }
}

/**
 * Creates a directory and its parents, if they do not exist.
 *
 * @param mode the permissions that new directories have at least, besides inherited bits, regardless of the umask
 * @throws Failure (io) if a directory cannot be created
 */
export function makeFolder(path: string, mode = 0): void {
  try {
    makeWithParents(path, mode);
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === "EEXIST";
    const reason = taken ? "a file of that name exists" : systemReason(error);
    throw new Failure("io", `${path} cannot be created: ${reason}.`, "Name another directory with -o.");
  }
}

/** Does not use Node's option `recursive`: in Node 20, it never returns for a path such as /proc/x. */
function makeWithParents(path: string, mode: number): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeWithParents(dirname(path), mode);
  try {
    mkdirSync(path);
    if (mode > 0) chmodSync(path, statSync(path).mode | mode);
  } catch (error) {
    // Another run may have created the directory in the meantime.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

/**
 * Writes a program atomically. An identical program is not written again, so that tools that copy it see no change.
 *
 * @returns whether the program was written
 * @throws Failure (io) if the program cannot be written
 */
export async function putProgram(path: string, content: string): Promise<boolean> {
  const temporary = join(dirname(path), `.virtinst-rbd-patch.${process.pid}.tmp`);
  const remove = () => void rmSync(temporary, { force: true });
  const forget = beforeSignal(remove);
  try {
    if (isEqual(path, Buffer.from(content))) return false;
    remove();
    writeFileSync(temporary, content, { flag: "wx" });
    chmodSync(temporary, 0o755);
    renameSync(temporary, path);
    return true;
  } catch (error) {
    remove();
    throw new Failure("io", `${path} cannot be written: ${systemReason(error)}.`, "Check its directory (ls -ld, df).");
  } finally {
    // A signal that arrived in the meantime is handled in this turn of the event loop.
    await turn();
    forget();
  }
}

function isEqual(path: string, content: Buffer): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size !== content.length || (stat.mode & 0o100) === 0) return false;
  return readFile(path).equals(content);
}

/** Runs a function with a temporary directory that only this user can read; removes it afterwards, also on a signal. */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-"));
  const remove = () => void rmSync(folder, { recursive: true, force: true });
  const forget = beforeSignal(remove);
  try {
    return await use(folder);
  } finally {
    remove();
    forget();
  }
}
