import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { documentPath, listDocuments, readListed } from "../../src/host/documents";
import { temporaryFolder } from "../support/cli";

test("the documents of a folder are sorted, by what their names are and not by what they hold", () => {
  const folder = temporaryFolder();
  for (const name of ["b.json", "B.json", "é.json", "a.b.json", ".json", ".a.json", "json", "c.JSON", "d.json~"])
    writeFileSync(join(folder, name), "");
  mkdirSync(join(folder, "dir.json"));
  expect(listDocuments(folder)).toEqual({
    names: ["B", "a.b", "b", "dir", "é"],
    others: ["c.JSON", "d.json~", "json"],
  });
  expect(documentPath(folder, "a.b")).toBe(join(folder, "a.b.json"));
});

test("a folder without one is a failure that says how to get one", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, ".hidden.json"), "{}");
  expect(() => listDocuments(folder)).toThrow(
    expect.objectContaining({ kind: "facts", hint: expect.stringContaining(`--json > ${folder}/HOST.json`) }),
  );
});

test("one is read with its path as its source", () => {
  const path = join(temporaryFolder(), "hv1.json");
  writeFileSync(path, JSON.stringify({ version: 1, host: "hv1", pools: [] }));
  expect(readListed(path)).toMatchObject({ host: "hv1", source: path, pools: [] });
});
