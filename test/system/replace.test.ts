import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { ChangedMeanwhile, replaceFile } from "../../src/system/replace";
import { cli, copyVirtinst, HOST, temporaryFolder } from "../support/cli";

function file(content = "old\n") {
  const folder = temporaryFolder();
  const path = join(folder, "guest.py");
  writeFileSync(path, content);
  const held = new HostFiles().hold(folder);
  const read = () => held.read("guest.py");
  const replace = (content: string, options?: Parameters<typeof replaceFile>[4], old = read()) =>
    replaceFile(held, "guest.py", old, Buffer.from(content), options);
  return { folder, path, held, read, replace };
}

describe("replaceFile", () => {
  test("replaces the content and leaves no other file", async () => {
    const { folder, path, replace } = file();
    await replace("new\n");
    expect(readFileSync(path, "utf8")).toBe("new\n");
    expect(readdirSync(folder)).toEqual(["guest.py"]);
  });

  test.each([0o644, 0o600, 0o755, 0o444, 0o4711])("keeps the mode %o", async (mode) => {
    const { path, replace } = file();
    chmodSync(path, mode);
    await replace("new\n");
    expect(statSync(path).mode & 0o7777).toBe(mode);
  });

  test("never lands in the second of the old time, by which Python would take stale byte code", async () => {
    const { path, replace } = file();
    const now = Math.floor(Date.now() / 1000);
    for (const second of [now - 1, now, now + 1, now + 2]) {
      utimesSync(path, second, second);
      await replace(`${second}\n`);
      expect(Math.floor(statSync(path).mtimeMs / 1000)).toBeGreaterThan(second);
    }
  });

  test.each(["1400000000.000000000", "1400000000.123456789", "1.999999999", "-1.500000000"])(
    "puts back the time %s to the nanosecond",
    async (time) => {
      const { read, replace } = file();
      await replace("new\n", { modified: time });
      expect(read().modified).toBe(time);
    },
  );

  test("refuses a file that somebody changed meanwhile", async () => {
    const { folder, path, read, replace } = file();
    const old = read();
    writeFileSync(path, "theirs\n");
    await expect(replace("new\n", {}, old)).rejects.toThrow(/changed by somebody else/);
    expect(readFileSync(path, "utf8")).toBe("theirs\n");
    expect(readdirSync(folder)).toEqual(["guest.py"]);
  });

  test("a signal waits until the file is whole", async () => {
    const bin = temporaryFolder();
    // A slow cp, and a signal that comes meanwhile.
    writeFileSync(join(bin, "cp"), '#!/bin/sh\nkill -TERM $PPID\nsleep 0.3\nexec /bin/cp "$@"\n');
    chmodSync(join(bin, "cp"), 0o755);
    const folder = join(copyVirtinst("installer-4.0"), "virtinst/install");
    const options = [...HOST, "--virtinst", join(folder, "../..")];
    cli(["apply", ...options], { env: { PATH: `${bin}:${process.env.PATH}` } });
    expect(readdirSync(folder).sort()).toEqual(["__init__.py", "installer.py"]);
    expect(cli(["verify", ...options]).code).toBe(0);
  });

  test("avoids the seconds that byte code was made for", async () => {
    const { path, replace } = file();
    const now = Math.floor(Date.now() / 1000);
    const avoid = [now, now + 1, now + 2, now + 3];
    await replace("new\n", { avoid });
    expect(avoid).not.toContain(Math.floor(statSync(path).mtimeMs / 1000));
  });

  test("another hard link keeps the old text", async () => {
    const { folder, path, replace } = file();
    linkSync(path, join(folder, "other"));
    await replace("new\n");
    expect(readFileSync(join(folder, "other"), "utf8")).toBe("old\n");
  });

  test("says what is wrong where the file is gone", async () => {
    const { folder, path, read, replace } = file();
    const old = read();
    unlinkSync(path);
    await expect(replace("new\n", {}, old)).rejects.toThrow(/changed by somebody else/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("refuses a file that somebody gave another mode meanwhile", async () => {
    const { path, read, replace } = file();
    const old = read();
    chmodSync(path, 0o600);
    await expect(replace("new\n", {}, old)).rejects.toThrow(ChangedMeanwhile);
    expect(readFileSync(path, "utf8")).toBe("old\n");
  });

  test("refuses a file that is now another one with the same text", async () => {
    const { folder, path, read, replace } = file();
    const old = read();
    writeFileSync(join(folder, "other"), "old\n");
    renameSync(join(folder, "other"), path);
    await expect(replace("new\n", {}, old)).rejects.toThrow(ChangedMeanwhile);
    expect(readdirSync(folder)).toEqual(["guest.py"]);
  });

  test("never follows a link in the file's place", async () => {
    const { folder, path, read, replace } = file();
    const old = read();
    renameSync(path, join(folder, "victim"));
    symlinkSync("victim", path);
    await expect(replace("new\n", {}, old)).rejects.toThrow(/it is a symbolic link by now/);
    expect(readFileSync(join(folder, "victim"), "utf8")).toBe("old\n");
    expect(readdirSync(folder).sort()).toEqual(["guest.py", "victim"]);
  });

  test("works in the folder that it held, and says so where its path leads elsewhere by then", async () => {
    const { folder, read, replace } = file();
    const old = read();
    const moved = `${folder}-moved`;
    renameSync(folder, moved);
    onTestFinished(() => rmSync(moved, { recursive: true }));
    mkdirSync(folder);
    writeFileSync(join(folder, "guest.py"), "victim\n");
    await expect(replace("new\n", {}, old)).rejects.toThrow(/was replaced, but .* is another folder by now/);
    expect(readFileSync(join(moved, "guest.py"), "utf8")).toBe("new\n");
    expect(readFileSync(join(folder, "guest.py"), "utf8")).toBe("victim\n");
  });

  test("says which time was set", async () => {
    const { replace } = file();
    expect(await replace("new\n", { modified: "1400000000.123456789" })).toEqual({
      modified: "1400000000.123456789",
      notes: [],
    });
  });
});
