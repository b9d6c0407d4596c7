import { chmodSync, writeFileSync } from "node:fs";
import { Failure, systemReason } from "../report/failure";

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
