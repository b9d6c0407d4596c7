import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cli, HOST_TWO, json, PLAIN, shell, target, temporaryFile, temporaryFolder } from "./support/cli";
import { nextStep, onTerminal, quote } from "./support/terminal";

/** Each path in a text, however it is broken. */
const paths = (text: string) => text.match(/(?<=[\s(=])\/[\w/.-]+/g) ?? [];

describe.each([60, 80, 200])("at %i columns", (columns) => {
  test.each([
    ["an unpatched host", []],
    ["a current one", ["apply"]],
  ])("no word of what is said of %s is broken, and no line is too long", (_, [before]) => {
    const { options } = target(PLAIN);
    if (before) expect(cli([before, ...options]).code).toBe(0);
    for (const words of [["inspect"], ["verify"], ["verify", "-v"], ["apply", "--check"], ["revert", "--check"]]) {
      const { screen, lines } = onTerminal([...words, ...options], { columns });
      for (const line of lines) if (line.length > columns) expect(line.trim().replace(/ \\$/, "")).not.toContain(" ");
      const piped = cli([...words, ...options]);
      for (const path of paths(piped.stdout + piped.stderr)) expect(paths(screen)).toContain(path);
    }
  });
});

test("a host with two pools is a page with a table; in a pipe it is a line for each fact", () => {
  const { folder } = target(PLAIN);
  const words = ["inspect", ...HOST_TWO, "--virtinst", folder];
  const { screen } = onTerminal(words);
  expect(screen).toMatch(/^Pool +Ceph pool +User +Secret +Monitors$/m);
  expect(screen).toMatch(/^archive +cold +backup +by uuid +\[2001:db8::1\]:3300, 2001:db8::2$/m);
  expect(screen).toMatch(/^libvirtpool +vms +libvirt +by usage +192\.0\.2\.11:6789, 192\.0\.2\.12:6789,$/m);
  expect(screen).toMatch(/^2a5b08e4-\S+ +libvirtpool +"client\.libvirt secret"$/m);
  expect(screen.indexOf("Host ")).toBeLessThan(screen.indexOf("virtinst "));
  expect(screen.indexOf("Affected ")).toBeLessThan(screen.indexOf("Ceph pool"));
  // Where there is no room for a table, a pool is a few lines.
  expect(onTerminal(words, { columns: 50 }).screen).toMatch(/^Pool +archive \(Ceph pool cold\)$/m);
  expect(cli(words).stdout).toMatch(/^Pool +libvirtpool \(Ceph pool vms\)\n {2}monitors .*192\.0\.2\.13:6789$/m);
});

test("a broken pool is named at the end, with what fixes it, and no other step", () => {
  const { folder } = target(PLAIN);
  const words = ["inspect", ...HOST_TWO.slice(0, 3), "--virtinst", folder];
  const { screen } = onTerminal(words);
  expect(screen).toMatch(/^archive +cold +broken /m);
  expect(screen).toMatch(/Monitors\n[\s\S]*\n\nbroken: [\s\S]*\n {2}To fix it: Define it \(virsh secret-define,/);
  expect(nextStep(screen)).toBe("");
});

test("the verdict comes first, then why, and the next step is a command that does it", () => {
  const { options, read } = target(PLAIN);
  const before = onTerminal(["verify", ...options]);
  expect(before.code).toBe(1);
  expect(before.lines[0]).toBe("not-patched: the file has no patch, and this host is affected");
  expect(shell(`tool ${nextStep(before.screen)}`)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^patched: /),
  });
  expect(read()).toContain("# >>> virtinst-rbd-patch");
  const after = onTerminal(["verify", ...options]);
  expect(after.lines[0]).toMatch(/^current: the patch is the one for the pools of this host, and/);
  expect(nextStep(after.screen)).toBe("");
});

test("what was checked is done by the next step, whatever was said", () => {
  const { folder, options, read } = target(PLAIN);
  const patch = join(temporaryFolder(), "it's a.patch");
  expect(cli(["render", "-o", patch, ...options]).code).toBe(0);
  const { screen, code } = onTerminal(["apply", "--check", "--diff", patch, ...options]);
  expect(code).toBe(1);
  expect(nextStep(screen)).toContain(folder);
  expect(shell(`tool ${nextStep(screen)}`).code).toBe(0);
  expect(read()).toContain("# >>> virtinst-rbd-patch");
});

test("apply says what it will do, does it, and says how to verify and undo it; in a pipe it is one line", () => {
  const { options, path, pristine } = target(PLAIN);
  const { screen, code } = onTerminal(["apply", ...options], { columns: 300 });
  expect(code).toBe(0);
  const adds = `Adds 2 blocks to ${path} \\(pool libvirtpool\\); no other lines change\\.`;
  expect(screen).toMatch(new RegExp(`^${adds}\npatched: ${path} \\(pool libvirtpool\\)\n\n.*:\n {2}\\S+ verify .*\n`));
  expect(nextStep(screen)).toMatch(/^revert /);
  expect(shell(`tool ${nextStep(screen)}`).code).toBe(0);
  expect(readFileSync(path).equals(pristine)).toBe(true);
  expect(cli(["apply", ...options]).stdout).toBe(`patched: ${path} (pool libvirtpool)\n`);
});

