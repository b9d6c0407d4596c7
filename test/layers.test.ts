import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

// Imports point down this list.
const LAYERS = [
  "main",
  "cli",
  "command-line",
  "options",
  "commands",
  "output",
  "checks",
  "target",
  "virtinst",
  "host",
  "patch",
  "system",
  "failure",
  "version",
];

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

test("nothing but output/streams.ts prints, and nothing but main.ts exits", () => {
  const using = (words: RegExp) => sources.filter(({ text }) => words.test(text)).map(({ file }) => file);
  expect(using(/process\.std(out|err)|console\.|writeSync\(1/)).toEqual(["output/streams.ts"]);
  expect(using(/process\.exit/)).toEqual(["main.ts"]);
});

test("no files import each other in a circle", () => {
  const paths = new Map(
    sources.map(({ file, imports }) => [
      file,
      imports.filter((path) => path.startsWith(".")).map((path) => `${normalize(join(dirname(file), path))}.ts`),
    ]),
  );
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    (paths.get(from) ?? []).some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
  expect([...paths.keys()].filter((file) => reaches(file, file))).toEqual([]);
});

test("no file of src/ has more than 250 lines", () => {
  const long = sources.filter(({ text }) => text.split("\n").length > 251);
  expect(long.map(({ file }) => file)).toEqual([]);
});

test("only system/host-files.ts handles the path of --root", () => {
  const taking = sources.filter(({ text }) => /\broot\??: string/.test(text)).map(({ file }) => file);
  expect(taking.sort()).toEqual(["system/host-files.ts"]);
});

test("patch/ touches no file and no process", () => {
  const pure = sources.filter(({ file }) => file.startsWith("patch/"));
  expect(pure.length).toBeGreaterThan(5);
  expect(
    pure.flatMap(({ imports }) => imports).filter((path) => /node:(?!crypto)|\/(system|virtinst|host)\//.test(path)),
  ).toEqual([]);
});
