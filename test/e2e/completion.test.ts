import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { completion } from "../../scripts/release/completion.mjs";
import { flagsOf } from "../../scripts/release/grammar.mjs";
import { COMMANDS } from "../../src/grammar/commands";
import { HELP } from "../../src/grammar/help";
import { optionsOf } from "../../src/grammar/options";
import { makeFolder, must, undoAll } from "./support/machine";

/** What a shell would run, or be led astray by, if it took a name for its own words. */
const HARD = `my pool $(touch oops) 'x' "y" \\z;&`;
const NAMES = ["libvirtpool", HARD, "pööl"];
const TYPER = resolve("test/e2e/support/complete.py");

let folder: string;
/** Where the shells are, with two files and a folder. */
let cwd: string;
let uri: string;

/** How a shell is started and gets its completions; `all` are the keys that insert each of them, `one` those for one. */
interface Shell {
  readonly shell: readonly string[];
  readonly before: () => readonly string[];
  readonly all: string;
  readonly one: string;
}

const BASH = ["/bin/bash", "--noprofile", "--norc", "-i"];
const QUIET = "bind 'set enable-bracketed-paste off'";
const SHELLS: Readonly<Record<string, Shell>> = {
  bash: {
    shell: BASH,
    before: () => [QUIET, `source ${folder}/bash/virtinst-rbd-patch`],
    all: "\x1b*",
    one: "\t",
  },
  "bash with bash-completion, which loads the file": {
    shell: BASH,
    before: () => [
      QUIET,
      "export XDG_DATA_HOME=/nowhere",
      `BASH_COMPLETION_USER_DIR=${folder}/user`,
      "source /usr/share/bash-completion/bash_completion",
    ],
    all: "\x1b*",
    one: "\t",
  },
  zsh: {
    shell: ["/bin/zsh", "-f", "-i"],
    before: () => [
      `PS1='READY> '; unset zle_bracketed_paste; fpath=(${folder}/zsh $fpath); autoload -Uz compinit; compinit -u -D`,
      "bindkey -e; zle -C all-matches complete-word _generic; bindkey '^X*' all-matches",
      "zstyle ':completion:all-matches:*' completer _all_matches _complete; zstyle ':completion:all-matches:*' insert true",
    ],
    all: "\x18*",
    one: "\t",
  },
};

beforeAll(async () => {
  folder = makeFolder();
  for (const [place, shell, name] of [
    ["bash", "bash", "virtinst-rbd-patch"],
    ["user/completions", "bash", "virtinst-rbd-patch"],
    ["zsh", "zsh", "_virtinst-rbd-patch"],
    ["fish", "fish", "virtinst-rbd-patch.fish"],
  ] as const) {
    mkdirSync(join(folder, place), { recursive: true });
    writeFileSync(join(folder, place, name), completion(shell));
  }
  cwd = join(folder, "here");
  mkdirSync(join(cwd, "some dir"), { recursive: true });
  writeFileSync(join(cwd, "a file.patch"), "");
  const pool = (name: string, type: string) => {
    const xml = name.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
    const rest =
      type === "rbd"
        ? '<source><host name="192.0.2.11"/><name>vms</name></source>'
        : "<target><path>/x</path></target>";
    return `<pool type="${type}"><name>${xml}</name>${rest}</pool>`;
  };
  // A tab is a name that libvirt allows, and that no terminal shows.
  const pools = [...NAMES.map((name) => pool(name, "rbd")), pool("t\ta", "rbd"), pool("default", "dir")];
  writeFileSync(join(folder, "node.xml"), `<node>${pools.join("")}</node>`);
  uri = `test://${folder}/node.xml`;
});

afterAll(() => {
  const ran = existsSync(join(cwd, "oops"));
  undoAll();
  expect(ran).toBe(false);
});

/** What the shell reads of a line whose completions were all inserted; without the tool's name. */
function typed(name: string, line: string, { one = false, env = {} } = {}): string[] {
  const { shell, before, ...keys } = SHELLS[name] as Shell;
  const asked = {
    shell,
    before: before(),
    cwd,
    env,
    line: `virtinst-rbd-patch ${line}`,
    all: one ? keys.one : keys.all,
  };
  return JSON.parse(must("python3", [TYPER], { input: JSON.stringify(asked) })).slice(1);
}

const optionNames = (command: (typeof COMMANDS)[number]) =>
  [...optionsOf(command), HELP].flatMap((option) => flagsOf(option).names).filter((name) => name.startsWith("--"));

