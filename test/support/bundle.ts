import { RECIPES } from "../../src/virtinst/recipes";
import { cli, HOST } from "./cli";

/**
 * Makes a bundle that knows the stand-ins too.
 *
 * @param path where to
 * @param facts the options that name the host
 * @returns the path
 */
export function makeBundle(path: string, facts: readonly string[] = HOST): string {
  const folders = RECIPES.map(({ name }) => `--virtinst=test/fixtures/virtinst/${name}`);
  const { code, stderr } = cli(["bundle", ...facts, ...folders, "-o", path]);
  if (code !== 0) throw new Error(stderr);
  return path;
}
