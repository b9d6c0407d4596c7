import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Failure } from "../../src/failure";
import { readOldFile, replaceFile } from "../../src/system/replace";
import { shell, target, temporaryFolder } from "../support/cli";
import { must, standIns } from "../support/stand-ins";

vi.mock("node:fs", { spy: true });
afterEach(() => {
  vi.unstubAllEnvs();
  vi.mocked(fs.renameSync).mockReset();
  vi.mocked(fs.fsyncSync).mockReset();
});

/** A file to replace, and what replaces it: the new modification time, or the failure. */
function file(content = "old\n") {
  const path = join(temporaryFolder(), "guest.py");
  fs.writeFileSync(path, content);
  const old = readOldFile(path);
  return {
    path,
    temporary: join(dirname(path), ".virtinst-rbd-patch.tmp"),
    read: () => fs.readFileSync(path, "utf8"),
    names: () => fs.readdirSync(dirname(path)),
    replace: (modified?: string) => replaceFile(old, Buffer.from("new\n"), modified),
    async refused() {
      const failure = await replaceFile(old, Buffer.from("new\n")).catch((error) => error);
      expect(failure).toBeInstanceOf(Failure);
      expect(failure.kind).toBe("io");
      return `${failure.message} ${failure.hint}`;
    },
  };
}

const use = (programs: Readonly<Record<string, string>>) => vi.stubEnv("PATH", standIns(programs));

describe("a file that is replaced", () => {
  test.each([0o644, 0o600, 0o444, 0o4711])("has its new content and the mode %o, and nothing is left", async (mode) => {
    const one = file();
    fs.chmodSync(one.path, mode);
    await one.replace();
    expect([one.read(), one.names(), fs.statSync(one.path).mode & 0o7777]).toEqual(["new\n", ["guest.py"], mode]);
    expect(fs.fsyncSync).toHaveBeenCalledTimes(2);
    // No file descriptor is left open.
    expect(must("bash", "-c", `stat -c %N /proc/${process.pid}/fd/* || true`)).not.toContain(dirname(one.path));
  });

  test.skipIf(process.getuid?.() !== 0)("keeps its owner and group", async () => {
    const one = file();
    fs.chownSync(one.path, 1234, 4321);
    await one.replace();
    expect(fs.statSync(one.path)).toMatchObject({ uid: 1234, gid: 4321 });
  });

  test("gets a time in a later second, so that Python does not use old byte code", async () => {
    const now = Math.floor(Date.now() / 1000);
    for (const second of [now, now + 100]) {
      const one = file();
      fs.utimesSync(one.path, second, second);
      const modified = await replaceFile(readOldFile(one.path), Buffer.from("new\n"));
      expect(Number(modified)).toBe(fs.statSync(one.path).mtimeMs / 1000);
      expect(Number(modified)).toBeGreaterThan(second);
    }
  });

  test.each(["1400000000.123456789", "1.999999999", "0.000000000", "-1.500000000"])(
    "gets the time %s",
    async (time) => {
      const one = file();
      expect(await one.replace(time)).toBe(time);
      expect(readOldFile(one.path).modified).toBe(time);
    },
  );

  test("gets a new time if a time cannot be set, and returns it", async () => {
    const one = file();
    const modified = await one.replace("99999999999999999999.000000000");
    expect([one.read(), modified]).toEqual(["new\n", readOldFile(one.path).modified]);
    expect(Number(modified)).toBeGreaterThan(1.5e9);
  });
});

test("the number of hard links of a file is read", () => {
  const { path } = file();
  fs.linkSync(path, `${path}.other`);
  expect(readOldFile(path).names).toBe(2);
});

describe("the old file stays, and nothing is left, if", () => {
  test.each<[string, (one: ReturnType<typeof file>) => void, RegExp]>([
    [
      "it changed",
      ({ path }) => fs.appendFileSync(path, "x"),
      /: another program changed it\. Nothing was written\. Run/,
    ],
    ["cp fails", () => use({ cp: "echo cp: no such luck >&2; exit 1" }), /: cp: no such luck\. Nothing was written\./],
    ["cp is not installed", () => vi.stubEnv("PATH", "/nowhere"), /: cp: it is not installed/],
    [
      "another run removes the new file",
      ({ temporary }) => use({ touch: `/bin/rm ${temporary}` }),
      /: another run is in progress\. Nothing was written\. Wait ten seconds/,
    ],
    [
      "a system call fails",
      () => vi.mocked(fs.renameSync).mockImplementation(() => raise("EBUSY")),
      /: no such luck\. Nothing was written\. Something is mounted on the file/,
    ],
    [
      "the new file cannot be opened",
      () => vi.mocked(fs.openSync).mockImplementationOnce(() => raise("EMFILE")),
      /: too many open files .* Nothing was written\. Fix this problem/,
    ],
  ])("%s", async (_, act, said) => {
    const one = file();
    act(one);
    const before = one.read();
    const words = await one.refused();
    expect(words).toMatch(said);
    expect(words.startsWith(`${one.path} cannot be replaced: `)).toBe(true);
    expect([one.read(), one.names()]).toEqual([before, ["guest.py"]]);
  });

  test.skipIf(process.getuid?.() !== 0).each([1234, 0])("cp cannot keep its user %i or its group", async (user) => {
    const one = file();
    fs.chownSync(one.path, user, 1234 - user);
    use({ cp: "exit 0" });
    expect(await one.refused()).toMatch(/: its owner cannot be kept\. Nothing was written\. Run this as root/);
    expect([one.read(), one.names()]).toEqual(["old\n", ["guest.py"]]);
  });
});

