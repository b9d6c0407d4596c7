import { expect, test } from "vitest";
import { completion } from "../../scripts/release/completion.mjs";
import { flagsOf } from "../../scripts/release/grammar.mjs";
import { optionsOf } from "../../src/grammar/options";
import { COMMANDS } from "../../src/grammar/commands";
import { ABOUT, HELP } from "../../src/grammar/help";

const SHELLS = ["bash", "zsh", "fish"] as const;

test.each(SHELLS)("%s: nothing is left to fill in, and a second file is the same", (shell) => {
  const file = completion(shell);
  expect(file).not.toMatch(/@[a-z]+@/);
  expect(completion(shell)).toBe(file);
});

test.each(SHELLS)("%s: no word of the line or of libvirt is evaluated", (shell) => {
  expect(completion(shell)).not.toMatch(/\beval\b|\$\{\(e/);
});

const every = COMMANDS.flatMap((command) =>
  [...optionsOf(command), HELP].map((option) => ({ command: command.name, option, ...flagsOf(option) })),
);

test("bash has each command and each of its options, in each way to write it", () => {
  const file = completion("bash");
  for (const { name } of COMMANDS) expect(file).toMatch(new RegExp(`compgen -W '[^']*\\b${name}\\b[^']*'`));
  for (const { command, names } of every) {
    const [, offered = ""] = new RegExp(`^ +${command}\\) options='([^']*)'`, "m").exec(file) ?? [];
    expect(offered.split(" ")).toEqual(expect.arrayContaining(names));
  }
  for (const { command, names, value } of every)
    for (const name of names)
      expect([command, name, new RegExp(`[ |]${command}:${name}(?: \\||\\) kind=)`).test(file)]).toEqual([
        command,
        name,
        value !== "",
      ]);
});

test("zsh has each command with its line, and each option with its description", () => {
  const file = completion("zsh");
  for (const { name, summary } of COMMANDS) expect(file).toContain(`'${name}:${summary.replaceAll("'", "'\\''")}'\n`);
  for (const { command, names, option } of every) {
    const own = file.slice(file.indexOf(`\n    (${command})\n`)).split("\n      ;;\n", 1)[0] as string;
    const described = option.description.replaceAll("`", "").replaceAll("'", "'\\''");
    for (const name of names)
      expect(own.split("\n").filter((line) => new RegExp(`[')*]${name}[=+-]*\\[`).test(line))).toEqual([
        expect.stringContaining(`[${described}]`),
      ]);
  }
});

test("fish has each command with its line, and each option with its description", () => {
  const file = completion("fish");
  const lines = file.split("\n");
  const text = (words: string) => `-d '${words.replaceAll("`", "").replaceAll("'", "\\'")}'`;
  for (const { name, summary } of COMMANDS)
    expect(lines.filter((line) => line.includes(` -a ${name} `) && line.endsWith(text(summary)))).toHaveLength(1);
  const about = ABOUT.map((option) => ({ command: '""', option, ...flagsOf(option) }));
  for (const { command, names, option } of [...every, ...about]) {
    const words = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
    const begin = `complete -c virtinst-rbd-patch -n '__virtinst_rbd_patch_is ${command}' ${words.join(" ")} `;
    expect(lines.filter((line) => line.startsWith(begin) && line.endsWith(text(option.description)))).toHaveLength(1);
  }
});
