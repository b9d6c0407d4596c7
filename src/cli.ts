import { Command, CommanderError, type Help, Option } from "commander";
import { apply } from "./commands/apply";
import { bundle } from "./commands/bundle";
import { hook } from "./commands/hook";
import { type HostsOptions, makeForHosts } from "./commands/hosts";
import { inspect } from "./commands/inspect";
import { preview } from "./commands/preview";
import { renderPatch } from "./commands/render";
import { report, type VerifyRun } from "./commands/report";
import { revert } from "./commands/revert";
import { type VerifyResult, verify } from "./commands/verify";
import { asFailure, Failure, type FailureKind } from "./failure";
import { COMMANDS, type CommandGrammar } from "./grammar/commands";
import { commandHelp, toolHelp, wrapAt } from "./grammar/help";
import { orderHint, usageHint } from "./grammar/hints";
import { optionsOf, takenBy } from "./grammar/options";
import { common, folders, given, reportFile, type Words } from "./options";
import { filesText, inspectionText, previewText, verdictLine, verificationText } from "./report/results";
import type { Screen } from "./report/screen";
import { inline } from "./report/text";
import { refuseOthersFile, writeNewFile } from "./system/write";
import {
  announcing,
  type Changing,
  complain,
  note,
  print,
  printJsonError,
  sayFailure,
  show,
  showChange,
  showHosts,
  showMade,
  wasHeard,
  writeFolder,
  writeOutput,
} from "./terminal";
import { TOOL, VERSION } from "./version";

/** What the exit code says; 0 is "it is so now, or there is nothing to do". */
const EXIT_CODES: Record<FailureKind, number> = { usage: 2, facts: 3, target: 4, behaviour: 5, io: 6 };
const NOT_SO = 1;

/** What each command does with its words; returns the exit code. */
const RUN: Readonly<Record<string, (words: Words, argument: string | undefined) => Promise<number>>> = {
  async inspect(words) {
    const result = await inspect(common(words));
    note(result.notes, words);
    const code = result.broken.length > 0 ? EXIT_CODES.facts : 0;
    await show(result, code, (colours) => inspectionText(result, colours), words);
    return code;
  },
  async render(words) {
    const [options, many] = [{ ...common(words), reverse: words.reverse ?? false }, folders(words)];
    if (many) return forHosts({ command: "render", ...options, ...many }, words);
    const { bytes, ...result } = await renderPatch(options);
    const write = () => writeOutput(words.output, bytes);
    return showMade(result, write, bytes, `the patch for ${result.file}`, words);
  },
  async bundle(words) {
    const [options, many] = [common(words), folders(words)];
    if (many) return forHosts({ command: "bundle", ...options, ...many }, words);
    const result = await bundle(options);
    const write = () => writeOutput(words.output, result.program, { program: true });
    return showMade(result, write, result.program, `the script for ${result.pools.join(", ")}`, words);
  },
  async hook(words, kind = "") {
    const result = await hook({ ...common(words), kind });
    const write = () => writeFolder(words.output, result.files);
    return showMade(result, write, filesText(result.files), `the hook for ${kind}`, words);
  },
  async apply(words, patch) {
    const { check = false, force = false } = words;
    const options = { ...common(words), check, force, ...given({ patch }) };
    return changed(await apply({ ...options, ...announcing(words) }), words, () => verify(options));
  },
  async verify(words) {
    const file = reportFile(words);
    if (file !== null) refuseOthersFile(file, isPage, "--report");
    const { context, ...result } = await verify({
      ...common(words),
      ...{ static: words.static ?? false, ...given({ vol: words.vol }) },
      waiting: (what) => words.quiet || complain(`${TOOL}: ${inline(what)}\n`),
    });
    note(result.notes, words);
    const code = verdict(result);
    if (words.quiet && code !== 0) complain(`${TOOL}: ${verdictLine(result)}\n`);
    const run = { exitCode: code, words: process.argv.slice(2), at: new Date() };
    const written = file === null ? null : writeReport(file, { ...result, context }, run);
    const report = written === null ? "" : `The page for a change ticket: ${inline(written)}\n`;
    const text = (screen: Screen) => verificationText(result, words.verbose ?? false, screen) + report;
    await show({ ...result, written }, code, text, words);
    return code;
  },
  async preview(words, domain) {
    // Without its first dash, `preview - -o - | virsh define` would define the domain that is made up for looking at.
    const hint = `Name its file, or - for standard input: ${TOOL} preview - -o ${words.output}.`;
    if (domain === undefined && words.output !== undefined)
      throw new Failure("usage", "-o writes a domain's XML, and no domain was named.", hint);
    const { bytes, ...result } = await preview({ ...common(words), ...given({ domain }) });
    note(result.notes, words);
    const written = writeOutput(words.output, bytes);
    if (words.output === "-" && !words.json) print(bytes);
    else if (!written || words.json)
      await show({ ...result, written }, 0, (colours) => previewText(result, colours), words);
    return 0;
  },
  async revert(words) {
    return changed(await revert({ ...common(words), check: words.check ?? false }), words);
  },
};

/**
 * The program, from its grammar.
 *
 * @param only the first word of the command line: where it names a command, the others are not even set up
 */
