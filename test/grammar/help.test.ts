import { expect, test } from "vitest";
import { COMMANDS } from "../../src/grammar/commands";
import { commandHelp, shownFlags, toolHelp, wrapAt } from "../../src/grammar/help";
import { optionsOf } from "../../src/grammar/options";
import { cli } from "../support/cli";

const asItIs = (text: string) => text;

test("the tool's help names every command with its line, and what to begin with", () => {
  const help = toolHelp(asItIs);
  for (const { name, summary } of COMMANDS)
    expect(help).toMatch(new RegExp(`^ {2}${name} +${summary.slice(0, 20)}`, "m"));
  expect(help).toContain("Start with: virtinst-rbd-patch inspect.");
});

test.each(COMMANDS.map((command) => [command.name, command] as const))(
  "%s: what it is for, its own options before the others, examples, exit codes, where to read on",
  (name, command) => {
    const help = commandHelp(command, asItIs);
    const parts = [
      `Usage: virtinst-rbd-patch ${name} [options]`,
      command.purpose,
      ...(command.options.length > 0 ? ["\nOptions:\n"] : []),
      ...command.groups.map(({ heading }) => `\n${heading}:\n`),
      "\nExamples:\n",
      "\nExit codes:\n",
      "\nSee also: ",
    ];
    const places = parts.map((part) => help.indexOf(part));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    for (const { flags } of optionsOf(command)) expect(help).toContain(`  ${shownFlags(flags)}`);
  },
);

test.each(COMMANDS.flatMap(({ name, examples }) => examples.map(({ words }) => [words, name] as const)))(
  "the example `%s` is a command line of this tool",
  (words, name) => {
    expect(words.split(" ")[0]).toBe(name);
    // Whatever it then says of this machine, it is not that the words are wrong.
    const line = words.replace(/ > .*/, "").replace(/ -o \S+/, " -o /dev/null/no");
    expect(
      cli([...line.split(" "), "--connect", "none:///"].slice(0, name === "revert" ? -2 : undefined)).stderr,
    ).not.toMatch(/Unknown|Missing|Too many/);
  },
);

test.each([60, 80, 200])("%i columns are kept", (columns) => {
  for (const command of COMMANDS) {
    const help = commandHelp(command, wrapAt(columns));
    // A heading or an example's command line is not broken.
    const wide = help.split("\n").filter((line) => line.length > columns && !/:$|^ {2}virtinst|^Usage/.test(line));
    expect(wide).toEqual([]);
  }
});
