import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { commandLine } from "../src/command-line";
import { cli, HOST, image, json, PLAIN, target, temporaryFile, temporaryFolder } from "./support/cli";

const program = commandLine(async () => {}, { writeOut: () => {}, writeErr: () => {} });
const commands = program.commands.map((command) => {
  const own = command.options.flatMap(({ short, long }) => [short, long]).filter((name) => name !== undefined);
  return { name: command.name(), options: [...own, "-h", "--help"], command };
});
const names = commands.map(({ name }) => name);

test("`help`, `--help` and no command list all commands; without a command that is wrong usage", async () => {
  const { code, stdout } = await cli(["--help"]);
  expect(code).toBe(0);
  for (const { name, command } of commands)
    expect(stdout).toMatch(new RegExp(`^  ${name} .*${command.summary().slice(0, 20)}`, "m"));
  expect(await cli(["help"])).toEqual({ code: 0, stdout, stderr: "" });
  expect(await cli([])).toEqual({ code: 2, stdout: "", stderr: stdout });
  expect((await cli(["help", "bogus"])).code).toBe(2);
  expect(await cli(["help", "apply"])).toEqual(await cli(["apply", "--help"]));
});

describe.each(names)("the help of %s", (name) => {
  let help = "";
  const parse = async (words: readonly string[], ran: string[] = []) => {
    const writeOut = (text: string) => {
      help += text;
    };
    const line = commandLine(async (command) => void ran.push(command), { writeOut, writeErr: writeOut });
    await line.parseAsync(words, { from: "user" });
    return ran;
  };
  beforeAll(() => expect(parse([name, "--help"])).rejects.toThrow("outputHelp"));

  test("fits into 80 columns, apart from examples", () => {
    const wide = help.split("\n").filter((line) => line.length > 80);
    expect(wide.filter((line) => !line.startsWith("  virtinst-rbd-patch "))).toEqual([]);
  });

  test("has examples that are valid command lines", async () => {
    const examples = [...help.matchAll(/^ {2}virtinst-rbd-patch (\w[^#>\n]*)/gm)].map(([, words = ""]) => words.trim());
    expect(examples.length).toBeGreaterThan(1);
    for (const example of examples) expect(await parse(example.split(" "))).toEqual([name]);
  });

  test("lists the exit codes that it can return", () => {
    const listed = [...help.slice(help.indexOf("Exit codes:")).matchAll(/^ {2}(\d) {2}\w/gm)].map(([, code]) => code);
    const without: Record<string, string> = {
      bundle: "145",
      hook: "145",
      inspect: "15",
      render: "15",
      preview: "1",
      revert: "35",
    };
    expect(listed.join("")).toBe("0123456".replace(new RegExp(`[${without[name] ?? "-"}]`, "g"), ""));
  });
});

test.each([
  [["aply"], "unknown command 'aply'", "Did you mean apply?"],
  [["status"], "unknown command 'status'", "Did you mean inspect?"],
  [["diff", "--ssh", "hv01"], "unknown command 'diff'", "Did you mean apply --check --diff?"],
  [["apply", "--chekc"], "unknown option '--chekc'", "Did you mean --check?"],
  [["revert", "--vol", "x"], "unknown option '--vol'", "See virtinst-rbd-patch revert --help."],
  [["--json", "inspect"], "unknown option '--json'", "Options come after the command. See virtinst-rbd-patch --help."],
  [
    ["apply", "a", "b"],
    "too many arguments for 'apply'. Expected 1 argument but got 2.",
    "See virtinst-rbd-patch apply --help.",
  ],
  [["hook"], "missing required argument 'kind'", "See virtinst-rbd-patch hook --help."],
  [
    ["hook", "systemd"],
    /^command-argument value 'systemd' is invalid .*Allowed choices are ansible, apt/,
    /hook --help/,
  ],
  [
    ["inspect", "-c", "a", "--host", "b"],
    /^option '-c, .*' cannot be used with option '--host <file>'$/,
    /inspect --help/,
  ],
  [
    ["inspect", "--root", "/", "--secret-xml", "b"],
    /^--secret-xml needs --pool-xml or --connect if --root is given/,
    /--pool-xml or --connect/,
  ],
  [["apply", "x", "--pool", "y"], "--pool cannot be combined with PATCH.", "Leave out --pool, or leave out PATCH."],
  [["verify", "--report", "-"], "--report needs a file name.", "Name a file: --report verify.html."],
  [["bundle", "--hosts", "x"], "--hosts writes one file for each host, to a directory.", "Name one with -o DIR."],
])("wrong usage exits with 2 and prints one message and one hint: %j", async (words, message, hint) => {
  const { code, stdout, stderr } = await cli([...words, "--json"]);
  const { error, verdict } = json(stdout);
  const like = (text: string | RegExp) => (typeof text === "string" ? text : expect.stringMatching(text));
  expect({ code, ...error }).toEqual({ code: 2, message: like(message), hint: like(hint) });
  expect(verdict).toEqual({ ok: false, exitCode: 2 });
  expect(stderr).toBe(`virtinst-rbd-patch: ${error.message}\n${error.hint}\n`);
});

test("--secret-xml goes with --root and --connect, and -q prints nothing about a file that is written", async () => {
  expect((await cli(["inspect", "--root", image(), "-c", "test:///default", HOST[1] as string])).code).not.toBe(2);
  const out = join(temporaryFolder(), "s.py");
  expect(await cli(["bundle", ...HOST, "-o", out, "-q"])).toEqual({ code: 0, stdout: "", stderr: "" });
});

test.each([
  [["verify", "--report", "--static"], "--report <file>"],
  [["render", "-o", "--reverse"], "-o, --output <file>"],
  [["render", "-o", ""], "-o, --output <file>"],
  [["bundle", "--hosts="], "--hosts <dir>"],
  [["apply", "--pool", "a", "--pool", "-q"], "--pool <name>"],
])("an option without its value is wrong usage: %j", async (words, flags) => {
  const { code, stdout, stderr } = await cli(words);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(`option '${flags}' argument '`);
  expect(stderr).toContain("The value is missing.");
});

test.each([
  "revert --force",
  "apply --static",
  "apply --reverse",
  "render --hosts x",
  "verify --check",
  "bundle --vol a/b",
])("an option of another command is wrong usage: %s", async (line) =>
  expect(await cli(line.split(" "))).toMatchObject({ code: 2, stderr: expect.stringContaining("unknown option") }),
);

test("a value that begins with - is written with =", async () =>
  expect((await cli(["inspect", "--virtinst=-x"])).stderr).toMatch(/^virtinst-rbd-patch: (?!option)/));

test("each use of an option that can be repeated takes one value, so an argument may follow it", async () => {
  const { options } = target(PLAIN);
  const words = ["--pool", "libvirtpool", ...options.flatMap((option) => option.split("="))];
  const patch = temporaryFile("host.patch", (await cli(["render", ...words])).stdout);
  const poolXml = options[0]?.split("=") ?? [];
  expect(await cli(["apply", "--check", ...options.slice(1), ...poolXml, patch])).toMatchObject({
    code: 1,
    stderr: "",
  });
});

test("apply and revert take --dry-run and -n for --check, and accept --yes", async () => {
  const { options, pristine, path } = target(PLAIN);
  const revert = ["revert", ...options.slice(2)];
  const check = await cli(["apply", "--check", ...options]);
  for (const alias of ["--dry-run", "-n"]) expect(await cli(["apply", alias, ...options])).toEqual(check);
  expect(readFileSync(path).equals(pristine)).toBe(true);
  expect((await cli(["apply", "--yes", ...options])).code).toBe(0);
  expect(await cli([...revert, "-n"])).toEqual(await cli([...revert, "--check"]));
  expect((await cli([...revert, "-y"])).code).toBe(0);
  expect(readFileSync(path).equals(pristine)).toBe(true);
});

test("--version and the JSON state the version of package.json", async () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(await cli(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  for (const words of [
    ["inspect", "--bogus"],
    ["apply", "--check", ...target(PLAIN).options],
  ])
    expect(json((await cli([...words, "--json"])).stdout).tool).toBe(`virtinst-rbd-patch ${version}`);
});

test("the man page contains every command, option and exit code, and no others", () => {
  const page = readFileSync("docs/virtinst-rbd-patch.1", "utf8");
  const terms = [...page.matchAll(/^\.TP\n(.*)/gm)].flatMap(([, term = ""]) =>
    term.replaceAll("\\-", "-").match(/(?<=\\fB)[^\\]+/g),
  );
  const words = [...names, "help", "-V", "--version", ...commands.flatMap(({ options }) => options)];
  expect([...new Set(terms)].sort()).toEqual([...new Set([...words, ..."0123456"])].sort());
});

test("the examples of the man page and of README.md are valid command lines", async () => {
  const pages = ["docs/virtinst-rbd-patch.1", "README.md"].map((file) => readFileSync(file, "utf8"));
  const command = new RegExp(`virtinst-rbd-patch ((?:${names.join("|")})\\b[^\`|>\\\\\n]*)`, "g");
  const examples = [...pages.join("\n").replaceAll("\\-", "-").matchAll(command)].map(([, words = ""]) => words.trim());
  expect(examples.length).toBeGreaterThan(15);
  for (const example of examples) {
    const line = commandLine(async () => {}, { writeOut: () => {}, writeErr: () => {} });
    await expect(line.parseAsync(example.split(" "), { from: "user" }), example).resolves.toBeDefined();
  }
});

describe("the completion for bash", () => {
  /** What it offers for a command line that ends with a word to complete. */
  const offered = (...words: string[]) => {
    const script = `source docs/virtinst-rbd-patch.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_virtinst_rbd_patch; printf "%s\\n" "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", script, "bash", "virtinst-rbd-patch", ...words], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    return stdout.trim().split("\n");
  };

  test("offers every command, every option of each, and the kinds of hook", () => {
    expect(offered("").sort()).toEqual([...names, "help", "-V", "--version", "-h", "--help"].sort());
    expect(offered("help", "")).toEqual(names);
    for (const { name, options } of commands) expect(offered(name, "-").sort()).toEqual([...options].sort());
    const [kinds] = commands.find(({ name }) => name === "hook")?.command.registeredArguments ?? [];
    expect(offered("hook", "")).toEqual(kinds?.argChoices);
    expect(offered("app")).toEqual(["apply"]);
  });
});
