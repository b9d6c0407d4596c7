import { join } from "node:path";
import { RECIPES } from "../../src/virtinst/recipes";
import { cli, HOST, temporaryFolder } from "./cli";

/**
 * Makes a bundle that knows the stand-ins too.
 *
 * @param facts the options that name the host
 * @param path where to; by default in a folder that goes when the test ends
 * @returns the path
 */
export function makeBundle(facts: readonly string[] = HOST, path = join(temporaryFolder(), "bundle.py")): string {
  const folders = RECIPES.map(({ name }) => `--virtinst=test/fixtures/virtinst/${name}`);
  const { code, stderr } = cli(["bundle", ...facts, ...folders, "-o", path]);
  if (code !== 0) throw new Error(stderr);
  return path;
}
