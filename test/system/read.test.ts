import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Failure } from "../../src/report/failure";
import { readDescriptor, readNamed, unreadable } from "../../src/system/read";
import { FIXTURES, shell, temporaryFile, temporaryFolder } from "../support/cli";

function pipe(): string {
  const path = join(temporaryFolder(), "pipe");
  spawnSync("mkfifo", [path]);
  return path;
}

describe("readNamed", () => {
  test.each([0, 1, 65536, 65537, 200_000])("reads a file of %i bytes", (size) => {
    const bytes = Buffer.alloc(size, "ab");
    expect(readNamed(temporaryFile("f", bytes), "io").equals(bytes)).toBe(true);
  });

  test("reads a pipe to its end, at its own pace", () => {
    const path = pipe();
    spawn("sh", ["-c", `exec > ${path}; printf one; sleep 0.3; printf two`]);
    // The writer is there once something comes.
    let text = "";
    for (let tries = 0; text === "" && tries < 100; tries++) {
      spawnSync("sleep", ["0.05"]);
      text = readNamed(path, "facts").toString();
    }
    expect(text).toBe("onetwo");
  });

  test("a pipe that nobody writes to is empty", () => {
    expect(readNamed(pipe(), "facts").length).toBe(0);
  });

  test.each([
    ["that is not there", "/no/such/file", /^\/no\/such\/file cannot be read: no such file or directory\.$/],
    ["that is a folder", "/usr", /cannot be read: it is a directory/],
    ["without an end", "/dev/zero", /larger than 16 MiB/],
  ])("refuses a file %s", (_, path, message) => {
    expect(() => readNamed(path, "facts")).toThrow(message);
    expect(() => readNamed(path, "facts")).toThrow(expect.objectContaining({ kind: "facts" }));
  });

  test("takes as much as the limit, and refuses a byte more", () => {
    const path = temporaryFile("f", "x");
    truncateSync(path, 1024 * 1024);
    expect(readNamed(path, "io", 2 ** 20).length).toBe(2 ** 20);
    writeFileSync(path, "x", { flag: "a" });
    expect(() => readNamed(path, "io", 2 ** 20)).toThrow(/larger than 1 MiB/);
  });
});

test("a pipe without a name, as <(…) gives one, is read wherever a file is", () => {
  const [pool, secret] = ["pool", "secret"].map((one) => `--${one}-xml <(cat '${FIXTURES}/${one}-usage.xml')`);
  expect(shell(`tool preview <(echo '<domain/>') -o - ${pool} ${secret}`)).toEqual({
    code: 0,
    stdout: "<domain/>\n",
    stderr: "",
  });
});

test("an open file is read from its beginning, as often as wanted", () => {
  const descriptor = openSync(temporaryFile("f", "text"), "r");
  expect([readDescriptor(descriptor), readDescriptor(descriptor)].join()).toBe("text,text");
  closeSync(descriptor);
});

test("what is a failure already stays as it is", () => {
  const failure = new Failure("facts", "m", "h");
  expect(unreadable("/f", "io", failure)).toBe(failure);
});
