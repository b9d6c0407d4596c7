import { fstatSync, writeSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import type { CommonOptions } from "./commands/context";
import { Failure, type FailureKind, systemReason } from "./report/failure";
import { type Colours, inline, PLAIN } from "./report/text";
import { TOOL, VERSION } from "./version";

/** What the exit code says; 0 is "it is so now, or there is nothing to do". */
const EXIT_CODES: Record<FailureKind, number> = { usage: 2, facts: 3, target: 4, behaviour: 5, io: 6 };
const NOT_SO = 1;

/** The options as commander gives them. */
interface Words {
  connect?: string;
  poolXml?: string[];
  secretXml?: string[];
  host?: string;
  root?: string;
  virtinst?: string;
  pool?: string[];
  python?: string;
  json?: boolean;
  diff?: boolean;
  check?: boolean;
  force?: boolean;
  replaceHandEdit?: boolean;
  reverse?: boolean;
  static?: boolean;
  vol?: string;
  output?: string;
  verbose?: boolean;
  quiet?: boolean;
}

/** Colours on a terminal, as NO_COLOR and FORCE_COLOR say otherwise; none where it is piped, as by a CI that sets CI. */
async function colours(): Promise<Colours> {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  const forced = FORCE_COLOR !== undefined && !["0", "false"].includes(FORCE_COLOR);
  // Only a terminal is a character device; asking process.stdout itself loads Node's network stack for a pipe.
  const terminal = fstatSync(1).isCharacterDevice() && process.stdout.isTTY && TERM !== "dumb";
  if (NO_COLOR || !(forced || terminal)) return PLAIN;
  const { default: picocolors } = await import("picocolors");
  return picocolors.createColors(true);
}

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
      notes(result.notes, words);
      if (words.json) json(result.document);
      else if (!words.quiet) {
        const { inspectionText } = await import("./report/results");
        print(inspectionText(result, await colours()));
      }
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
      notes(result.notes, words);
      const written = await writeOutput(words, bytes);
      if (words.json) json(result);
      else if (!written) print(bytes);
      else if (!words.quiet) print(`${inline(written)}: the patch for ${inline(result.file)}\n`);
      return 0;
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
        .option("--static", "look only, run nothing under Python")
        .option(
          "--vol <pool/volume>",
          "have the host's own virt-install print a domain for that volume, and look at it",
        ),
    async run(words) {
      const { verify } = await import("./commands/verify");
      const result = await verify({ ...common(words), static: words.static ?? false, ...given({ vol: words.vol }) });
      notes(result.notes, words);
      if (words.json) json(result);
      else if (!words.quiet) {
        const { verificationText } = await import("./report/results");
        print(verificationText(result, words.verbose ?? false, await colours()));
      }
      if (result.state === "damaged") return EXIT_CODES.target;
      if (result.volume?.status === "failed") return EXIT_CODES.behaviour;
      // A proof that was asked for and not had is no yes.
      if (result.volume?.status === "not run") return NOT_SO;
      if (result.state === "absent" && result.need === "not needed") return 0;
      if (result.state !== "current") return NOT_SO;
      return result.behaviour.status === "failed" ? EXIT_CODES.behaviour : 0;
    },
  },
  {
    words: "preview [domain]",
    description: "show what the patch would make of a domain's XML",
    options: (command) =>
      command.option("-o, --output <file>", "write the XML to a file, or with - to standard output"),
    async run(words, domain) {
      const { preview } = await import("./commands/preview");
      const { bytes, ...result } = await preview({ ...common(words), ...given({ domain }) });
      notes(result.notes, words);
      const written = await writeOutput(words, bytes);
      if (words.json) json(result);
      else if (words.output === "-") print(bytes);
      else if (!written && !words.quiet) {
        const { colourDiff } = await import("./report/text");
        print(
          result.changed ? colourDiff(result.diff, await colours()) : "The patch changes nothing in this domain.\n",
        );
      }
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
    .configureOutput({ writeErr: (text) => process.stderr.write(text) })
    .showHelpAfterError(`See ${TOOL} --help.`);
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
        finish(await run(words, argument).catch((error) => failed(error, words.json === true)));
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
    .option("--virtinst <dir>", "the folder that holds the virtinst package (default: that of virt-install)")
    .option("--pool <name...>", "only these libvirt pools (default: all of type rbd)")
    .option("--python <path>", "the Python that runs virt-install (default: that of its first line)")
    .option("--json", "print the result as JSON")
    .option("-v, --verbose", "say more")
    .addOption(new Option("-q, --quiet", "say nothing but errors").conflicts(["verbose"]));
}

function withChangeOptions(command: Command): Command {
  return command
    .option("--diff", "show what changes")
    .option("--check", "change nothing, say what would be done; exit 1 if anything");
}

/** Only what was given: a missing option is no property at all. */
function given<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** Writes to the file of -o, if there is one; returns its name. */
async function writeOutput({ output }: Words, content: Uint8Array): Promise<string | null> {
  if (output === undefined || output === "-") return null;
  const { writeNewFile } = await import("./system/write");
  writeNewFile(output, content);
  return output;
}

function common({ connect, poolXml, secretXml, host, root, virtinst, pool, python }: Words): CommonOptions {
  if (secretXml && !poolXml && connect === undefined && root !== undefined)
    throw new Failure(
      "usage",
      "--secret-xml does not go with --root alone: the secrets come from below --root.",
      "Give --pool-xml or --connect too.",
    );
  for (const [option, value] of Object.entries({ connect, host, root, virtinst, python }))
    if (value === "") throw new Failure("usage", `--${option} has no value.`, "Give one, or leave the option out.");
  return given({ connect, poolXml, secretXml, hostDocument: host, root, virtinst, pool, python });
}

async function changed(
  result: import("./report/results").ShownChange & { diff: string; notes: readonly string[] },
  words: Words,
): Promise<number> {
  notes(result.notes, words);
  const { changeText } = await import("./report/results");
  if (words.json) json(words.diff ? result : { ...result, diff: undefined });
  else {
    if (words.diff) print((await import("./report/text")).colourDiff(result.diff, await colours()));
    if (!words.quiet) print(changeText(result, words.verbose ?? false, await colours()));
  }
  return result.check && result.changed ? NOT_SO : 0;
}

/**
 * Writes to standard output in one go. `process.stdout` would load Node's network stack for a pipe, a tenth of the time
 * of a run that changes nothing.
 */
function print(output: string | Uint8Array): void {
  const bytes = typeof output === "string" ? Buffer.from(output) : output;
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A reader that has seen enough (| head) is no failure; one that is slow gets its time.
      if (code === "EPIPE") return;
      if (code !== "EAGAIN")
        throw new Failure(
          "io",
          `Standard output cannot be written: ${systemReason(error)}.`,
          "Look at where it goes to.",
        );
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function json(value: unknown): void {
  print(`${JSON.stringify(value, null, 2)}\n`);
}

/** What could not be checked goes to standard error, so that standard output stays a document or a patch. */
function notes(lines: readonly string[], { quiet }: Words): void {
  if (!quiet) for (const line of lines) process.stderr.write(`note: ${inline(line)}\n`);
}

function failed(error: unknown, asJson: boolean): number {
  const failure = error instanceof Failure ? error : unexpected(error);
  const code = EXIT_CODES[failure.kind];
  process.stderr.write(`${TOOL}: ${inline(failure.message)}\n${inline(failure.hint)}\n`);
  if (asJson) json({ error: { code, message: failure.message, hint: failure.hint } });
  return code;
}

function unexpected(error: unknown): Failure {
  const { message } = error as Error;
  return new Failure(
    "io",
    `Something unforeseen went wrong: ${message}`,
    `Please report this, with the command line and ${TOOL} ${VERSION}.`,
  );
}

async function main(): Promise<void> {
  try {
    await program(process.argv[2], (code) => {
      process.exitCode = code;
    }).parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) process.exitCode = failed(error, process.argv.includes("--json"));
    else if (error.exitCode !== 0) {
      process.exitCode = EXIT_CODES.usage;
      if (process.argv.includes("--json"))
        json({ error: { code: EXIT_CODES.usage, message: error.message, hint: `See ${TOOL} --help.` } });
    }
  }
}

main();
