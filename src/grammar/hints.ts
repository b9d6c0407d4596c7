import { shellWord } from "../failure";
import { TOOL } from "../version";
import { COMMANDS, type CommandGrammar } from "./commands";
import { usage } from "./help";
import { namesOf, optionsOf, takenBy } from "./options";

/** Commands of other tools, and what they are called here. */
const OTHER_COMMANDS: Readonly<Record<string, string>> = {
  status: "inspect",
  show: "inspect",
  info: "inspect",
  list: "inspect",
  describe: "inspect",
  history: "inspect",
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

/** What a command's users may look for in it, by its name, and where that is. */
const ELSEWHERE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  apply: { "-R": "revert", "--reverse": "revert", "--out": "render -o", "-o": "render -o", "--output": "render -o" },
  verify: { "--check": "verify", "--dry-run": "verify", "-n": "verify" },
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
    if (/^completions?$/.test(name))
      return "Completions for bash, zsh and fish are files of the release: README says where each shell looks.";
    const other = OTHER_COMMANDS[name] ?? OTHER_COMMANDS[first.replace(/^-+/, "")];
    if (other !== undefined) return `That is: ${TOOL} ${other}`;
    return `${guess ? `${guess} ` : ""}The commands are ${COMMANDS.map((known) => known.name).join(", ")}. See ${TOOL} --help.`;
  }
  const taken = takenBy(command);
  const heads = words.map((word) => word.split("=", 1)[0] as string);
  const instead = heads.map((word) => ELSEWHERE[name]?.[word]).find(Boolean);
  if (instead !== undefined) return `That is: ${TOOL} ${instead}`;
  const strange = heads.find((word) => word in OTHER_OPTIONS && !taken.includes(word));
  const ours = strange === undefined ? undefined : OTHER_OPTIONS[strange];
  if (ours === "") return "It asks nothing, so there is nothing to agree to: leave it out.";
  if (ours !== undefined && taken.includes(ours)) return `That is: ${TOOL} ${name} ${ours}`;
  const flag = heads.find(
    (word, at) => word !== words[at] && isFlag(command, word) && !taken.includes(words[at] ?? ""),
  );
  if (flag !== undefined) {
    const ways = taken.filter((way) => way === flag || way.startsWith(`${flag}=`));
    return `That is: ${TOOL} ${name} ${ways.join(", or ")}`;
  }
  const foreign = heads.find((word) => word.startsWith("-") && !taken.includes(word));
  const takers = COMMANDS.filter((known) => foreign !== undefined && takenBy(known).includes(foreign));
  const see = `See ${TOOL} ${name} --help.`;
  if (takers.length > 0) return `${foreign} goes with ${listed(takers.map((known) => known.name))}. ${see}`;
  const { argument } = command;
  const kinds = argument?.values ? `${usage(argument)} is one of ${listed(argument.values)}. ` : "";
  return `${guess ? `${guess} ` : kinds}${see}`;
}

/**
 * What to say to who put a command's argument behind an option that takes each word up to the next option.
 *
 * @param words the command line, without the program
 * @param message what is wrong, for all that is known without this
 * @param hint what is said anyway
 */
export function orderHint(words: readonly string[], message: string, hint: string): string {
  const command = COMMANDS.find(({ name }) => name === words[0]);
  const { argument } = command ?? {};
  if (!command || !argument) return hint;
  const swallowed = lastTaken(command, words).find(({ word }) =>
    argument.values ? argument.values.includes(word) : argument.looks?.test(word) && message.includes(word),
  );
  if (!swallowed) return hint;
  const { option, word, from, to } = swallowed;
  // Without its value or beside the argument, the option is nothing.
  const whole = to - from === 2 || argument.without?.includes(option);
  const rest = [...words.slice(1, whole ? from : to - 1), ...words.slice(to)];
  const line = [TOOL, command.name, word, ...rest].map(shellWord).join(" ");
  return `${hint} ${option} takes each word up to the next option. If ${shellWord(word)} is the ${argument.name.toUpperCase()}, it goes first: ${line}`;
}

/** An option that takes each word up to the next option, the last of these, and from where to where all that stands. */
interface Taken {
  readonly option: string;
  readonly word: string;
  readonly from: number;
  readonly to: number;
}

/** What each such option of a command line took last; none where a word stands for itself. */
function lastTaken(command: CommandGrammar, words: readonly string[]): Taken[] {
  const options = optionsOf(command);
  const isValue = (word: string | undefined) => word !== undefined && (word === "-" || !word.startsWith("-"));
  const all: Taken[] = [];
  for (let at = 1; at < words.length; ) {
    if (isValue(words[at])) return [];
    const from = at++;
    const { flags = "" } = options.find((one) => namesOf(one).includes(words[from] ?? "")) ?? {};
    if (flags.includes("...")) while (isValue(words[at])) at++;
    else if (flags.includes("<")) at++;
    // A file that stands alone there is one.
    if (flags.includes("...") && at - from > (flags.includes("<file") ? 2 : 1))
      all.push({ option: words[from] ?? "", word: words[at - 1] ?? "", from, to: at });
  }
  return all;
}

/** Whether a word is an option of a command that takes no value. */
function isFlag(command: CommandGrammar, word: string): boolean {
  return optionsOf(command).some((option) => namesOf(option).includes(word) && !option.flags.includes("<"));
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}
