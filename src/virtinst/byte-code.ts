import { closeSync, openSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { listFolder } from "../system/paths";

/**
 * The times of a source that its byte code files were made for.
 *
 * Python takes byte code for that of a source whose modification time it states, in whole seconds; Python 2 looks at
 * nothing else (https://peps.python.org/pep-3147/, PEP 552).
 *
 * @param path the source
 * @returns seconds since 1970
 */
export function byteCodeTimes(path: string): number[] {
  const folder = dirname(path);
  const name = basename(path, ".py");
  const beside = listFolder(folder).filter((file) => file === `${name}.pyc` || file === `${name}.pyo`);
  const cached = listFolder(join(folder, "__pycache__")).filter((file) => file.startsWith(`${name}.`));
  return [
    ...beside.map((file) => readTime(join(folder, file), 4)),
    // Python 3.7 and later put flags before it; reading both places costs nothing but a second.
    ...cached.flatMap((file) => [4, 8].map((offset) => readTime(join(folder, "__pycache__", file), offset))),
  ];
}

function readTime(path: string, offset: number): number {
  const header = Buffer.alloc(16);
  let descriptor: number | null = null;
  try {
    descriptor = openSync(path, "r");
    readSync(descriptor, header, 0, 16, 0);
  } catch {
    // Byte code that cannot be read here is none that can be taken.
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
  return header.readUInt32LE(offset);
}
