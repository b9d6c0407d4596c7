// The command line's words, as the man page and the completions take them.
import { importSources } from "../templates.mjs";

/**
 * @typedef {import("../../src/grammar/options").OptionWords} OptionWords
 */

/**
 * The grammar's own modules, with what the help makes of them.
 *
 * @type {typeof import("../../src/grammar/commands") & typeof import("../../src/grammar/help") &
 *   typeof import("../../src/grammar/options") & typeof import("../../src/version") &
 *   typeof import("../../src/virtinst/layouts")}
 */
export const grammar = await importSources(`
    export * from "./src/grammar/commands";
    export * from "./src/grammar/help";
    export * from "./src/grammar/options";
    export * from "./src/version";
    export * from "./src/virtinst/layouts";
  `);

/**
 * What an option's flags say.
 *
 * @param {OptionWords} option
 * @returns {{ names: string[], value: string, many: boolean, optional: boolean }} `value` is empty where it takes none;
 *   `many`: each use takes as many words as follow
 */
export function flagsOf(option) {
  const { flags } = option;
  const [, value = "", more = ""] = /[<[]([^>\].]+)(\.{3})?[>\]]/.exec(flags) ?? [];
  return { names: grammar.namesOf(option), value, many: more !== "", optional: flags.includes("[") };
}

/**
 * The names of the options that an option does not go with.
 *
 * @param {OptionWords} option
 */
export const conflictsOf = ({ conflicts = [] }) =>
  conflicts.map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
