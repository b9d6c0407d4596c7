import { TOOL } from "../version";
import { COMMANDS } from "./commands";
import { takenBy } from "./options";
import { shellWord } from "./shell";

/** Commands of other tools, and what they are called here. */
const OTHER_COMMANDS: Readonly<Record<string, string>> = {
  status: "inspect",
  show: "inspect",
  info: "inspect",
  list: "inspect",
  describe: "explain",
  history: "explain",
  diff: "apply --check --diff",
  plan: "apply --check --diff",
  check: "verify",
  test: "verify",
  patch: "apply",
  install: "apply",
  undo: "revert",
  remove: "revert",
  uninstall: "revert",
  unpatch: "revert",
  rollback: "revert",
  restore: "revert",
  version: "--version",
};

/** Options of other tools, and what they are called here. */
const OTHER_OPTIONS: Readonly<Record<string, string>> = {
  "--dry-run": "--check",
  "--dryrun": "--check",
  "--simulate": "--check",
  "-n": "--check",
  "--out": "--output",
  "--uri": "--connect",
  "--quite": "--quiet",
  "--volume": "--vol",
  "--html": "--report",
  "-R": "--reverse",
  "-y": "",
  "--yes": "",
};

/**
 * The next step for who got the command line wrong.
 *
 * @param words the command line, without the program
 * @param guess what a parser guessed, in a sentence, for where nothing better is known
 */
export function usageHint(words: readonly string[], guess = ""): string {
  const [first = ""] = words;
  const isCommand = (word: string) => COMMANDS.some((known) => known.name === word);
  // Behind options, the command may stand behind the value of one.
  const name = (first.startsWith("-") ? words.find(isCommand) : first) ?? "";
  const command = COMMANDS.find((known) => known.name === name);
  if (first.startsWith("-") && command) {
    const [before, after] = [words.slice(0, words.indexOf(name)), words.slice(words.indexOf(name) + 1)];
    return `Options come after the command: ${[TOOL, name, ...before, ...after].map(shellWord).join(" ")}`;
  }
  if (first === "help") return `That is: ${TOOL} ${[words.find(isCommand), "--help"].filter(Boolean).join(" ")}`;
  if (!command) {
    const other = OTHER_COMMANDS[name] ?? OTHER_COMMANDS[first.replace(/^-+/, "")];
    if (other !== undefined) return `That is: ${TOOL} ${other}`;
    return `${guess ? `${guess} ` : ""}The commands are ${COMMANDS.map((known) => known.name).join(", ")}. See ${TOOL} --help.`;
  }
  const taken = takenBy(command);
  const strange = words
    .map((word) => word.split("=", 1)[0] as string)
    .find((word) => word in OTHER_OPTIONS && !taken.includes(word));
  const ours = strange === undefined ? undefined : OTHER_OPTIONS[strange];
  if (ours === "") return "It asks nothing, so there is nothing to agree to: leave it out.";
  if (ours !== undefined && taken.includes(ours)) return `That is: ${TOOL} ${name} ${ours}`;
  const foreign = words.find((word) => word.startsWith("-") && !taken.includes(word.split("=", 1)[0] as string));
  const takers = COMMANDS.filter(
    (known) => foreign !== undefined && takenBy(known).includes(foreign.split("=", 1)[0] as string),
  );
  if (takers.length > 0)
    return `${foreign?.split("=", 1)[0]} goes with ${listed(takers.map((known) => known.name))}. See ${TOOL} ${name} --help.`;
  return `${guess ? `${guess} ` : ""}See ${TOOL} ${name} --help.`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}