describe.each(Object.keys(SHELLS))("%s", (shell) => {
  test("commands", () => {
    expect(typed(shell, "").sort()).toEqual(COMMANDS.map(({ name }) => name).sort());
    expect(typed(shell, "app", { one: true })).toEqual(["apply"]);
  });

  test.each(COMMANDS.map((command) => [command.name, command] as const))("options of %s", (name, command) => {
    expect(typed(shell, `${name} --`)).toEqual([name, ...optionNames(command).sort()]);
  });

  test("the kinds of hook, once", () => {
    const hook = COMMANDS.find(({ name }) => name === "hook");
    expect(typed(shell, "hook ")).toEqual(["hook", ...(hook?.argument?.values ?? [])]);
    expect(typed(shell, "hook apt s")).not.toContain("salt");
  });

  test("files where one is taken, folders where these are", () => {
    expect(typed(shell, "apply ")).toEqual(["apply", "a file.patch", "some dir"]);
    expect(typed(shell, "apply --host ")).toEqual(["apply", "--host", "a file.patch", "some dir"]);
    expect(typed(shell, "apply --root ").map((word) => word.replace(/\/$/, ""))).toEqual([
      "apply",
      "--root",
      "some dir",
    ]);
    expect(typed(shell, "apply --root=so").map((word) => word.replace(/\/$/, ""))).toEqual([
      "apply",
      "--root=some dir",
    ]);
  });

  test("pools of libvirt, as they are", () => {
    expect(typed(shell, `apply -c ${uri} --pool `)).toEqual(["apply", "-c", uri, "--pool", ...NAMES]);
    expect(typed(shell, `apply --connect=${uri} --pool libvirtpool `)).toEqual([
      ...["apply", `--connect=${uri}`, "--pool", "libvirtpool"],
      ...NAMES,
    ]);
    expect(typed(shell, `verify --connect ${uri} --vol lib`)).toEqual([
      "verify",
      "--connect",
      uri,
      "--vol",
      "libvirtpool/",
    ]);
  });

  test.each(["--pool my", "--pool my\\ po", '--pool "my po', "--pool 'my po", "--pool=my", '--pool="my po'])(
    "a name that is hard to write, from %s",
    (begun) => {
      const words = begun.includes("=") ? [`--pool=${HARD}`] : ["--pool", HARD];
      expect(typed(shell, `apply -c ${uri} ${begun}`, { one: true })).toEqual(["apply", "-c", uri, ...words]);
    },
  );

  test("no pools where there is no virsh, or the facts are not libvirt's", () => {
    const env = { PATH: "/nowhere" };
    expect(typed(shell, `apply -c ${uri} --pool `, { env })).toEqual(["apply", "-c", uri, "--pool"]);
    expect(typed(shell, `apply -c ${uri} --root /mnt --pool `)).toEqual([
      "apply",
      "-c",
      uri,
      "--root",
      "/mnt",
      "--pool",
    ]);
  });

  test("a URI that names a program starts none", () => {
    const program = join(folder, "program");
    writeFileSync(program, `#!/bin/sh\n: >${cwd}/oops\n`);
    chmodSync(program, 0o755);
    const other = `qemu+ext:///system?command=${program}`;
    expect(typed(shell, `apply -c '${other}' --pool `)).toEqual(["apply", "-c", other, "--pool"]);
    expect(existsSync(join(cwd, "oops"))).toBe(false);
  });
});

describe("fish", () => {
  const completed = (line: string) =>
    must("fish", [
      "--no-config",
      "-c",
      `cd ${cwd}; source ${folder}/fish/virtinst-rbd-patch.fish; complete -C "$argv"`,
      `virtinst-rbd-patch ${line}`,
    ])
      .trimEnd()
      .split("\n")
      .map((row) => row.split("\t")[0]);

  test("commands, with what they are for", () => {
    expect(completed("").sort()).toEqual(COMMANDS.map(({ name }) => name).sort());
    expect(completed("app")).toEqual(["apply"]);
  });

  test.each(COMMANDS.map((command) => [command.name, command] as const))("options of %s", (name, command) => {
    expect(completed(`${name} --`).sort()).toEqual(optionNames(command).sort());
  });

  test("kinds, files and folders", () => {
    expect(completed("hook ap")).toEqual(["apt"]);
    expect(completed("apply ")).toEqual(["a\\ file.patch", "some\\ dir/"].map((name) => name.replace("\\", "")));
    expect(completed("apply --root ")).toEqual(["some dir/"]);
  });

  test("pools of libvirt, as they are", () => {
    expect(completed(`apply -c ${uri} --pool `)).toEqual(NAMES);
    expect(completed(`apply --connect=${uri} --pool libvirtpool `)).toEqual(NAMES);
    expect(completed(`verify -c ${uri} --vol lib`)).toEqual(["libvirtpool/"]);
    expect(completed(`apply -c ${uri} --root /mnt --pool `)).toEqual([""]);
    expect(completed(`apply -c 'qemu+ext:///system?command=${folder}/program' --pool `)).toEqual([""]);
  });
});
