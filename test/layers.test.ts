import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

// One way through it, and arrows only point down this list.
const LAYERS = ["cli", "commands", "host", "virtinst", "patch", "system", "report"];

const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => /(?<!\.d)\.ts$/.test(name));
const layer = (file: string) => LAYERS.indexOf(file.split(/[/.]/)[0] as string);

const sources = files.map((file) => {
  const text = readFileSync(join("src", file), "utf8");
  const imports = [...text.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(([, path]) => path as string);
  return { file, text, imports };
});

test("no file imports from a layer above its own", () => {
  const upward = sources.flatMap(({ file, imports }) =>
    imports
      .filter((path) => path.startsWith("."))
      .map((path) => normalize(join(dirname(file), path)))
      .filter((path) => layer(path) >= 0 && layer(path) < layer(file))
      .map((path) => `${file} imports ${path}`),
  );
  expect(upward).toEqual([]);
});

test("nothing but cli.ts prints or exits", () => {
  const printing = sources.filter(({ text }) => /process\.(exit|stdout|stderr)|console\./.test(text));
  expect(printing.map(({ file }) => file)).toEqual(["cli.ts"]);
});

test("patch/ touches no file and no process", () => {
  const pure = sources.filter(({ file }) => file.startsWith("patch/"));
  expect(pure.length).toBeGreaterThan(5);
  expect(
    pure.flatMap(({ imports }) => imports).filter((path) => /node:(?!crypto)|\/(system|virtinst|host)\//.test(path)),
  ).toEqual([]);
});
