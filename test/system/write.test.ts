import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Failure } from "../../src/failure";
import { makeFolder, putFile, writeNewFile } from "../../src/system/write";
import { shell, temporaryFolder } from "../support/cli";

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
  const pipe = join(folder, "pipe");
  shell(`mkfifo ${pipe}`);
  expect(failed(pipe)).toMatchObject({
    kind,
    message: `${pipe} cannot be written: nobody reads from that pipe.`,
    hint,
  });
});

test("a file that is put is replaced as a whole, and one that is just that is left as it is", () => {
  const path = join(temporaryFolder(), "hv1.py");
  expect(putFile(path, BYTES)).toBe(true);
  const { ino, mode } = statSync(path);
  expect(mode & 0o111).toBe(0);
  utimesSync(path, 1400000000, 1400000000);
  expect(putFile(path, BYTES)).toBe(false);
  expect(statSync(path)).toMatchObject({ ino, mtimeMs: 1400000000000 });
  // A program has to be one, and other bytes of the same length are others.
  expect(putFile(path, BYTES, { program: true })).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o755);
  expect(putFile(path, Buffer.from([...BYTES].reverse()), { program: true })).toBe(true);
  expect([...readFileSync(path)]).toEqual([...BYTES].reverse());
  expect(putFile(path, "text")).toBe(true);
  expect(readFileSync(path, "utf8")).toBe("text");
});

test("a link in the place of a file that is put is replaced, wherever it leads", () => {
  const folder = temporaryFolder();
  const [path, other] = [join(folder, "hv1.py"), join(folder, "other")];
  for (const content of ["same", "not it"]) {
    writeFileSync(other, content);
    symlinkSync(other, path);
    expect(putFile(path, "same")).toBe(true);
    expect([readFileSync(path, "utf8"), readFileSync(other, "utf8")]).toEqual(["same", content]);
    expect(readdirSync(folder).sort()).toEqual(["hv1.py", "other"]);
    rmSync(path);
  }
});

test("what cannot be put leaves nothing behind", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "sub"));
  const put = (path: string) => () => putFile(path, "text");
  expect(put(join(folder, "sub"))).toThrow(`${join(folder, "sub")} cannot be written: it is a directory.`);
  expect(put(join(folder, "no/such"))).toThrow("cannot be written: no such file or directory.");
  expect(readdirSync(folder)).toEqual(["sub"]);
});

test("a folder is made with those above it; a file in its place is said", () => {
  const folder = temporaryFolder();
  for (const _ of [1, 2]) makeFolder(join(folder, "a/b"));
  expect(statSync(join(folder, "a/b")).isDirectory()).toBe(true);
  writeFileSync(join(folder, "file"), "");
  const [file, below] = [join(folder, "file"), join(folder, "file/sub")];
  expect(() => makeFolder(file)).toThrow(`${file} cannot be made: what has that name is no folder.`);
  expect(() => makeFolder(below)).toThrow(`${below} cannot be made: a part of the path is not a directory.`);
});

test("a folder that nothing can make is said, and is not tried for ever", () => {
  const folder = temporaryFolder();
  symlinkSync("nowhere", join(folder, "link"));
  for (const path of [join(folder, "link"), join(folder, "link/sub")])
    expect(() => makeFolder(path)).toThrow(/ cannot be made: /);
  // In a process of its own: what does not come back holds all that runs beside it.
  const { code, stderr } = shell('timeout 10 "$NODE" "$TOOL" hook ansible -o /proc/virtinst-rbd-patch');
  expect(stderr).toMatch(/^virtinst-rbd-patch: \/proc\/virtinst-rbd-patch.* cannot be made: /);
  expect(code).toBe(6);
});
