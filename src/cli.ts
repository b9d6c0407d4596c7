import { Command, CommanderError, Option } from "commander";
import type { ApplyResult } from "./commands/apply";
import type { BundleResult } from "./commands/bundle";
import type { RevertResult } from "./commands/revert";
import type { VerifyResult } from "./commands/verify";
import type { Result } from "./forms/result";
import { common, given, type Words } from "./options";
import { asFailure, Failure, type FailureKind } from "./report/failure";
import { inspectionText, previewText, verdictLine, verificationText } from "./report/results";
import { inline } from "./report/text";
import { complain, note, print, printJsonError, show, showChange, wasHeard, writeOutput } from "./terminal";
import { TOOL, VERSION } from "./version";

/** What the exit code says; 0 is "it is so now, or there is nothing to do". */
const EXIT_CODES: Record<FailureKind, number> = { usage: 2, facts: 3, target: 4, behaviour: 5, io: 6 };
const NOT_SO = 1;
const SEE_HELP = `See ${TOOL} --help.`;

/** A command: its words, what it says of itself, the options that are its own, and what it does. */
interface CommandWords {
  readonly words: string;
  readonly description: string;
  readonly options?: (command: Command) => Command;
  /** Returns the exit code. */
  readonly run: (words: Words, argument: string | undefined) => Promise<number>;
}

const COMMANDS: readonly CommandWords[] = [
  {
    words: "inspect",
    description: "show what libvirt and virtinst look like, and whether a patch is needed",
    async run(words) {
      const { inspect } = await import("./commands/inspect");
      const result = await inspect(common(words));
      note(result.notes, words);
      await show(result, 0, (colours) => inspectionText(result, colours), words);
      return 0;
    },
  },
  {
    words: "render",
    description: "write the tailored patch, as a unified diff",
    options: (command) =>
      command
        .option("-o, --output <file>", "write the patch to a file, not to standard output")
        .option("--reverse", "the patch that undoes it"),
    async run(words) {
      const { renderPatch } = await import("./commands/render");
      const { bytes, ...result } = await renderPatch({ ...common(words), reverse: words.reverse ?? false });
      return made(result, bytes, `the patch for ${result.file}`, words);
    },
  },
  {
    words: "bundle",
    description: "write the one Python file that does this on a host without Node; --virtinst as often as needed",
    options: (command) => command.option("-o, --output <file>", "write it to a file, not to standard output"),
    async run({ virtinst = [], ...words }) {
      const { bundle } = await import("./commands/bundle");
      const result = await bundle({ ...common(words), virtinsts: virtinst });
      return made(result, result.program, `the program for ${result.pools.join(", ")}`, words, { program: true });
    },
  },
  {
    words: "apply [patch]",
    description: "make it so; with PATCH, exactly that reviewed patch",
    options: (command) =>
      withChangeOptions(command)
        .option("--force", "patch also where virtinst does all that these pools need")
        .option("--replace-hand-edit", "take out what somebody made _build_xml do by hand"),
    async run(words, patch) {
      const { apply } = await import("./commands/apply");
      const { check = false, force = false, replaceHandEdit = false } = words;
      return changed(await apply({ ...common(words), check, force, replaceHandEdit, ...given({ patch }) }), words);
    },
  },
  {
    words: "verify",
    description: "say whether it is so, and whether it works",
    options: (command) =>
      command
        .option("--static", "look only: run neither the function nor virt-install")
        .option("--vol <pool/volume>", "have virt-install print a domain for that real volume too, and look at it"),
    async run(words) {
      const { verify } = await import("./commands/verify");
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
    options: (command) =>
      command.option("-o, --output <file>", "write the XML to a file, or with - to standard output"),
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
    options: withChangeOptions,
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
  for (const { words: usage, description, options = (command: Command) => command, run } of named.length > 0
    ? named
    : COMMANDS)
    options(withCommonOptions(main.command(usage)))
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

function withCommonOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--connect <uri>", "read live libvirt through virsh -r (default: qemu:///system)").conflicts([
        "poolXml",
        "host",
      ]),
    )
    .addOption(new Option("--pool-xml <file...>", "what `virsh pool-dumpxml` printed elsewhere").conflicts(["host"]))
    .addOption(
      new Option(
        "--secret-xml <file...>",
        "what `virsh secret-dumpxml` printed; goes with --pool-xml or --connect",
      ).conflicts(["host"]),
    )
    .option("--host <file>", "the host document: what `inspect --json` printed")
    .option("--root <dir>", "a chroot, image or rescue mount to patch; facts from its etc/libvirt unless given")
    .option("--virtinst <dir>", "the folder that holds the virtinst package (default: that of virt-install)", collect)
    .option("--pool <name...>", "only these libvirt pools (default: all of type rbd)")
    .option("--python <path>", "the Python that runs virt-install (default: that of its first line)")
    .option("--json", "print the result as JSON")
    .option("-v, --verbose", "say more")
    .addOption(new Option("-q, --quiet", "say nothing but errors").conflicts(["verbose"]));
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function withChangeOptions(command: Command): Command {
  return command
    .option("--diff", "show what changes")
    .option("--check", "change nothing, say what would be done; exit 1 if anything");
}

/** Writes what `render` or `bundle` made: to the file of -o, else to standard output. */
async function made(
  result: Result<"render"> | BundleResult,
  content: Uint8Array | string,
  what: string,
  words: Words,
  how: { readonly program?: boolean } = {},
): Promise<number> {
  note(result.notes, words);
  const written = writeOutput(words.output, content, how);
  if (!written && !words.json) print(content);
  else await show({ ...result, written }, 0, () => `${inline(written ?? "")}: ${inline(what)}\n`, words);
  return 0;
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
