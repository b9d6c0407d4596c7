import { spawn, spawnSync } from "node:child_process";
import { fstatSync, openSync, readSync, realpathSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Failure } from "../../src/failure";
import { HostFiles } from "../../src/system/host-files";
import { isAbsent, pause, readInput, readNamed, unreadable } from "../../src/system/read";
import { FIXTURES, shell, temporaryFile, temporaryFolder } from "../support/cli";

vi.mock("node:fs", { spy: true });

describe("a secret's value", () => {
  const REFUSED = /cannot be read: the value of a secret \(\*\.base64\) is never read\.$/;

  test.each([
    ["by its name", "secret.base64"],
    ["by a link with another name", "link.xml"],
    ["by a link that has its name", "link.base64"],
  ])("is never read %s", (_, name) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "secret.base64"), "VkFMVUU=");
    writeFileSync(join(folder, "other"), "x");
    symlinkSync("secret.base64", join(folder, "link.xml"));
    symlinkSync("other", join(folder, "link.base64"));
    expect(() => readNamed(join(folder, name), "pools")).toThrow(REFUSED);
    // A host's own file is what its links lead to.
    const read = () => new HostFiles(folder).read(`/${name}`);
    if (name === "link.base64") expect(read()?.toString()).toBe("x");
    else for (const said of [REFUSED, expect.objectContaining({ kind: "io" })]) expect(read).toThrow(said);
  });

  test("is a file whose name ends in .base64, and no other", () => {
    for (const name of [".base64.xml", "base64"]) {
      const path = temporaryFile(name, "text");
      expect(readNamed(path, "pools").toString()).toBe("text");
    }
  });
});

describe("readNamed", () => {
  test.each([0, 1, 65536, 65537, 200_000])("reads a file of %i bytes", (size) => {
    const bytes = Buffer.alloc(size, "ab");
    expect(readNamed(temporaryFile("f", bytes), "io").equals(bytes)).toBe(true);
  });

  test("reads a slow pipe to its end", () => {
    const path = join(temporaryFolder(), "pipe");
    spawnSync("mkfifo", [path]);
    spawn("sh", ["-c", `exec > ${path}; printf one; sleep 0.3; printf two`]);
    expect(readNamed(path, "pools").toString()).toBe("onetwo");
    expect(() => readNamed(path, "pools", 1, { regular: true })).toThrow(/it is not a regular file/);
  });

  test.each([
    ["that does not exist", "/no/such/file", /^\/no\/such\/file cannot be read: no such file or directory\.$/],
    ["that is a folder", "/usr", /cannot be read: it is a directory/],
    ["without an end", "/dev/zero", /larger than 16 MiB/],
  ])("refuses a file %s", (_, path, message) => {
    expect(() => readNamed(path, "pools")).toThrow(message);
    const hint = `Check the path, the type of the file, and its permissions (ls -ld ${path}).`;
    expect(() => readNamed(path, "pools")).toThrow(expect.objectContaining({ kind: "pools", hint }));
  });

  test("reads nothing of a file that has no size, such as those in /proc", () =>
    expect(readNamed("/proc/self/status", "io")).toHaveLength(0));

  test("refuses an empty name, which an unset variable of the shell leaves", () => {
    const hint = "Name the file, or omit this argument. A shell variable may be empty.";
    const failure = { kind: "usage", message: "The name of a file is empty.", hint };
    expect(() => readNamed("", "pools")).toThrow(expect.objectContaining(failure));
  });

  test("reads up to the limit, and refuses a byte more", () => {
    const path = temporaryFile("f", "x");
    truncateSync(path, 1024 * 1024);
    expect(readNamed(path, "io", 2 ** 20).length).toBe(2 ** 20);
    writeFileSync(path, "x", { flag: "a" });
    expect(() => readNamed(path, "io", 2 ** 20)).toThrow(/larger than 1 MiB/);
  });
});

describe("readInput", () => {
  const BYTES = Buffer.from("größe");

  /** Makes a file with BYTES the standard input; the first call to read it fails. */
  async function standardInput(code: string): Promise<void> {
    const real = await vi.importActual<typeof import("node:fs")>("node:fs");
    const descriptor = openSync(temporaryFile("f", BYTES), "r");
    const fail = () => {
      throw Object.assign(new Error(code), { code });
    };
    const stat = vi.mocked(fstatSync).mockImplementation(() => real.fstatSync(descriptor));
    const read = vi.mocked(readSync).mockImplementation((_, buffer) => real.readSync(descriptor, buffer));
    read.mockImplementationOnce(fail);
    onTestFinished(() => {
      for (const one of [stat, read]) one.mockReset();
    });
  }

  test.each(["-", "/dev/stdin"])("reads standard input for %s, and waits if it has nothing yet", async (name) => {
    await standardInput("EAGAIN");
    expect(readInput(name, "pools")).toEqual({ bytes: BYTES, where: "standard input", piped: true });
  });

  test("reads a file with any other name", () => {
    const path = temporaryFile("f", BYTES);
    expect(readInput(path, "pools")).toEqual({ bytes: BYTES, where: path, piped: false });
  });

  test("refuses standard input that cannot be read, or that is the value of a secret", async () => {
    const hint = "Check the command before the pipe, or the file after <.";
    const refused = (reason: string) => {
      const failure = { kind: "pools", message: `standard input cannot be read: ${reason}.`, hint };
      expect(() => readInput("-", "pools")).toThrow(expect.objectContaining(failure));
    };
    await standardInput("EIO");
    refused("the disk reports an error (EIO)");
    const native = vi.spyOn(realpathSync, "native").mockReturnValue("/x/secret.base64");
    onTestFinished(() => native.mockRestore());
    refused("the value of a secret (*.base64) is never read");
    expect(native).toHaveBeenCalledWith("/dev/stdin");
  });
});

test("only the codes ENOENT, ENOTDIR and ENAMETOOLONG mean that there is no such file", () => {
  const codes = ["ENOENT", "ENOTDIR", "ENAMETOOLONG", "EACCES", undefined];
  expect(codes.map((code) => isAbsent({ code }))).toEqual([true, true, true, false, false]);
});

test("a pipe without a name, as <(…) gives one, is read wherever a file is", () => {
  const [pool, secret] = ["pool", "secret"].map((one) => `--${one}-xml <(cat '${FIXTURES}/${one}-usage.xml')`);
  expect(shell(`tool preview <(echo '<domain/>') -o - ${pool} ${secret}`)).toEqual({
    code: 0,
    stdout: "<domain/>\n",
    stderr: "",
  });
});

test("a pause is as long as it should be", () => {
  const begin = performance.now();
  pause(50);
  expect(performance.now() - begin).toBeGreaterThan(45);
});

test("links in a circle are an error with that reason", () => {
  const path = join(temporaryFolder(), "circle");
  symlinkSync("circle", path);
  expect(() => readNamed(path, "pools")).toThrow(`${path} cannot be read: too many symbolic links.`);
});

test("unreadable keeps a failure as it is", () => {
  const failure = new Failure("pools", "m", "h");
  expect(unreadable("/f", "io", failure)).toBe(failure);
});
