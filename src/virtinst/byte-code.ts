import { closeSync, openSync, readSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { HostFiles, Place } from "../system/host-files";

/**
 * The times of a source that its byte code files were made for.
 *
 * Python takes byte code for that of a source whose modification time it states, in whole seconds; Python 2 looks at
 * nothing else (https://peps.python.org/pep-3147/, PEP 552).
 *
 * @param source the source
 * @param files the host's file system
 * @returns seconds since 1970
 */
export function byteCodeTimes({ inside, outside }: Place, files: HostFiles): number[] {
  const folder = dirname(outside);
  const name = basename(outside, ".py");
  const beside = files.list(dirname(inside)).filter((file) => file === `${name}.pyc` || file === `${name}.pyo`);
  const cached = files.list(join(dirname(inside), "__pycache__")).filter((file) => file.startsWith(`${name}.`));
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
