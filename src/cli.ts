import { Command, CommanderError, Option } from "commander";
import { type ApplyResult, apply } from "./commands/apply";
import type { HostsOptions } from "./commands/hosts";
import { inspect } from "./commands/inspect";
import type { RevertResult } from "./commands/revert";
import { type VerifyResult, verify } from "./commands/verify";
import {
  BUNDLE_OPTIONS,
  CHANGE_OPTIONS,
  COMMON_OPTIONS,
  common,
  folders,
  given,
  type OptionWords,
  RENDER_OPTIONS,
  type Words,
} from "./options";
import { asFailure, Failure, type FailureKind } from "./report/failure";
import { filesText, inspectionText, previewText, verdictLine, verificationText } from "./report/results";
import { inline } from "./report/text";
import {
  complain,
  note,
  print,
  printJsonError,
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
const SEE_HELP = `See ${TOOL} --help.`;

/** A command: its words, what it says of itself, the options that are its own, and what it does. */
interface CommandWords {
  readonly words: string;
  readonly description: string;
  readonly options?: readonly OptionWords[];
  /** Returns the exit code. */
  readonly run: (words: Words, argument: string | undefined) => Promise<number>;
}

const COMMANDS: readonly CommandWords[] = [
  {
    words: "inspect",
    description: "show what libvirt and virtinst look like, and whether a patch is needed",
    async run(words) {
      const result = await inspect(common(words));
      note(result.notes, words);
      await show(result, 0, (colours) => inspectionText(result, colours), words);
      return 0;
    },
  },
  {
    words: "render",
    description: "write the tailored patch, as a unified diff",
    options: RENDER_OPTIONS,
    async run(words) {
      const [options, many] = [{ ...common(words), reverse: words.reverse ?? false }, folders(words)];
      if (many) return forHosts({ command: "render", ...options, ...many }, words);
      const { renderPatch } = await import("./commands/render");
      const { bytes, ...result } = await renderPatch(options);
      const write = () => writeOutput(words.output, bytes);
      return showMade(result, write, bytes, `the patch for ${result.file}`, words);
    },
  },
  {
    words: "bundle",
    description: "write the one Python file that does this on a host without Node; --virtinst as often as needed",
    options: BUNDLE_OPTIONS,
    async run({ virtinst = [], ...words }) {
      const [options, many] = [{ ...common(words), virtinsts: virtinst }, folders(words)];
      if (many) return forHosts({ command: "bundle", ...options, ...many }, words);
      const { bundle } = await import("./commands/bundle");
      const result = await bundle(options);
      const write = () => writeOutput(words.output, result.program, { program: true });
      return showMade(result, write, result.program, `the program for ${result.pools.join(", ")}`, words);
    },
  },
  {
    words: "hook <kind>",
    description:
      "write what keeps hosts without Node patched: KIND is ansible, apt, dnf, image, puppet, salt, systemd or yum",
    options: [
      { flags: "-o, --output <dir>", description: "write all of it to a folder, the program for the host too" },
    ],
    async run({ virtinst = [], ...words }, kind = "") {
      const { hook } = await import("./commands/hook");
      const result = await hook({ ...common(words), kind, virtinsts: virtinst });
      const write = () => writeFolder(words.output, result.files);
      return showMade(result, write, filesText(result.files), `the hook for ${kind}`, words);
    },
  },
  {
    words: "apply [patch]",
    description: "make it so; with PATCH, exactly that reviewed patch",
    options: [
      ...CHANGE_OPTIONS,
      { flags: "--force", description: "patch also where virtinst does all that these pools need" },
      { flags: "--replace-hand-edit", description: "take out what somebody made _build_xml do by hand" },
    ],
    async run(words, patch) {
      const { check = false, force = false, replaceHandEdit = false } = words;
      return changed(await apply({ ...common(words), check, force, replaceHandEdit, ...given({ patch }) }), words);
    },
  },
  {
    words: "verify",
    description: "say whether it is so, and whether it works",
    options: [
      { flags: "--static", description: "look only: run neither the function nor virt-install" },
      {
        flags: "--vol <pool/volume>",
        description: "have virt-install print a domain for that real volume too, and look at it",
      },
    ],
    async run(words) {
      const result = await verify({ ...common(words), static: words.static ?? false, ...given({ vol: words.vol }) });
      note(result.notes, words);
      const code = verdict(result);
      if (words.quiet && code !== 0) complain(`${TOOL}: ${verdictLine(result)}\n`);
      await show(result, code, (colours) => verificationText(result, words.verbose ?? false, colours), words);
      return code;
    },
  },
  {
    words: "preview [domain]",
    description: "show what the patch would make of a domain's XML, from a file or with - from standard input",
    options: [{ flags: "-o, --output <file>", description: "write the XML to a file, or with - to standard output" }],
    async run(words, domain) {
      // Without its first dash, `preview - -o - | virsh define` would define the domain that is made up for looking at.
      const hint = `Name its file, or - for standard input: ${TOOL} preview - -o ${words.output}.`;
      if (domain === undefined && words.output !== undefined)
        throw new Failure("usage", "-o writes a domain's XML, and no domain was named.", hint);
      const { preview } = await import("./commands/preview");
      const { bytes, ...result } = await preview({ ...common(words), ...given({ domain }) });
      note(result.notes, words);
      const written = writeOutput(words.output, bytes);
      if (words.output === "-" && !words.json) print(bytes);
      else if (!written || words.json)
        await show({ ...result, written }, 0, (colours) => previewText(result, colours), words);
      return 0;
    },
  },
  {
    words: "revert",
    description: "undo it",
    options: CHANGE_OPTIONS,
    async run(words) {
      const { revert } = await import("./commands/revert");
      return changed(await revert({ ...common(words), check: words.check ?? false }), words);
    },
  },
];

/**
 * The program's grammar.
 *
 * @param only the first word of the command line: where it names a command, the others are not even set up
 */
function program(only: string | undefined, finish: (code: number) => void): Command {
  const main = new Command(TOOL)
    .description(
      "Give the rbd disks that virt-install writes the cephx auth and all the monitors of their libvirt pool.",
    )
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: complain })
    .showHelpAfterError(SEE_HELP);
  const named = COMMANDS.filter(({ words }) => words.split(" ")[0] === only);
  for (const { words: usage, description, options = [], run } of named.length > 0 ? named : COMMANDS)
    withOptions(main.command(usage), [...COMMON_OPTIONS, ...options])
      .description(description)
      .allowExcessArguments(false)
      .exitOverride()
      .action(async (...args: unknown[]) => {
        const argument = typeof args[0] === "string" ? args[0] : undefined;
        const words = args[args.length - 2] as Words;
        const code = await run(words, argument).catch((error) => failed(error, words.json === true));
        finish(code === 0 && !wasHeard() ? EXIT_CODES.io : code);
      });
  return main;
}

