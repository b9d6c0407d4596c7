import { CommanderError } from "commander";
import { type CommandName, commandLine, type Run } from "./command-line";
import { apply } from "./commands/apply";
import { bundle } from "./commands/bundle";
import { hook } from "./commands/hook";
import { bundleHosts } from "./commands/hosts";
import { inspect } from "./commands/inspect";
import { preview } from "./commands/preview";
import { renderPatch } from "./commands/render";
import { report, type VerifyRun } from "./commands/report";
import { revert } from "./commands/revert";
import { type VerifyResult, verify } from "./commands/verify";
import { asFailure, Failure, type FailureKind } from "./failure";
import { type CliOptions, common, folders, given } from "./options";
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
import { TOOL } from "./version";

/** What the exit code says; 0 is "it is so now, or there is nothing to do". */
const EXIT_CODES: Record<FailureKind, number> = { usage: 2, facts: 3, target: 4, behaviour: 5, io: 6 };
const NOT_SO = 1;

/** What each command does with its options and its argument; returns the exit code. */
const ACTIONS: Readonly<Record<CommandName, (words: CliOptions, argument: string | undefined) => Promise<number>>> = {
  async inspect(words) {
    const result = await inspect(common(words));
    note(result.notes, words);
    const code = result.broken.length > 0 ? EXIT_CODES.facts : 0;
    await show(result, code, (colours) => inspectionText(result, colours), words);
    return code;
  },
  async render(words) {
    const { bytes, ...result } = await renderPatch({ ...common(words), reverse: words.reverse ?? false });
    const write = () => writeOutput(words.output, bytes);
    return showMade(result, write, bytes, `the patch for ${result.file}`, words);
  },
  async bundle(words) {
    const [options, many] = [common(words), folders(words)];
    if (many) return showHosts(bundleHosts({ ...options, ...many }), many.output, (kind) => EXIT_CODES[kind], words);
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
    return changed(await apply({ ...options, ...announcing(words) }), words);
  },
  async verify(words) {
    const file = words.report ?? null;
    if (file === "-") throw new Failure("usage", "--report writes to a file.", "Name it: --report verify.html.");
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

/** Whether a file is a page that `verify --report` wrote. */
const isPage = (text: string) =>
  text.startsWith("<!DOCTYPE html>") && new RegExp(`<title>[^<]* - ${TOOL} [^<]*</title>`).test(text);

/** Writes the page of `verify`; returns its file. */
function writeReport(file: string, ...of: [VerifyResult, VerifyRun]): string {
  writeNewFile(file, report(...of), { option: "--report" });
  return file;
}

/** Shows what `apply` or `revert` did. */
async function changed(result: Changing, words: CliOptions): Promise<number> {
  const code = result.check && result.changed ? NOT_SO : 0;
  await showChange(result, code, words);
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

/**
 * Reports a failure.
 *
 * @returns the exit code
 */
function failed(error: unknown, asJson: boolean): number {
  const { kind, message, hint } = asFailure(error);
  const code = EXIT_CODES[kind];
  sayFailure({ message, hint });
  if (asJson) printJsonError(code, process.argv[2], message, hint);
  return code;
}

/** What is wrong with the command line, from a message such as "error: unknown option '-x'\n(Did you mean -q?)". */
function misused({ message }: CommanderError, [first = ""]: readonly string[], names: readonly string[]): Failure {
  const [said = "", guess] = message.replace(/^error: /, "").split("\n");
  const see = `See ${TOOL}${names.includes(first) ? ` ${first}` : ""} --help.`;
  const hint = guess?.slice(1, -1) ?? (first.startsWith("-") ? `Options come after the command. ${see}` : see);
  return new Failure("usage", said, hint);
}

async function main(): Promise<void> {
  process.on("uncaughtException", (error) => process.exit(failed(error, false)));
  const words = process.argv.slice(2);
  const run: Run = async (name, options, argument) => {
    process.exitCode = await ACTIONS[name](options, argument);
  };
  const program = commandLine(run, { writeOut: print, writeErr: complain });
  try {
    await program.parseAsync();
  } catch (error) {
    const isParser = error instanceof CommanderError;
    // The help and the version were printed; without a command, the help goes to standard error.
    if (isParser && (error.exitCode === 0 || error.code === "commander.help"))
      process.exitCode = error.exitCode === 0 ? 0 : EXIT_CODES.usage;
    else {
      const names = program.commands.map((command) => command.name());
      process.exitCode = failed(isParser ? misused(error, words, names) : error, words.includes("--json"));
    }
  }
  if (process.exitCode === 0 && !wasHeard()) process.exitCode = EXIT_CODES.io;
}

main();
