import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { Failure, systemReason } from "../report/failure";

/** A file as it was read. */
export interface ReadFile {
  readonly bytes: Buffer;
  /** Modification time, in seconds since 1970 with nine decimals. */
  readonly modified: string;
  /** How many names (hard links) it has. */
  readonly names: number;
}

/**
 * Reads a file that must be there.
 *
 * @param kind what a failure counts as
 * @throws Failure where it cannot be read
 */
export function readFile(path: string, kind: "facts" | "target" | "io"): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Failure(
      kind,
      `${path} cannot be read: ${systemReason(error)}.`,
      `Check the path and the rights (ls -ld ${path}).`,
    );
  }
}

/**
 * Reads a file together with what replacing it needs to know.
 *
 * @throws Failure (target) where it cannot be read
 */
export function readWithTime(path: string): ReadFile {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(path, "r");
    const bytes = readFileSync(descriptor);
    const { mtimeNs, nlink } = fstatSync(descriptor, { bigint: true });
    return { bytes, modified: seconds(mtimeNs), names: Number(nlink) };
  } catch (error) {
    throw new Failure("target", `${path} cannot be read: ${systemReason(error)}.`, "Check the path and its rights.");
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function seconds(nanoseconds: bigint): string {
  const amount = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = (amount % 1_000_000_000n).toString().padStart(9, "0");
  return `${nanoseconds < 0n ? "-" : ""}${amount / 1_000_000_000n}.${fraction}`;
}
