import { CommanderError } from "commander";
import { type CommandName, commandLine, type Run } from "./command-line";
import { apply } from "./commands/apply";
import { applyPatch } from "./commands/apply-patch";
import { bundle } from "./commands/bundle";
import { hook } from "./commands/hook";
import { bundleHosts } from "./commands/hosts";
import { inspect } from "./commands/inspect";
import { inspectOverSsh, runOverSsh } from "./commands/over-ssh";
import { preview } from "./commands/preview";
import { renderPatch } from "./commands/render";
import { report } from "./commands/report";
import { revert } from "./commands/revert";
import { verify } from "./commands/verify";
import { asFailure, Failure, type FailureKind } from "./failure";
import { type CliOptions, common, folders, given, overSsh } from "./options";
import {
  type Change,
  colourDiff,
  inline,
  inspectionText,
  isPage,
  isWanted,
  print,
  problems,
  show,
  showChange,
  showFailure,
  showGenerated,
  showHosts,
  type Verification,
  verificationText,
  visible,
  wasHeard,
  writeStderr,
} from "./output";
import type { HookKind } from "./patch/render-hook";
import { refuseOthersFile, writeNewFile, writeNewFiles } from "./system/write";
import { TOOL } from "./version";

/** The exit code of each kind of failure. 0 means success, or nothing to do. */
const EXIT_CODES: Record<FailureKind, number> = { usage: 2, pools: 3, target: 4, behaviour: 5, io: 6 };
const NOT_SO = 1;

/** Runs a command with its options, its argument and the whole command line; returns the exit code. */
type Action = (words: CliOptions, argument: string | undefined, line: readonly string[]) => Promise<number>;

/** The action of each command. */
const ACTIONS: Readonly<Record<CommandName, Action>> = {
  async inspect(words) {
    const result = isRemote(words)
      ? await inspectOverSsh({ ...overSsh(words), waiting: waiting(words) })
      : await inspect(common(words));
    const code = result.broken.length > 0 ? EXIT_CODES.pools : 0;
    show(result, code, (colours) => inspectionText(result, words, colours), words);
    return code;
  },
  async render(words) {
    const { bytes, ...result } = await renderPatch({ ...common(words), reverse: words.reverse ?? false });
    showGenerated(result, bytes, `the patch for ${result.file}`, words, (file) => writeNewFile(file, bytes));
    return 0;
  },
  async bundle(words) {
    const [options, many] = [common(words), folders(words)];
    if (many) return showHosts(bundleHosts({ ...options, ...many }), many.output, (kind) => EXIT_CODES[kind], words);
    const result = await bundle(options);
    const { program, pools } = result;
    showGenerated(result, program, `the standalone script for ${pools.join(", ")}`, words, (file) =>
      writeNewFile(file, program, { program: true }),
    );
    return 0;
  },
  async hook(words, kind) {
    const result = await hook(kind as HookKind, common(words));
    const { files } = result;
    showGenerated(result, filesText(files), `the hook for ${kind}`, words, (folder) => writeNewFiles(folder, files));
    return 0;
  },
  async apply(words, patch) {
    if (isRemote(words)) return remotely("apply", words, patch);
    const options = { ...common(words), check: words.check ?? false, force: words.force ?? false };
    return changed(await (patch === undefined ? apply(options) : applyPatch(patch, options)), words);
  },
  async verify(words, _, line) {
    if (isRemote(words)) return remotely("verify", words);
    const { report: file = null, quiet = false, verbose = false, static: only = false, vol } = words;
    if (file === "-") throw new Failure("usage", "--report needs a file name.", "Name a file: --report verify.html.");
    if (file !== null) refuseOthersFile(file, isPage, "--report");
    const options = { ...common(words), ...given({ vol }), static: only, waiting: waiting(words) };
    const { context, result } = await verify(options);
    const code = verdict(result);
    if (quiet && code !== 0) for (const one of problems(result)) writeStderr(`${TOOL}: ${one}\n`);
    const run = { exitCode: code, words: line, at: new Date() };
    if (file !== null) writeNewFile(file, report(context, result, run, options.files), { option: "--report" });
    const more = file === null ? "" : `Report: ${inline(file)}\n`;
    const shown = { ...result, written: file };
    show(shown, code, (colours) => verificationText(result, verbose, words, colours) + more, words);
    return code;
  },
  async preview(words, domain) {
    const { output } = words;
    // If the first dash of `preview - -o - | virsh define` is forgotten, do not define the sample domain.
    const hint = `Name an XML file, or - for standard input: ${TOOL} preview - -o ${output}.`;
    if (domain === undefined && output !== undefined)
      throw new Failure("usage", "-o writes the XML of a domain, but no domain was named.", hint);
    const { bytes, ...result } = await preview(common(words), domain);
    const unchanged = "The patch changes nothing in this domain.\n";
    if (output !== undefined) showGenerated(result, bytes, "the domain", words, (name) => writeNewFile(name, bytes));
    else {
      const shown = { ...result, written: null };
      show(shown, 0, (colours) => (result.changed ? colourDiff(result.diff, colours) : unchanged), words);
    }
    return 0;
  },
  async revert(words) {
    if (isRemote(words)) return remotely("revert", words);
    return changed(await revert({ ...common(words), check: words.check ?? false }), words);
  },
};

