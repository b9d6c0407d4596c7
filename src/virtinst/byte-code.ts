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
export function byteCodeTimes({ inside }: Place, files: HostFiles): number[] {
  const name = basename(inside, ".py");
  const beside = [".pyc", ".pyo"].map((ending) => join(dirname(inside), `${name}${ending}`));
  const cache = join(dirname(inside), "__pycache__");
  const cached = files.list(cache).filter((file) => file.startsWith(`${name}.`));
  return [
    ...beside.flatMap((file) => times(files.read(file), [4])),
    // Python 3.7 and later put flags before it; reading both places costs nothing but a second.
    ...cached.flatMap((file) => times(files.read(join(cache, file)), [4, 8])),
  ];
}

/** What byte code states at some offsets, where it is there and long enough. */
function times(byteCode: Buffer | null, offsets: readonly number[]): number[] {
  return offsets.flatMap((offset) => (byteCode && byteCode.length >= offset + 4 ? byteCode.readUInt32LE(offset) : []));
}
