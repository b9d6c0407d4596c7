// What the tool and the standalone script do alike, byte for byte: one table of cases, run by both.
import {
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { Both, type Place } from "../support/both";
import { cli, eachLayout, HOST, HOST_BY_UUID, patchedBy100, poolsOfOneCephPool } from "../support/cli";

eachLayout(({ name: layout, python: major }) => {
  const python = major === 2 ? "python2.7" : "python3";
  test("apply, apply again, verify, revert, revert again", () => {
    const both = new Both({ layout, python });
    expect(both.run("apply", "--check", "--diff", "--json").code).toBe(1);
    expect(both.run("apply", "--diff").code).toBe(0);
    expect(both.run("apply").stdout).toMatch(/^current: /);
    expect(both.run("verify", "--static", "--json").code).toBe(0);
    expect(both.run("verify", "-v").code).toBe(0);
    expect(both.run("revert", "--check", "--diff").code).toBe(1);
    expect(both.run("revert", "--json").code).toBe(0);
    expect(both.run("revert").stdout).toMatch(/^absent: /);
    expect(both.run("verify").code).toBe(1);
  });
});

describe("needs", () => {
  const disk = (place: Place) => join(place.top, "virtinst/devices/disk.py");
  test("no pool that names its secret by usage: not needed", () => {
    const both = new Both({ facts: HOST_BY_UUID });
    expect(both.run("apply", "--json").stdout).toMatch(/"status": "not needed"/);
    expect(both.run("verify", "--static").code).toBe(0);
  });
  test("disk code that copies no auth: required", () => {
    const both = new Both({ facts: HOST_BY_UUID });
    both.each((place) =>
      writeFileSync(disk(place), readFileSync(disk(place), "utf8").replaceAll("auth_secret_uuid", "x")),
    );
    expect(both.run("verify", "--static", "--json").stdout).toMatch(/"need": "required"/);
    expect(both.run("apply").code).toBe(0);
  });
  test("disk code that writes no network disks: impossible", () => {
    const both = new Both().each((place) => writeFileSync(disk(place), "# source_protocol\n"));
    expect(both.run("verify", "--static", "--json").stdout).toMatch(/"need": "impossible"/);
    expect(both.run("apply", "--json").code).toBe(4);
  });
  test("no disk code: unknown", () => {
    const both = new Both().each((place) => renameSync(disk(place), `${disk(place)}.away`));
    expect(both.run("verify", "--static", "--json").stdout).toMatch(/"need": "unknown"/);
    expect(both.run("apply", "--json").code).toBe(0);
  });
});

describe("a file's belongings", () => {
  test("a mode, a hard link and a link to it", () => {
    const both = new Both().each(({ path, top }) => {
      chmodSync(path, 0o640);
      linkSync(path, join(top, "other"));
      renameSync(path, `${path}.real`);
      symlinkSync(basename(`${path}.real`), path);
    });
    expect(both.run("apply", "--json").stdout).toMatch(/hard links/);
    expect(both.run("revert", "--json").code).toBe(0);
  });
  test("byte code that states a time that is to come is not taken for that of the new text", () => {
    const both = new Both().each(({ path }) => {
      const cache = join(dirname(path), "__pycache__");
      mkdirSync(cache);
      const code = Buffer.alloc(16);
      code.writeUInt32LE(Math.floor(Date.now() / 1000) + 5, 8);
      writeFileSync(join(cache, "installer.cpython-311.pyc"), code);
    });
    both.run("apply");
    for (const { path } of both.places) expect(statSync(path).mtimeMs).toBeGreaterThan(1.5e12);
  });
  test("what a killed run left is cleared up", () => {
    const name = ".virtinst-rbd-patch.0123456789ab-lx3k2j1h";
    const both = new Both().each(({ path }) => writeFileSync(join(dirname(path), name), "left"));
    expect(both.run("apply", "--json").stdout).toMatch(/a run left it that was killed/);
    for (const { path } of both.places) expect(existsSync(join(dirname(path), name))).toBe(false);
  }, 60_000);
});

test("pools whose names end in what looks like a literal", () => {
  const facts = poolsOfOneCephPool({ gpu: [11], ubuntu: [11], "menu, u": [11] });
  const both = new Both({ facts });
  both.run("apply");
  expect(both.run("revert").stdout).toContain("(pools gpu, menu, u, ubuntu)");
});

test("blocks of the tool in a file that the bundle does not know are proved all the same", () => {
  const both = new Both().each(({ edit }) => edit((text) => `${text}# a distribution's\n`));
  const [one, other] = both.places;
  expect(cli(["apply", ...HOST, "--virtinst", one.top]).code).toBe(0);
  cpSync(one.path, other.path, { preserveTimestamps: true });
  expect(both.run("verify").stdout).toMatch(/^behaviour passed/m);
});

test("what the bundle does not run is called what it is", () => {
  const stale = new Both().each(({ path }) => writeFileSync(path, patchedBy100(readFileSync(path))));
  expect(stale.bundle("verify").stdout).toMatch(
    /^behaviour not run: the patch is stale, and only what this file would/m,
  );
});
