import { Command, CommanderError, type Help, Option } from "commander";
import { type ApplyResult, apply } from "./commands/apply";
import { bundle } from "./commands/bundle";
import { hook } from "./commands/hook";
import { type HostsOptions, makeForHosts } from "./commands/hosts";
import { inspect } from "./commands/inspect";
import { preview } from "./commands/preview";
import { renderPatch } from "./commands/render";
import { report } from "./commands/report";
import { type RevertResult, revert } from "./commands/revert";
import { type VerifyResult, verify } from "./commands/verify";
import { asFailure, Failure, type FailureKind } from "./failure";
import { COMMANDS, type CommandGrammar } from "./grammar/commands";
import { commandHelp, toolHelp, wrapAt } from "./grammar/help";
import { orderHint, usageHint } from "./grammar/hints";
import { optionsOf, takenBy } from "./grammar/options";
import { common, folders, given, reportFile, type Words } from "./options";
import {
  colourDiff,
  inline,
  inspectionText,
  isPage,
  print,
  problems,
  show,
  showChange,
  showFailure,
  showGenerated,
  showHosts,
  verificationText,
  wasHeard,
  writeOutput,
  writeStderr,
} from "./output";
import { refuseOthersFile, writeNewFile, writeNewFiles } from "./system/write";
import { TOOL, VERSION } from "./version";

/** What the exit code says; 0 is "it is so now, or there is nothing to do". */
const EXIT_CODES: Record<FailureKind, number> = { usage: 2, facts: 3, target: 4, behaviour: 5, io: 6 };
const NOT_SO = 1;

/** What each command does with its words; returns the exit code. */
const RUN: Readonly<Record<string, (words: Words, argument: string | undefined) => Promise<number>>> = {
  async inspect(words) {
    const result = await inspect(common(words));
    show(result, 0, (colours) => inspectionText(result, words, colours), words);
    return 0;
  },
  async render(words) {
    const [options, many] = [{ ...common(words), reverse: words.reverse ?? false }, folders(words)];
    if (many) return forHosts({ command: "render", ...options, ...many }, words);
    const { bytes, ...result } = await renderPatch(options);
    const written = writeOutput(words.output, (file) => writeNewFile(file, bytes));
    showGenerated(result, written, bytes, `the patch for ${result.file}`, words);
    return 0;
  },
  async bundle(words) {
    const [options, many] = [common(words), folders(words)];
    if (many) return forHosts({ command: "bundle", ...options, ...many }, words);
    const result = await bundle(options);
    const { program, pools } = result;
    const written = writeOutput(words.output, (file) => writeNewFile(file, program, { program: true }));
    showGenerated(result, written, program, `the script for ${pools.join(", ")}`, words);
    return 0;
  },
  async hook(words, kind = "") {
    const result = await hook({ ...common(words), kind });
    const written = writeOutput(words.output, (folder) => writeNewFiles(folder, result.files));
    showGenerated(result, written, filesText(result.files), `the hook for ${kind}`, words);
    return 0;
  },
  async apply(words, patch) {
    const { check = false, force = false } = words;
    return changed(await apply({ ...common(words), check, force, ...given({ patch }) }), words);
  },
  async verify(words) {
    const file = reportFile(words);
    if (file !== null) refuseOthersFile(file, isPage, "--report");
    const { context, ...result } = await verify({
      ...common(words),
      ...{ static: words.static ?? false, ...given({ vol: words.vol }) },
    });
    const code = verdict(result);
    if (words.quiet && code !== 0) for (const one of problems(result)) writeStderr(`${TOOL}: ${one}\n`);
    const run = { exitCode: code, words: process.argv.slice(2), at: new Date() };
    if (file !== null) writeNewFile(file, report({ ...result, context }, run), { option: "--report" });
    const more = file === null ? "" : `Report: ${inline(file)}\n`;
    show(
      { ...result, written: file },
      code,
      (colours) => verificationText(result, words.verbose ?? false, words, colours) + more,
      words,
    );
    return code;
  },
  async preview(words, domain) {
    // Without its first dash, `preview - -o - | virsh define` would define the sample domain.
    const hint = `Name its file, or - for standard input: ${TOOL} preview - -o ${words.output}.`;
    if (domain === undefined && words.output !== undefined)
      throw new Failure("usage", "-o writes a domain's XML, and no domain was named.", hint);
    const { bytes, ...result } = await preview({ ...common(words), ...given({ domain }) });
    const written = writeOutput(words.output, (name) => writeNewFile(name, bytes));
    if (words.output !== undefined) showGenerated(result, written, bytes, "the domain", words);
    else
      show(
        { ...result, written },
        0,
        (colours) =>
          result.changed ? colourDiff(result.diff, colours) : "The patch changes nothing in this domain.\n",
        words,
      );
    return 0;
  },
  async revert(words) {
    return changed(await revert({ ...common(words), check: words.check ?? false }), words);
  },
};

/** The files of a hook, without the standalone script; several files as `head` prints them. */
function filesText(files: readonly { path: string; content: string; program: boolean }[]): string {
  const shown = files.filter(({ program }) => !program);
  if (shown.length === 1) return shown[0]?.content ?? "";
  return shown.map(({ path, content }) => `==> ${path} <==\n${content}`).join("\n");
}

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
    .configureOutput({ writeOut: print, writeErr: writeStderr, outputError: () => {} })
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

/** Makes a file for each of many hosts. */
async function forHosts(options: HostsOptions, words: Words): Promise<number> {
  return showHosts(makeForHosts(options), options.output, (kind) => EXIT_CODES[kind], words);
}

/** Prints what `apply` or `revert` did; returns the exit code. */
function changed(result: ApplyResult | RevertResult, words: Words): number {
  const code = result.check && result.changed ? NOT_SO : 0;
  showChange(result, code, words);
  return code;
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
  const code = EXIT_CODES[kind];
  const hint = orderHint(process.argv.slice(2), message, first);
  showFailure(new Failure(kind, message, hint), code, process.argv[2], asJson);
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
