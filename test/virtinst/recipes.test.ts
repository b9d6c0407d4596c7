import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { expect, test } from "vitest";
import { knownFiles, pythonMajor, RECIPES, releasesWithHash, TARGET_FILES } from "../../src/virtinst/recipes";
import { cli, copyVirtinst, HOST, json, PLAIN, temporaryFolder } from "../support/cli";

const names = v.array(v.pipe(v.string(), v.regex(/^[a-z_]\w*$/)));
const file = v.strictObject({
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  lines: v.strictTuple([v.pipe(v.number(), v.integer()), v.pipe(v.number(), v.integer())]),
});
const recipe = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[a-z]+-\d+\.\d+$/)),
  file: v.pipe(v.string(), v.regex(/^virtinst\/[a-z/]+\.py$/)),
  class: v.pipe(v.string(), v.regex(/^[A-Z]\w+$/)),
  method: v.literal("_build_xml"),
  parameters: v.pipe(v.array(names), v.minLength(1)),
  returns: v.strictTuple([v.string(), v.string()]),
  python: v.picklist([2, 3]),
  pristine: v.pipe(v.record(v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+$/)), file), v.minEntries(1)),
  // As dpkg and rpm show it: the bundle keeps them between blanks.
  packages: v.optional(v.record(v.pipe(v.string(), v.regex(/^(?:\d+:)?\d+\.\d+\.\d+-[\w.+~]+$/)), file)),
});

test.each(RECIPES.map((one) => [one.name, one]))("recipe %s fits the schema", (_, one) => {
  expect(v.safeParse(recipe, one).issues ?? []).toEqual([]);
});

test("all 25 releases are covered, each once, and every recipe file is listed", () => {
  const releases = RECIPES.flatMap(({ pristine }) => Object.keys(pristine));
  expect(releases).toHaveLength(25);
  expect(new Set(releases).size).toBe(25);
  const files = readdirSync("patches").filter((name) => name.endsWith(".json"));
  expect(files.sort()).toEqual(RECIPES.map(({ name }) => `${name}.json`).sort());
});

test("a hash finds its releases and packages", () => {
  expect(releasesWithHash("490e0cfd672d7af05930379c6b24b6f904da1909f235d883df36b255e1a59e0a")).toEqual([
    "4.0.0",
    "4.1.0",
  ]);
  expect(releasesWithHash("53a2db500d10625b7c4f7853359f31f7d7fdfec91ef4dc90ff133ed533196541")).toEqual([
    "1:1.5.1-0ubuntu1",
    "1:1.5.1-0ubuntu1.2",
  ]);
  expect(releasesWithHash("0".repeat(64))).toEqual([]);
});

test("a bundle knows the files of all releases and packages, with nothing named", () => {
  const { stdout } = cli(["bundle", ...HOST, "-o", join(temporaryFolder(), "bundle.py"), "--json"]);
  const known = json(stdout).knows.flatMap(({ releases }: { releases: string[] }) => releases);
  expect(known.sort()).toEqual(RECIPES.flatMap((one) => knownFiles(one).map(([version]) => version)).sort());
  expect(known).toContain("1.5.0-7.el7");
});

test("a bundle that does not know its host's own file says so when it is made, and is silent where a folder is named", () => {
  const [folder, document] = [copyVirtinst(PLAIN), join(temporaryFolder(), "hv01.json")];
  writeFileSync(document, cli(["inspect", ...HOST, "--virtinst", folder, "--json"]).stdout);
  const { sha256 } = json(readFileSync(document, "utf8")).document.virtinst;
  const made = (...words: string[]) => cli(["bundle", "--host", document, ...words, "-o", `${document}.py`]);
  expect(made().stderr).toContain(
    `a file that this bundle does not know (SHA-256 ${sha256}): there it will write nothing, and end with exit 4. Name a copy`,
  );
  expect(made("--virtinst", folder)).toMatchObject({ code: 0, stderr: expect.not.stringContaining("does not know") });
});

test("the file says which Python runs it: virt-manager 2.0 is the first of Python 3", () => {
  expect(TARGET_FILES.map(pythonMajor)).toEqual([3, 3, 2]);
  expect(pythonMajor("virtinst/other.py")).toBe(3);
});

test("the newest layout is looked for first", () => {
  expect(TARGET_FILES).toEqual(["virtinst/install/installer.py", "virtinst/installer.py", "virtinst/guest.py"]);
});

test("the golden patches, the schemas and the table of releases are up to date (npm run generate)", () => {
  const { status, stderr } = spawnSync("node", ["scripts/generate.mjs", "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