test("a new file that cannot be removed is reported", async () => {
  const one = file();
  use({ cp: "exit 1" });
  vi.mocked(fs.unlinkSync).mockImplementationOnce(() => raise("EIO"));
  expect(await one.refused()).toMatch(/Nothing was written\. Remove .*\.tmp: this run could not remove it \(the disk/);
});

function raise(code: string): never {
  throw Object.assign(new Error(`${code}: no such luck, rename`), { code });
}

describe("a temporary file", () => {
  test("of the last ten seconds belongs to another run, which is not disturbed", async () => {
    const one = file();
    fs.writeFileSync(one.temporary, "theirs");
    expect(await one.refused()).toMatch(/: another run is in progress\. Nothing was written\. Wait ten seconds/);
    expect([one.read(), fs.readFileSync(one.temporary, "utf8")]).toEqual(["old\n", "theirs"]);
  });

  test.each([11_000, -11_000])("that is older was left by a run that was killed: %i ms", async (age) => {
    const one = file();
    fs.writeFileSync(one.temporary, "left");
    const now = vi.spyOn(Date, "now").mockReturnValue(Date.now() + age);
    onTestFinished(() => now.mockRestore());
    await one.replace();
    expect([one.read(), one.names()]).toEqual(["new\n", ["guest.py"]]);
  });

  test("that is a symbolic link is not followed", async () => {
    const one = file();
    const victim = join(temporaryFolder(), "victim");
    fs.writeFileSync(victim, "victim\n");
    must("ln", "-s", victim, one.temporary);
    expect(await one.refused()).toMatch(/another run is in progress/);
    expect(fs.readFileSync(victim, "utf8")).toBe("victim\n");
  });
});

describe("an error after the rename says that the file was replaced", () => {
  test("if its directory cannot be synchronised", async () => {
    const one = file();
    vi.mocked(fs.fsyncSync).mockImplementation((descriptor) => {
      if (fs.readFileSync(one.path, "utf8") === "new\n") raise("EIO");
      return descriptor as unknown as undefined;
    });
    expect(await one.refused()).toMatch(
      /guest\.py was replaced, but: the disk reports an error \(EIO\)\. Check the disk/,
    );
    expect([one.read(), one.names()]).toEqual(["new\n", ["guest.py"]]);
  });

  test("if its content is not what was written", async () => {
    const one = file();
    const { renameSync: real } = await vi.importActual<typeof import("node:fs")>("node:fs");
    vi.mocked(fs.renameSync).mockImplementation((from, to) => {
      real(from, to);
      fs.appendFileSync(one.path, "theirs\n");
    });
    expect(await one.refused()).toMatch(/was replaced, but: its content is not what was written\./);
  });
});

describe("signals:", () => {
  /** Runs apply with a cp that takes a second, and a signal meanwhile. */
  function during(signal: string, before = "", how = "") {
    const one = target("installer-4.0");
    const mark = join(temporaryFolder(), "mark");
    const env = `PATH=${standIns({ cp: `touch ${mark}; sleep 1; exec $real "$@"` })}`;
    const run = `${env} ${how} "$NODE" "$TOOL" apply "$@"`;
    const wait = `for n in $(seq 200); do [ -e ${mark} ] && break; sleep 0.02; done`;
    const { code, stderr } = shell(`${before} ${run} & ${wait}; kill -${signal} $!; wait $!`, one.options);
    expect(stderr).not.toMatch(/^ +at /m);
    return { code, isPatched: one.read().includes("# >>>"), beside: fs.readdirSync(dirname(one.path)).sort() };
  }

  test.each([
    ["TERM", 143],
    ["HUP", 129],
  ])("SIG%s ends a run before the file is replaced, and nothing is left", (signal, code) => {
    expect(during(signal)).toEqual({ code, isPatched: false, beside: ["__init__.py", "installer.py"] });
  });

  test.each([
    ["in the shell", "trap '' HUP;", ""],
    ["by nohup", "", "/usr/bin/nohup"],
  ])("SIGHUP is ignored if the caller ignores it %s", (_, before, how) => {
    expect(during("HUP", before, how)).toMatchObject({ code: 0, isPatched: true });
  });

  test("a signal that ends a run after the file was replaced is reported", async () => {
    const kill = vi.spyOn(process, "kill").mockReturnValue(true);
    onTestFinished(() => kill.mockRestore());
    const one = file();
    await one.replace();
    // Only now: Node itself uses it to write a file.
    const said = vi.mocked(fs.writeSync).mockReturnValue(0);
    onTestFinished(() => void said.mockReset());
    process.emit("SIGTERM", "SIGTERM");
    expect(said).toHaveBeenCalledWith(
      2,
      `virtinst-rbd-patch: a signal ended this run after ${one.path} was replaced.\n`,
    );
    expect(kill).toHaveBeenLastCalledWith(process.pid, "SIGTERM");
    expect(fs.existsSync(one.path)).toBe(true);
  });
});
