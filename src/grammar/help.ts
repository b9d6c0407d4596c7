import { Help } from "commander";
import { TOOL } from "../version";
import { COMMANDS, type CommandGrammar, EXITS, PURPOSE } from "./commands";
import type { OptionWords } from "./options";

/**
 * Breaks a text into lines.
 *
 * @param text of one paragraph
 * @param indent how much of it stands before the column that is broken, and the blanks before each further line
 */
export type Wrap = (text: string, indent: number) => string;

/** Wraps at a width in columns; not if fewer than 20 would be left beside the indentation. */
export function wrapAt(columns: number): Wrap {
  const help = Object.assign(new Help(), { minWidthToWrap: 20 });
  return (text, indent) => {
    const wrapped = help.boxWrap(text.slice(indent), columns - indent);
    return text.slice(0, indent) + wrapped.replaceAll("\n", `\n${" ".repeat(indent)}`);
  };
}

/** An option of commander's own, as the help shows it. */
export const HELP: OptionWords = { flags: "-h, --help", description: "print this help" };
/** Those of the tool itself. */
export const ABOUT: readonly OptionWords[] = [{ flags: "-V, --version", description: "print the version" }, HELP];

/** The help of the whole tool. */
export function toolHelp(wrap: Wrap): string {
  return `${[
    `Usage: ${TOOL} COMMAND [options]`,
    wrap(PURPOSE, 0),
    section(
      "Commands",
      COMMANDS.map(({ name, summary }) => [name, summary]),
      wrap,
    ),
    section("Options", ABOUT.map(row), wrap),
    wrap(`Start with: ${TOOL} inspect. For more about a command: ${TOOL} COMMAND --help`, 0),
    "",
  ]
    .join("\n\n")
    .trimEnd()}\n`;
}

/** The help of one command: what it is for, its own options before the others, examples, exit codes, where to read on. */
export function commandHelp(command: CommandGrammar, wrap: Wrap): string {
  const { name, purpose, options, groups, examples, argument, page } = command;
  const own = options.length > 0 ? [section("Options", options.map(row), wrap)] : [];
  const shared = groups.map(({ heading, options: shown }, index) =>
    section(heading, [...shown, ...(index === groups.length - 1 ? [HELP] : [])].map(row), wrap),
  );
  const codes = Object.entries(exitsOf(command));
  const read = page === undefined ? "the README" : `docs/${page}`;
  return `${[
    `Usage: ${TOOL} ${name} [options]${argument ? ` ${usage(argument)}` : ""}`,
    wrap(purpose, 0),
    ...own,
    ...shared,
    section(
      "Examples",
      examples.map(({ words, what }) => [`${TOOL} ${words}`, what]),
      wrap,
      4,
    ),
    section("Exit codes", codes, wrap),
    wrap(`See also: man ${TOOL}, and ${read}.`, 0),
  ].join("\n\n")}\n`;
}

/** The exit codes of a command, with what they mean there. */
export function exitsOf({ exits }: CommandGrammar): Readonly<Record<number, string>> {
  return { ...EXITS, ...exits };
}

/** An argument as a usage line has it. */
export function usage({ name, required }: NonNullable<CommandGrammar["argument"]>): string {
  return required ? name.toUpperCase() : `[${name.toUpperCase()}]`;
}

/** What of an option's flags a person reads: placeholders in capitals, dots for more of them. */
export function shownFlags(flags: string): string {
  return flags.replace(/<([^>.]+)(\.{3})?>/g, (_, name: string, more = "") => `${name.toUpperCase()}${more}`);
}

function row({ flags, description }: OptionWords): [string, string] {
  return [shownFlags(flags), description];
}

/** A heading with rows below it; `most` is the widest that the first column may be, what is wider has its text below. */
function section(heading: string, rows: readonly (readonly [string, string])[], wrap: Wrap, most = 24): string {
  const width = Math.min(most, Math.max(...rows.map(([term]) => term.length)));
  const lines = rows.map(([term, text]) => {
    const start = `  ${term.padEnd(width)}`;
    const indent = width + 4;
    return term.length > width
      ? `${start}\n${wrap(`${" ".repeat(indent)}${text}`, indent)}`
      : wrap(`${start}  ${text}`, indent);
  });
  return `${heading}:\n${lines.join("\n")}`;
}
