import { spawn } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { cli, PLAIN, TOOL, target, temporaryFile, temporaryFolder } from "../support/cli";

describe("a file that Python cannot import is refused, and nothing is written", () => {
  test.each([
    ["a syntax error", "import\n", /line 1/],
    ["Latin-1 without a coding line", "\n\n# Gr\xf6\xdfe\n", /line 3 is not utf-8 text/],
    ["a wrong coding line", "# coding: ascii\n# Gr\xf6\xdfe\n", /line 2 is not ascii text/],
  ])("with %s", async (_, lines, message) => {
    const { path, options, read } = target(PLAIN);
    const content = Buffer.from(lines + read(), "latin1");
    writeFileSync(path, content);
    const { code, stderr } = await cli(["apply", ...options]);
    expect(stderr).toMatch(/does not compile with .*, even without the patch: /);
    expect(stderr).toMatch(message);
    expect(code).toBe(4);
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  test("or with a Python of the wrong version, or one that does not exist", async () => {
    const { options, path, pristine } = target("guest-1.4");
    const wrong = await cli(["apply", ...options, "--python", "python3"]);
    expect(wrong.code).toBe(4);
    expect(wrong.stderr).toMatch(/does not compile with .*python3, even without the patch: .*line \d+/);
    const none = await cli(["apply", ...options, "--python", "/nonexistent/python"]);
    expect(none.code).toBe(4);
    expect(none.stderr).toMatch(/could not be compiled: \/nonexistent\/python, given with --python, is not a program/);
    expect(readFileSync(path).equals(pristine)).toBe(true);
  });
});

test("a file in Latin-1 with a coding line is patched, and revert restores its bytes", async () => {
  const { path, folder, options, read } = target(PLAIN);
  const content = Buffer.from(`# -*- coding: latin-1 -*-\n# Gr\xf6\xdfe\n${read()}`, "latin1");
  writeFileSync(path, content);
  expect(await cli(["apply", ...options])).toMatchObject({ code: 0 });
  expect(await cli(["revert", "--virtinst", folder])).toMatchObject({ code: 0 });
  expect(readFileSync(path).equals(content)).toBe(true);
});

test("apply and verify import no module from the current directory or PYTHONPATH", async () => {
  const { options, folder } = target(PLAIN);
  // The host's own virt-install runs in the environment of its user.
  rmSync(join(folder, "virt-install"));
  const trap = temporaryFolder();
  for (const name of ["json", "re", "logging", "sitecustomize"])
    writeFileSync(join(trap, `${name}.py`), `open(${JSON.stringify(join(trap, "sprung"))}, "w")\n`);
  expect((await cli(["apply", ...options], { cwd: trap, env: { PYTHONPATH: trap } })).code).toBe(0);
  expect((await cli(["verify", ...options], { cwd: trap, env: { PYTHONPATH: trap } })).code).toBe(0);
  expect(readdirSync(trap)).not.toContain("sprung");
});

test("of several runs at the same time one replaces the file, and the others report why they did not", async () => {
  const { options, read, path } = target(PLAIN);
  const ends = await Promise.all(
    [1, 2, 3, 4].map(
      () =>
        new Promise<string>((done) => {
          const run = spawn(process.execPath, [TOOL, "apply", "-q", ...options]);
          let said = "";
          run.stderr.setEncoding("utf8").on("data", (words: string) => {
            said += words;
          });
          run.on("close", (code) => done(`${code} ${said}`));
        }),
    ),
  );
  for (const end of ends)
    expect(end).toMatch(/^0 |^6 .*: another (?:run is in progress|program changed it)\. Nothing was written\.\n/);
  expect(ends.some((end) => end.startsWith("0 "))).toBe(true);
  expect(read().match(/^ *# >>> /gm)).toHaveLength(2);
  expect(readdirSync(dirname(path)).sort()).toEqual(["__init__.py", "installer.py"]);
});

describe("before it writes, apply compiles the patched file and runs its function on a sample domain:", () => {
  /** A Python that answers each request to compile, and each request to run the function. */
  const python = (compiled: object, result: object | null) => {
    const answer = (value: object | null) => value && JSON.stringify(value).replaceAll("'", "'\\''");
    const lines = [
      "request=$(cat)",
      `echo '{"version": "3.11"}'`,
      `case $request in *'"compile"'*) echo '${answer(compiled)}';; *) echo '${answer(result) ?? ""}';; esac`,
    ];
    const path = temporaryFile("python3", `#!/bin/sh\n${lines.join("\n")}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const valid = { compile: [null, null] };
  const wrong = Array(9).fill({ label: "disk of pool p", passed: false, difference: "no auth" });

  test.each([
    ["the file does not compile", { compile: [null, "SyntaxError in line 9"] }, {}, /does not compile: SyntaxError/],
    ["the function raises", valid, { error: "KeyError: 'x'", log: [] }, /the function fails: KeyError: 'x' \(/],
    ["it returns another domain", valid, { results: [], checks: wrong, log: [] }, /disk of pool p: no auth/],
    ["its Python crashes", valid, null, /the function could not be run: .*python3 crashed/],
  ])("if %s, the exit code is 5 and nothing is written", async (_, compiled, result, message) => {
    const { options, path, pristine } = target(PLAIN);
    for (const more of [[], ["--check"]]) {
      const { code, stderr } = await cli(["apply", ...options, "--python", python(compiled, result), ...more]);
      expect(stderr).toMatch(message);
      expect(code).toBe(5);
      expect(readFileSync(path).equals(pristine)).toBe(true);
    }
  });
});

test("apply succeeds if virt-install does not work, because it does not run it", async () => {
  const { folder, options } = target(PLAIN);
  writeFileSync(join(folder, "virt-install"), "#!/bin/sh\nexit 1\n");
  expect((await cli(["apply", ...options])).code).toBe(0);
});
