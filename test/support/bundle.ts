import { join } from "node:path";
import { built, HOST, temporaryFolder } from "./cli";

/**
 * Generates a standalone script.
 *
 * @param pools the options that name the host
 * @param path where to; by default in a folder that is removed when the test ends
 * @returns the path
 */
export function makeBundle(pools: readonly string[] = HOST, path = join(temporaryFolder(), "standalone.py")): string {
  const { code, stderr } = built(["bundle", ...pools, "-o", path]);
  if (code !== 0) throw new Error(stderr);
  return path;
}
