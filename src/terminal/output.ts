import { type NewFile, writeNewFile, writeNewFiles } from "../system/write";

/**
 * Writes to the file of -o, if there is one.
 *
 * @param output its name, or - for standard output
 * @returns its name; null where there is none
 */
export function writeOutput(
  output: string | undefined,
  content: Uint8Array | string,
  how: { readonly program?: boolean } = {},
): string | null {
  if (output === undefined || output === "-") return null;
  writeNewFile(output, content, how);
  return output;
}

/**
 * Writes files to the folder of -o, if there is one.
 *
 * @param output its name, or - for standard output
 * @returns its name; null where there is none
 */
export function writeFolder(output: string | undefined, files: readonly NewFile[]): string | null {
  if (output === undefined || output === "-") return null;
  writeNewFiles(output, files);
  return output;
}
