import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure, systemReason } from "../report/failure";

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
 * @param how `program`: whether it can be run; false by default
 * @throws Failure (io) where it cannot be written
 */
export function writeNewFile(path: string, content: Uint8Array | string, { program = false } = {}): void {
  try {
    writeFileSync(path, content);
    if (program) chmodSync(path, 0o755);
  } catch (error) {
    throw new Failure("io", `${path} cannot be written: ${systemReason(error)}.`, "Name another file with -o.");
  }
}

/**
 * Writes files below a folder; folders that are not there are made.
 *
 * @throws Failure (io) where one cannot be written
 */
export function writeNewFiles(folder: string, files: readonly NewFile[]): void {
  for (const { path, content, program } of files) {
    const whole = join(folder, path);
    try {
      mkdirSync(dirname(whole), { recursive: true });
    } catch (error) {
      throw new Failure(
        "io",
        `${dirname(whole)} cannot be made: ${systemReason(error)}.`,
        "Name another folder with -o.",
      );
    }
    writeNewFile(whole, content, { program });
  }
}