function program(only: string | undefined, finish: (code: number) => void): Command {
  const main = new Command(TOOL)
    .version(VERSION)
    .addHelpCommand(false)
    .exitOverride()
    // What is wrong is said below, in this tool's own form.
    .configureOutput({ writeOut: print, writeErr: complain, outputError: () => {} })
    .configureHelp({ formatHelp: (_, helper) => toolHelp(wrapping(helper)) });
  const named = COMMANDS.filter(({ name }) => name === only);
  for (const grammar of named.length > 0 ? named : COMMANDS)
    withOptions(main.command(grammar.name), grammar)
      .configureHelp({ formatHelp: (_, helper) => commandHelp(grammar, wrapping(helper)) })
      .allowExcessArguments(false)
      .action(async (...args: unknown[]) => {
        const argument = typeof args[0] === "string" ? args[0] : undefined;
        const words = args[args.length - 2] as Words;
        const run = RUN[grammar.name] as (typeof RUN)[string];
        const code = await run(words, argument).catch((error) => failed(error, words.json === true));
        finish(code === 0 && !wasHeard() ? EXIT_CODES.io : code);
      });
  return main;
}

function withOptions(command: Command, grammar: CommandGrammar): Command {
  const [all, taken] = [optionsOf(grammar), takenBy(grammar)];
  for (const { flags, description, conflicts = [], collect = false } of all) {
    const option = new Option(flags, description).conflicts([...conflicts]);
    if (option.required)
      option.argParser((value, before: unknown = []) => {
        refuseOption(value, option.long ?? "", taken);
        return collect || option.variadic ? [...(before as string[]), value] : value;
      });
    command.addOption(option);
  }
  const { argument } = grammar;
  return argument ? command.argument(argument.required ? `<${argument.name}>` : `[${argument.name}]`) : command;
}

/**
 * Refuses an option as the value of the one before it, which was forgotten.
 *
 * @throws Failure (usage)
 */
function refuseOption(value: string, option: string, taken: readonly string[]): void {
  if (!taken.includes(value) || process.argv.includes(`${option}=${value}`)) return;
  const hint = `Give it one; a value that looks like an option goes as ${option}=${value}.`;
  throw new Failure("usage", `${option} has no value: ${value} is an option.`, hint);
}

/** Help is as wide as the terminal, at most 120 columns. */
const wrapping = ({ helpWidth = 80 }: Help) => wrapAt(Math.min(helpWidth, 120));

/** Whether a file is a page that `verify --report` wrote. */
const isPage = (text: string) =>
  text.startsWith("<!DOCTYPE html>") && new RegExp(`<title>[^<]* - ${TOOL} [^<]*</title>`).test(text);

/** Writes the page of `verify`; returns its file. */
function writeReport(file: string, ...of: [VerifyResult, VerifyRun]): string {
  writeNewFile(file, report(...of), { option: "--report" });
  return file;
}

/** Makes a file for each of many hosts. */
async function forHosts(options: HostsOptions, words: Words): Promise<number> {
  return showHosts(makeForHosts(options), options.output, (kind) => EXIT_CODES[kind], words);
}

/** Shows what `apply` or `revert` did, and proves it to who watches. */
async function changed(result: Changing, words: Words, prove?: () => Promise<VerifyResult>): Promise<number> {
  const code = result.check && result.changed ? NOT_SO : 0;
  return (await showChange(result, code, words, prove)) ? code : EXIT_CODES.behaviour;
}

function verdict({ state, affected, behaviour, install, volume }: Omit<VerifyResult, "context">): number {
  if (state === "damaged") return EXIT_CODES.target;
  if (volume?.status === "failed") return EXIT_CODES.behaviour;
  // A proof that was asked for and not had is no yes.
  if (volume?.status === "skipped") return NOT_SO;
  const wanted = state === "current" || (state === "not-patched" && affected === "no");
  if (!wanted) return NOT_SO;
  return behaviour.status === "failed" || install.status === "failed" ? EXIT_CODES.behaviour : 0;
}

function failed(error: unknown, asJson: boolean): number {
  const { kind, message, hint: first } = asFailure(error);
  const [code, hint] = [EXIT_CODES[kind], orderHint(process.argv.slice(2), message, first)];
  sayFailure({ message, hint });
  if (asJson) printJsonError(code, process.argv[2], message, hint);
  return code;
}

/** Says what is wrong with the command line. */
function misused({ message }: CommanderError, words: readonly string[]): number {
  // Such as "error: unknown option '-x'", and a guess in brackets below that.
  const [said = "", guess = ""] = message.replace(/^error: /, "").split("\n");
  const sentence = `${said[0]?.toUpperCase()}${said.slice(1).replace(/\.$/, "")}.`;
  const failure = new Failure("usage", sentence, usageHint(words, guess.replace(/^\(|\)$/g, "")));
  return failed(failure, words.includes("--json"));
}

async function main(): Promise<void> {
  process.on("uncaughtException", (error) => process.exit(failed(error, false)));
  const words = process.argv.slice(2);
  try {
    await program(words[0], (code) => {
      process.exitCode = code;
    }).parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) process.exitCode = failed(error, words.includes("--json"));
    else if (error.code === "commander.help") process.exitCode = EXIT_CODES.usage;
    else if (error.exitCode !== 0) process.exitCode = misused(error, words);
  }
}

main();
