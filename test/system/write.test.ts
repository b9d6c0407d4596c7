import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Failure } from "../../src/report/failure";
import { writeNewFile } from "../../src/system/write";
import { temporaryFolder } from "../support/cli";

const BYTES = Buffer.from([0, 0xff, 0x0a, 0xe9]);

test.each([null, "longer than what is written"])("the bytes are the file, where %j was", (before) => {
  const path = join(temporaryFolder(), "facts.json");
  if (before !== null) writeFileSync(path, before);
  writeNewFile(path, BYTES);
  expect(readFileSync(path)).toEqual(BYTES);
});

test("what cannot be written is said, with what to do", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "sub"));
  const failed = (path: string) => {
    try {
      writeNewFile(path, BYTES);
    } catch (error) {
      expect(error).toBeInstanceOf(Failure);
      return error;
    }
  };
  const [kind, hint] = ["io", "Name another file with -o."];
  const sub = join(folder, "sub");
  expect(failed(sub)).toMatchObject({ kind, message: `${sub} cannot be written: it is a directory.`, hint });
  const nowhere = join(folder, "no/such");
  const message = `${nowhere} cannot be written: no such file or directory.`;
  expect(failed(nowhere)).toMatchObject({ kind, message, hint });
});