function withOptions(command: Command, options: readonly OptionWords[]): Command {
  for (const { flags, description, conflicts = [], collect = false } of options) {
    const option = new Option(flags, description).conflicts([...conflicts]);
    if (collect) option.argParser((value: string, before: readonly string[] = []) => [...before, value]);
    command.addOption(option);
  }
  return command;
}

/** Makes a file for each of many hosts. */
async function forHosts(options: HostsOptions, words: Words): Promise<number> {
  const { makeForHosts } = await import("./commands/hosts");
  return showHosts(makeForHosts(options), options.output, (kind) => EXIT_CODES[kind], words);
}

/** Shows what `apply` or `revert` did. */
async function changed(result: ApplyResult | RevertResult, words: Words): Promise<number> {
  note(result.notes, words);
  const code = result.check && result.changed ? NOT_SO : 0;
  await showChange(result, code, words);
  return code;
}

function verdict({ state, need, behaviour, install, volume }: VerifyResult): number {
  if (state === "damaged") return EXIT_CODES.target;
  if (volume?.status === "failed") return EXIT_CODES.behaviour;
  // A proof that was asked for and not had is no yes.
  if (volume?.status === "not run") return NOT_SO;
  const wanted = state === "current" || (state === "absent" && need === "not needed");
  if (!wanted) return NOT_SO;
  return behaviour.status === "failed" || install.status === "failed" ? EXIT_CODES.behaviour : 0;
}

function failed(error: unknown, asJson: boolean): number {
  const failure = asFailure(error);
  const code = EXIT_CODES[failure.kind];
  complain(`${TOOL}: ${inline(failure.message)}\n${inline(failure.hint)}\n`);
  if (asJson) printJsonError(code, process.argv[2], failure.message, failure.hint);
  return code;
}

async function main(): Promise<void> {
  process.on("uncaughtException", (error) => process.exit(failed(error, false)));
  try {
    await program(process.argv[2], (code) => {
      process.exitCode = code;
    }).parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) process.exitCode = failed(error, process.argv.includes("--json"));
    else if (error.exitCode !== 0) {
      process.exitCode = EXIT_CODES.usage;
      if (process.argv.includes("--json")) printJsonError(EXIT_CODES.usage, process.argv[2], error.message, SEE_HELP);
    }
  }
}

main();
