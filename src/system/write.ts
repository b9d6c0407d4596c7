import { writeFileSync } from "node:fs";
import { Failure, systemReason } from "../report/failure";

/**
 * Writes a file that is nobody else's: an existing one is overwritten.
 *
 * @throws Failure (io) where it cannot be written
 */
export function writeNewFile(path: string, content: Uint8Array): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw new Failure("io", `${path} cannot be written: ${systemReason(error)}.`, "Name another file with -o.");
  }
}
