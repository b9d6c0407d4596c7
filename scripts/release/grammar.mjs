// The command line's words, as the man page and the completions take them.
import { importSources } from "../text-modules.mjs";

/**
 * @typedef {import("../../src/grammar/options").OptionWords} OptionWords
 * @typedef {import("../../src/grammar/commands").CommandGrammar} CommandGrammar
 */

/**
 * The grammar's own modules, with what the help makes of them.
 *
 * @returns {Promise<typeof import("../../src/grammar/commands") & typeof import("../../src/grammar/help") &
 *   typeof import("../../src/version") & typeof import("../../src/virtinst/recipes")>}
 */
export const grammar = () =>
  importSources(`
    export * from "./src/grammar/commands";
    export * from "./src/grammar/help";
    export * from "./src/version";
    export * from "./src/virtinst/recipes";
  `);

/**
 * What an option's flags say.
 *
 * @param {OptionWords} option
 * @returns {{ names: string[], value: string, many: boolean, optional: boolean }} `value` is empty where it takes none;
 *   `many`: each use takes as many words as follow
 */
export function flagsOf({ flags }) {
  const [, value = "", more = ""] = /[<[]([^>\].]+)(\.{3})?[>\]]/.exec(flags) ?? [];
  const names = flags.split(/, | /).filter((word) => word.startsWith("-"));
  return { names, value, many: more !== "", optional: flags.includes("[") };
}

/**
 * All options of a command, its own before those that it shares, without --help.
 *
 * @param {CommandGrammar} command
 */
export const optionsOf = ({ options, groups }) => [...options, ...groups.flatMap((group) => group.options)];

/**
 * The names of the options that an option does not go with.
 *
 * @param {OptionWords} option
 */
export const conflictsOf = ({ conflicts = [] }) =>
  conflicts.map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
