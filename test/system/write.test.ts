import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { Failure } from "../../src/failure";
import {
  inTemporaryFolder,
  makeFolder,
  putProgram,
  refuseOthersFile,
  writeNewFile,
  writeNewFiles,
} from "../../src/system/write";
import { shell, temporaryFile, temporaryFolder } from "../support/cli";

vi.mock("node:fs", { spy: true });

const LISTENERS = process.listenerCount("SIGTERM");
const BYTES = Buffer.from([0, 0xff, 0x0a, 0xe9]);

test.each([
  ["a name without a file", null],
  ["a longer file", "longer than what is written"],
])("writeNewFile writes exactly these bytes to %s", (_, before) => {
  const path = join(temporaryFolder(), "facts.json");
  if (before !== null) fs.writeFileSync(path, before);
  writeNewFile(path, BYTES);
  expect(fs.readFileSync(path)).toEqual(BYTES);
});

test("a file that cannot be written is an error, with what to do", () => {
  const folder = temporaryFolder();
  fs.mkdirSync(join(folder, "sub"));
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

const modeOf = (path: string) => fs.statSync(path).mode & 0o7777;

test("writeNewFile makes a file executable only if it is a program", () => {
  const folder = temporaryFolder();
  writeNewFile(join(folder, "page"), BYTES);
  writeNewFile(join(folder, "program"), BYTES, { program: true });
  expect(["page", "program"].map((name) => modeOf(join(folder, name)) & 0o111)).toEqual([0, 0o111]);
});

test("writeNewFiles replaces the modes of files, and creates directories with the bits of their parent", () => {
  const folder = temporaryFolder();
  fs.chmodSync(folder, 0o2700);
  fs.writeFileSync(join(folder, "old"), "longer than what is written", { mode: 0o600 });
  const file = (path: string, program = false) => ({ path, content: "text", program });
  writeNewFiles(folder, [file("old"), file("sub/new/page"), file("sub/new/program", true)]);
  expect(fs.readFileSync(join(folder, "old"), "utf8")).toBe("text");
  const modes = ["", "old", "sub", "sub/new", "sub/new/page", "sub/new/program"].map((name) =>
    modeOf(join(folder, name)).toString(8),
  );
  expect(modes).toEqual(["2700", "644", "2755", "2755", "644", "755"]);
});

test("refuseOthersFile accepts a name without a file and a file of this tool, and refuses any other file", () => {
  const asked: string[] = [];
  const refuse = (path: string, isOwn: boolean) =>
    refuseOthersFile(path, (text) => asked.push(text) > 0 && isOwn, "--report");
  for (const path of [join(temporaryFolder(), "none"), temporaryFolder()]) refuse(path, false);
  const path = temporaryFile("report.html", `ü${"x".repeat(70_000)}`);
  refuse(path, true);
  expect(() => refuse(path, false)).toThrow(
    expect.objectContaining({
      kind: "io",
      message: `${path} exists, and this tool did not write it. The file was not changed.`,
      hint: "Name another file with --report, or remove that file.",
    }),
  );
  fs.truncateSync(path, 20_000_000);
  expect(() => refuse(path, true)).toThrow(expect.objectContaining({ kind: "io", message: expect.any(String) }));
  expect(asked).toEqual([1, 2].map(() => `ü${"x".repeat(65_534)}`));
});

test("a program is replaced as a whole, and left untouched if it is up to date", async () => {
  const path = join(temporaryFolder(), "hv1.py");
  expect(await putProgram(path, "text")).toBe(true);
  const { ino, mode } = fs.statSync(path);
  expect(mode & 0o777).toBe(0o755);
  fs.utimesSync(path, 1400000000, 1400000000);
  expect(await putProgram(path, "text")).toBe(false);
  expect(fs.statSync(path)).toMatchObject({ ino, mtimeMs: 1400000000000 });
  // A program has to be one, and another text of the same length is another.
  fs.chmodSync(path, 0o644);
  expect(await putProgram(path, "text")).toBe(true);
  expect(fs.statSync(path).mode & 0o777).toBe(0o755);
  expect(await putProgram(path, "txet")).toBe(true);
  expect(fs.readFileSync(path, "utf8")).toBe("txet");
  expect(await putProgram(path, "é")).toBe(true);
  expect(fs.readFileSync(path, "utf8")).toBe("é");
});

test("a link in the place of a program is replaced, and its target stays", async () => {
  const folder = temporaryFolder();
  const [path, other] = [join(folder, "hv1.py"), join(folder, "other")];
  for (const content of ["same", "not it"]) {
    fs.writeFileSync(other, content);
    fs.symlinkSync(other, path);
    expect(await putProgram(path, "same")).toBe(true);
    expect([fs.readFileSync(path, "utf8"), fs.readFileSync(other, "utf8")]).toEqual(["same", content]);
    expect(fs.readdirSync(folder).sort()).toEqual(["hv1.py", "other"]);
    fs.rmSync(path);
  }
});

test("a program that cannot be written leaves nothing behind", async () => {
  const folder = temporaryFolder();
  fs.mkdirSync(join(folder, "sub"));
  const [sub, nowhere] = [join(folder, "sub"), join(folder, "no/such")];
  const [kind, message] = ["io", `${sub} cannot be written: it is a directory.`];
  await expect(putProgram(sub, "text")).rejects.toMatchObject({
    kind,
    message,
    hint: "Check its directory (ls -ld, df).",
  });
  await expect(putProgram(nowhere, "text")).rejects.toThrow("cannot be written: no such file or directory.");
  expect(fs.readdirSync(folder)).toEqual(["sub"]);
});

test("a program is not written through a link that another user puts in the place of the temporary file", async () => {
  const [folder, other] = [temporaryFolder(), temporaryFile("other", "kept")];
  vi.mocked(fs.rmSync).mockImplementationOnce((path) => fs.symlinkSync(other, path));
  await expect(putProgram(join(folder, "hv1.py"), "text")).rejects.toThrow(/: file already exists\.$/);
  expect([fs.readFileSync(other, "utf8"), fs.readdirSync(folder)]).toEqual(["kept", []]);
  expect(process.listenerCount("SIGTERM")).toBe(LISTENERS);
});

test("a signal while a program is written leaves no temporary file behind", async () => {
  const folder = temporaryFolder();
  const kill = vi.spyOn(process, "kill").mockReturnValue(true);
  onTestFinished(() => {
    kill.mockRestore();
    vi.mocked(fs.renameSync).mockReset();
  });
  const beside: number[] = [];
  vi.mocked(fs.renameSync).mockImplementation(() => {
    beside.push(fs.readdirSync(folder).length);
    process.emit("SIGTERM", "SIGTERM");
    beside.push(fs.readdirSync(folder).length);
    throw new Error("the process would have ended");
  });
  await expect(putProgram(join(folder, "hv1.py"), "text")).rejects.toThrow();
  expect([beside, kill.mock.calls]).toEqual([[1, 0], [[process.pid, "SIGTERM"]]]);
});

test("a directory is created with those above it; a file in its place is an error", () => {
  const folder = temporaryFolder();
  for (const _ of [1, 2]) makeFolder(join(folder, "a/b"));
  expect(fs.statSync(join(folder, "a/b")).isDirectory()).toBe(true);
  fs.writeFileSync(join(folder, "file"), "");
  const [file, below] = [join(folder, "file"), join(folder, "file/sub")];
  const [message, hint] = [`${file} cannot be created: a file of that name exists.`, "Name another directory with -o."];
  expect(() => makeFolder(file)).toThrow(expect.objectContaining({ kind: "io", message, hint }));
  expect(() => makeFolder(below)).toThrow(`${below} cannot be created: a part of the path is not a directory.`);
});

test("a directory may be created by another run at the same time", () => {
  const path = join(temporaryFolder(), "new");
  vi.mocked(fs.mkdirSync).mockImplementationOnce((name) => {
    fs.mkdirSync(name);
    fs.mkdirSync(name);
    return undefined;
  });
  makeFolder(path);
  expect(fs.statSync(path).isDirectory()).toBe(true);
  vi.mocked(fs.mkdirSync).mockImplementationOnce(() => {
    throw Object.assign(new Error(), { code: "EROFS" });
  });
  expect(() => makeFolder(join(path, "sub"))).toThrow(`${path}/sub cannot be created: the file system is read-only.`);
});

test("a directory that cannot be created is an error, and is not tried for ever", () => {
  const folder = temporaryFolder();
  fs.symlinkSync("nowhere", join(folder, "link"));
  for (const path of [join(folder, "link"), join(folder, "link/sub")])
    expect(() => makeFolder(path)).toThrow(/ cannot be created: /);
  // In a process of its own: what does not come back holds all that runs beside it.
  const { code, stderr } = shell('timeout 10 "$NODE" "$TOOL" hook ansible -o /proc/virtinst-rbd-patch');
  expect(stderr).toMatch(/^virtinst-rbd-patch: \/proc\/virtinst-rbd-patch.* cannot be created: /);
  expect(code).toBe(6);
});

/** Uses a folder, and puts a file and a folder with one into it. */
function use(act: (folder: string) => Promise<unknown>) {
  let used = "";
  const result = inTemporaryFolder(async (folder) => {
    used = folder;
    fs.writeFileSync(join(folder, "file"), "text");
    return await act(folder);
  });
  return { used: () => used, result };
}

test("a temporary directory is the user's own, and removed after its use", async () => {
  const { used, result } = use(async (folder) => {
    expect(fs.statSync(folder).mode & 0o7777).toBe(0o700);
    expect(fs.statSync(folder).uid).toBe(process.getuid?.());
    expect([dirname(folder), basename(folder)]).toEqual([tmpdir(), expect.stringMatching(/^virtinst-rbd-patch-\w+$/)]);
    return "done";
  });
  expect(await result).toBe("done");
  expect(fs.existsSync(used())).toBe(false);
  expect(process.listenerCount("SIGTERM")).toBe(LISTENERS);
});

test("a temporary directory is also removed if its use fails, and the failure is kept", async () => {
  const { used, result } = use(async () => {
    throw new Error("no luck");
  });
  await expect(result).rejects.toThrow("no luck");
  expect(fs.existsSync(used())).toBe(false);
});

test("a temporary directory is removed before a signal ends the process, and may be removed already", async () => {
  // What this process does to itself would end the tests.
  const kill = vi.spyOn(process, "kill").mockReturnValue(true);
  onTestFinished(() => kill.mockRestore());
  const { result } = use(async (folder) => {
    process.emit("SIGTERM", "SIGTERM");
    expect(fs.existsSync(folder)).toBe(false);
    expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, "SIGTERM");
    return "done";
  });
  expect(await result).toBe("done");
});