const isRemote = ({ ssh, sudo }: CliOptions) => ssh !== undefined || sudo === true;

/** Runs `apply`, `verify` or `revert` on another host and prints what the script printed there. */
async function remotely(name: "apply" | "verify" | "revert", words: CliOptions, patch?: string): Promise<number> {
  const { code, stdout, stderr } = await runOverSsh(name, { ...overSsh(words, patch), waiting: waiting(words) });
  writeStderr(visible(stderr));
  let read = false;
  try {
    read = print(visible(stdout));
  } finally {
    // Like showChange, report a change even if standard output is closed.
    if (!read) writeStderr(visible(stdout));
  }
  return code;
}

const waiting = (words: CliOptions) => (what: string) => words.quiet || writeStderr(`${TOOL}: ${inline(what)}\n`);

/** The text of a hook without the standalone script. Several files get headings, as `head` prints them. */
function filesText(files: readonly { path: string; content: string; program: boolean }[]): string {
  const shown = files.filter(({ program }) => !program);
  if (shown.length === 1) return shown[0]?.content ?? "";
  return shown.map(({ path, content }) => `==> ${path} <==\n${content}`).join("\n");
}

/** Prints what `apply` or `revert` did; returns the exit code. */
function changed(result: Change, words: CliOptions): number {
  const code = result.check && result.changed ? NOT_SO : 0;
  showChange(result, code, words);
  return code;
}

/** The exit code of `verify`; 1 if the check of --vol was skipped. */
function verdict(result: Verification): number {
  const { state, behaviour, install, volume } = result;
  if (state === "damaged") return EXIT_CODES.target;
  if (volume?.status === "failed") return EXIT_CODES.behaviour;
  if (volume?.status === "skipped" || !isWanted(result)) return NOT_SO;
  return behaviour.status === "failed" || install.status === "failed" ? EXIT_CODES.behaviour : 0;
}

/** Reports an error; returns the exit code. */
export function failed(error: unknown, words: readonly string[]): number {
  const failure = asFailure(error);
  const code = EXIT_CODES[failure.kind];
  showFailure(failure, code, words[0], words.includes("--json"));
  return code;
}

/** What users of other tools try, and the command of this tool. */
const SIMILAR = new Map([
  ["status", "inspect"],
  ["check", "verify"],
  ["diff", "apply --check --diff"],
  ["patch", "apply"],
  ["remove", "revert"],
]);

/** The Failure for a message of commander, such as "error: unknown option '-x'\n(Did you mean -q?)". */
function misused({ message }: CommanderError, [first = ""]: readonly string[], names: readonly string[]): Failure {
  const [said = "", guess] = message.replace(/^error: /, "").split("\n");
  const see = `See ${TOOL}${names.includes(first) ? ` ${first}` : ""} --help.`;
  const instead = `First run: ${TOOL} inspect --ssh HOST --json > host.json. Then pass --host host.json.`;
  if (said === "unknown option '--ssh'") return new Failure("usage", `${first} has no --ssh.`, instead);
  const meant = said.startsWith("unknown command") && SIMILAR.get(first);
  if (meant) return new Failure("usage", said, `Did you mean ${meant}?`);
  const hint = guess?.slice(1, -1) ?? (first.startsWith("-") ? `Options come after the command. ${see}` : see);
  return new Failure("usage", said, hint);
}

/** Runs the tool with the arguments of the command line; returns the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  let code = 0;
  const run: Run = async (name, options, argument) => {
    code = await ACTIONS[name](options, argument, words);
  };
  const program = commandLine(run, { writeOut: print, writeErr: writeStderr });
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    const names = program.commands.map((command) => command.name());
    if (!(error instanceof CommanderError)) code = failed(error, words);
    // With an exit code of 0, the help or version was printed. Without a command, the help goes to standard error.
    else if (error.exitCode !== 0)
      code = error.code === "commander.help" ? EXIT_CODES.usage : failed(misused(error, words, names), words);
  }
  return code === 0 && !wasHeard() ? EXIT_CODES.io : code;
}