test("where there is nothing to take out, that is said in a sentence", () => {
  const { folder, path } = target(PLAIN);
  expect(onTerminal(["revert", "--virtinst", folder]).screen).toMatch(
    /^not-patched:\s+\S+\nThere was nothing to remove\.$/m,
  );
  expect(cli(["revert", "--virtinst", folder]).stdout).toBe(`not-patched: ${path}\n`);
});

test("-q says nothing on a terminal either, and JSON is a document there", () => {
  const { folder, options } = target(PLAIN);
  expect(onTerminal(["apply", "-q", ...options]).screen).toBe("");
  const { screen } = onTerminal(["revert", "--json", "--virtinst", folder]);
  expect(json(screen.slice(screen.indexOf("{")))).toMatchObject({ status: "reverted" });
});

test("a failure wraps too, and is two lines in a pipe", () => {
  const words = ["inspect", "--virtinst", "/nonexistent", "--host", temporaryFile("h.json", "{}")];
  const { lines } = onTerminal(words, { columns: 40 });
  for (const line of lines) if (line.length > 40) expect(line.trim()).not.toContain(" ");
  expect(cli(words).stderr.split("\n")).toHaveLength(3);
});

describe("a diff on a terminal", () => {
  const pager = () => {
    const file = join(temporaryFolder(), "paged");
    return { file, PAGER: `cat > ${quote(file)}` };
  };

  test("that is longer than the screen goes through PAGER, the result does not", () => {
    const { options } = target(PLAIN);
    const { file, PAGER } = pager();
    const { screen } = onTerminal(["apply", "--check", "--diff", ...options], { rows: 20, env: { PAGER } });
    expect(readFileSync(file, "utf8")).toBe(
      cli(["apply", "--check", "--diff", ...options]).stdout.replace(/would.*\n$/, ""),
    );
    expect(screen).toMatch(/^would be patched:\n/);
  });

  test("that fits does not, and none in a pipe", () => {
    const { options } = target(PLAIN);
    const { file, PAGER } = pager();
    expect(onTerminal(["apply", "--check", "--diff", ...options], { env: { PAGER } }).screen).toMatch(/^--- a\//);
    expect(cli(["apply", "--check", "--diff", ...options], { env: { PAGER } }).stdout).toMatch(/^--- a\//);
    expect(cli(["render", ...options], { env: { PAGER } }).stdout).toMatch(/^# /);
    expect(existsSync(file)).toBe(false);
  });

  test("is printed where PAGER says none, or names what is not there, and where a pager ends early", () => {
    const { options } = target(PLAIN);
    const screen = (PAGER: string) =>
      onTerminal(["apply", "--check", "--diff", ...options], { rows: 20, env: { PAGER } }).screen;
    for (const PAGER of ["", " ", "cat"]) expect(screen(PAGER)).toMatch(/^--- a\//);
    expect(screen("/nonexistent/pager")).toContain("\n--- a/");
    expect(screen("true")).toMatch(/^would be patched:\n/);
  });

  test("what was done is said after it, also where ^C was pressed in it", () => {
    const { options, path } = target(PLAIN);
    const env = { PAGER: "kill -INT $PPID; cat > /dev/null" };
    const { screen, code } = onTerminal(["apply", "--diff", ...options], { columns: 300, rows: 20, env });
    expect(screen).toContain(`\npatched: ${path} `);
    expect(nextStep(screen)).toMatch(/^revert /);
    expect(code).toBe(0);
  });

  test("has no colour and no pager where no TERM says what the terminal can", () => {
    const { options } = target(PLAIN);
    const { file, PAGER } = pager();
    for (const TERM of [undefined, "", "dumb"]) {
      const env = { PAGER, TERM, NO_COLOR: undefined };
      const { screen } = onTerminal(["apply", "--check", "--diff", ...options], { rows: 20, env });
      expect(screen).toMatch(/^--- a\//m);
      expect(screen).not.toContain("\u001b");
    }
    expect(existsSync(file)).toBe(false);
  });

  test("a patch and a preview go through it too", () => {
    const { options } = target(PLAIN);
    for (const command of ["render", "preview"]) {
      const { file, PAGER } = pager();
      expect(onTerminal([command, ...options], { rows: 5, env: { PAGER } }).code).toBe(0);
      expect(readFileSync(file, "utf8")).toBe(cli([command, ...options]).stdout);
    }
  });

  test("has the words marked that differ", () => {
    const { options, edit } = target(PLAIN);
    expect(cli(["apply", ...options]).code).toBe(0);
    edit("192.0.2.12", "192.0.2.99");
    const { screen } = onTerminal(["apply", "--check", "--diff", ...options], { env: { NO_COLOR: undefined } });
    expect(screen).toContain(
      '\u001b[31m-                \'<host name="\u001b[7m192.0.2.99\u001b[27m" port="6789"/>\',\u001b[39m',
    );
    expect(screen).toContain("\u001b[7m192.0.2.12\u001b[27m");
  });
});
