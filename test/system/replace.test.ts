import {
  chmodSync,
  linkSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readWithTime } from "../../src/system/read";
import { replaceFile } from "../../src/system/replace";
import { run } from "../../src/system/run";
import { cli, copyVirtinst, HOST, temporaryFolder } from "../support/cli";

function file(content = "old\n") {
  const folder = temporaryFolder();
  const path = join(folder, "guest.py");
  writeFileSync(path, content);
  return { folder, path };
}

describe("replaceFile", () => {
  test("replaces the content and leaves no other file", () => {
    const { folder, path } = file();
    replaceFile(path, readWithTime(path), Buffer.from("new\n"));
    expect(readFileSync(path, "utf8")).toBe("new\n");
    expect(readdirSync(folder)).toEqual(["guest.py"]);
  });

  test.each([0o644, 0o600, 0o755, 0o444, 0o4711])("keeps the mode %o", (mode) => {
    const { path } = file();
    chmodSync(path, mode);
    replaceFile(path, readWithTime(path), Buffer.from("new\n"));
    expect(statSync(path).mode & 0o7777).toBe(mode);
  });

  test("never lands in the second of the old time, by which Python would take stale byte code", () => {
    const { path } = file();
    const now = Math.floor(Date.now() / 1000);
    for (const second of [now - 1, now, now + 1, now + 2]) {
      utimesSync(path, second, second);
      replaceFile(path, readWithTime(path), Buffer.from(`${second}\n`));
      expect(Math.floor(statSync(path).mtimeMs / 1000)).toBeGreaterThan(second);
    }
  });

  test.each(["1400000000.000000000", "1400000000.123456789", "1.999999999", "-1.500000000"])(
    "puts back the time %s to the nanosecond",
    (time) => {
      const { path } = file();
      replaceFile(path, readWithTime(path), Buffer.from("new\n"), { modified: time });
      expect(readWithTime(path).modified).toBe(time);
    },
  );

  test("refuses a file that somebody changed meanwhile", () => {
    const { folder, path } = file();
    const read = readWithTime(path);
    writeFileSync(path, "theirs\n");
    expect(() => replaceFile(path, read, Buffer.from("new\n"))).toThrow(/changed by somebody else/);
    expect(readFileSync(path, "utf8")).toBe("theirs\n");
    expect(readdirSync(folder)).toEqual(["guest.py"]);
  });

  test("a signal waits until the file is whole", () => {
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

  test("avoids the seconds that byte code was made for", () => {
    const { path } = file();
    const now = Math.floor(Date.now() / 1000);
    const avoid = [now, now + 1, now + 2, now + 3];
    replaceFile(path, readWithTime(path), Buffer.from("new\n"), { avoid });
    expect(avoid).not.toContain(Math.floor(statSync(path).mtimeMs / 1000));
  });

  test("removes what a killed run left, and nothing of a living one", () => {
    const { folder, path } = file();
    const dead = run("sh", ["-c", "echo $$"]).stdout.trim();
    const left = [`${dead}-a`, `${process.pid}-old`].map((id) => `.guest.py.virtinst-rbd-patch.${id}`);
    const living = `.guest.py.virtinst-rbd-patch.${process.ppid}-b`;
    for (const name of [...left, living]) writeFileSync(join(folder, name), "left");
    replaceFile(path, readWithTime(path), Buffer.from("new\n"));
    expect(readdirSync(folder).sort()).toEqual([living, left[1], "guest.py"].sort());
  });

  test("another hard link keeps the old text", () => {
    const { folder, path } = file();
    linkSync(path, join(folder, "other"));
    replaceFile(path, readWithTime(path), Buffer.from("new\n"));
    expect(readFileSync(join(folder, "other"), "utf8")).toBe("old\n");
  });

  test("says what is wrong where the file is gone", () => {
    const { folder, path } = file();
    const read = readWithTime(path);
    unlinkSync(path);
    expect(() => replaceFile(path, read, Buffer.from("new\n"))).toThrow(/cannot be copied|cannot be replaced/);
    expect(readdirSync(folder)).toEqual([]);
  });
});
