import { Argument, Command, type Option } from "commander";
import { CHANGE, type CliOptions, HOSTS, option, output, PYTHON, ROOT, SOURCE, SSH, VIRTINST } from "./options";
import { ENGINES } from "./patch/render-hook";
import { TOOL, VERSION } from "./version";

const OK = "0  success, or nothing to do";
const WOULD_CHANGE = "1  with --check: something would change";
const USAGE = "2  wrong usage";
const POOLS = "3  pools or secrets cannot be read or used, or an input is for another host";
const TARGET = "4  virtinst was not found or cannot be patched";
const NEW_FILE = "5  the new file failed a check; nothing was written";
const IO = "6  a file cannot be read or written, or the ssh connection failed";
const DETAILS = "also print the Python that compiled the file, and the version of virt-manager";

/** A command: its parser and its help. */
interface Definition {
  readonly summary: string;
  readonly details: string;
  readonly argument?: Argument;
  readonly options: readonly Option[];
  readonly examples: readonly string[];
  readonly exits: readonly string[];
}

const COMMANDS = {
  inspect: {
    summary: "show whether this host is affected, its pools, and its virtinst",
    details: "Needs no root. Changes nothing.",
    options: [...SSH, ...SOURCE, ROOT, VIRTINST, ...output()],
    examples: [
      "inspect",
      "inspect --ssh root@hv01  # another host",
      "inspect --ssh root@hv01 --json > hv01.json  # write a host file",
      "inspect --root /mnt  # a mounted image",
    ],
    exits: [OK, USAGE, POOLS, TARGET, IO],
  },
  render: {
    summary: "write the patch for this host as a unified diff, to review it",
    details: "`apply`, `patch -p1` and `git apply` accept it. Changes nothing on the host.",
    options: [
      option("-o, --output <file>", "write to a file instead of standard output"),
      option("--reverse", "write the reverse patch"),
      ...[...SOURCE, ROOT, VIRTINST, ...output()],
    ],
    examples: ["render -o host.patch", "render --host hv01.json --virtinst copy -o hv01.patch  # another host"],
    exits: [OK, USAGE, POOLS, TARGET, IO],
  },
  bundle: {
    summary: "generate a standalone Python script for a host without Node",
    details: "It contains the pools of one host and checks the hostname. With --pool-xml, it runs on any host.",
    options: [...HOSTS, ...SOURCE, ROOT, ...output("with --hosts, print a line for each host")],
    examples: [
      "bundle --host hv01.json -o hv01.py",
      "bundle --hosts hosts -o scripts  # many hosts, from their host files",
    ],
    exits: [OK, USAGE, POOLS, IO],
  },
  hook: {
    summary: "generate files that reapply the patch after an upgrade of virt-manager",
    details: "They run the standalone script, which contains the pools. The Ansible role reads the pools of each host.",
    argument: new Argument("<kind>", "what runs the hook").choices(ENGINES),
    options: [
      option("-o, --output <dir>", "write the hook and the standalone script to a directory (default: print the hook)"),
      ...[...SOURCE, ROOT, ...output()],
    ],
    examples: ["hook apt  # print the hook", "hook ansible -o roles  # write all files to roles/"],
    exits: [OK, USAGE, POOLS, IO],
  },
  apply: {
    summary: "patch virtinst; a second run changes nothing",
    details: "Replaces one file of virtinst, completely or not at all.",
    argument: new Argument("[patch]", "apply exactly this patch, a file that `render` wrote (-: standard input)"),
    options: [
      ...SSH,
      ...CHANGE,
      option(
        "--force",
        "patch even if the host is not affected, virtinst has a manual edit (it is kept), or PATCH is for other pools",
      ),
      ...[...SOURCE, ROOT, VIRTINST, PYTHON, ...output(DETAILS)],
    ],
    examples: [
      "apply --check --diff  # preview the changes",
      "apply  # change the file (as root)",
      "apply --ssh root@hv01  # another host",
      "apply host.patch  # apply a reviewed patch",
    ],
    exits: [OK, WOULD_CHANGE, USAGE, POOLS, TARGET, NEW_FILE, IO],
  },
  verify: {
    summary: "check that the patch is current and works",
    details: "Runs the added function, and virt-install with libvirt's test driver. Needs no root. Changes nothing.",
    options: [
      ...SSH,
      option("--static", "only compare the file with the expected patch; run nothing", ["vol"]),
      option("--vol <pool/volume>", "also run virt-install --print-xml with this existing volume and live libvirt"),
      option("--report <file>", "also write the result to an HTML file, for a change ticket"),
      ...[...SOURCE, ROOT, VIRTINST, PYTHON, ...output("list every check")],
    ],
    examples: [
      "verify --vol libvirtpool/virt-1  # with an existing volume",
      "verify --report hv01.html  # with a report for a change ticket",
      "verify --static -q  # for monitoring: prints only problems",
    ],
    exits: [
      "0  the patch is current, or not needed",
      "1  a needed patch is missing, outdated or modified, or --vol was skipped",
      ...[USAGE, POOLS, TARGET, "5  a check failed", IO],
    ],
  },
  preview: {
    summary: "show the effect of the patch on a domain XML",
    details: "Defines no domain.",
    argument: new Argument("[domain]", "an XML file, or - for standard input (default: a sample domain)"),
    options: [
      option("-o, --output <file>", "write the resulting XML to a file (-: standard output)"),
      ...[...SOURCE, ROOT, VIRTINST, PYTHON, ...output()],
    ],
    examples: ["preview  # a sample domain", "preview guest.xml  # a domain in a file"],
    exits: [OK, USAGE, POOLS, TARGET, "5  the patch could not be run", IO],
  },
  revert: {
    summary: "remove the patch",
    details: "Restores the original file and its modification time, if nothing else was changed. Does not use libvirt.",
    options: [...SSH, ...CHANGE, ROOT, VIRTINST, PYTHON, ...output("also print the version of virt-manager")],
    examples: ["revert --check --diff  # preview the changes", "revert  # change the file (as root)"],
    exits: [OK, WOULD_CHANGE, USAGE, TARGET, IO],
  },
} satisfies Readonly<Record<string, Definition>>;

/** The name of a command. */
export type CommandName = keyof typeof COMMANDS;

/** Runs a command; `argument` is, for example, the PATCH of `apply`. */
export type Run = (name: CommandName, options: CliOptions, argument: string | undefined) => Promise<void>;

/**
 * The command line: parses the arguments, prints the help, and runs a command.
 *
 * @param streams where the help and the version are written
 * @returns the parser. `parseAsync` throws CommanderError for wrong usage, and after it printed the help or version
 */
export function commandLine(run: Run, streams: Record<"writeOut" | "writeErr", (text: string) => unknown>): Command {
  const program = new Command(TOOL)
    .usage("COMMAND [options]")
    .description("Patches virtinst, so that virt-install can start guests on Ceph storage that uses cephx.")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("after", `\nStart with: ${TOOL} inspect`)
    .exitOverride()
    .configureOutput({ ...streams, outputError: () => {} });
  for (const [name, definition] of Object.entries(COMMANDS) as [CommandName, Definition][]) {
    const { summary, details, argument, options, examples, exits } = definition;
    const shown = examples.map((line) => `${TOOL} ${line}`);
    const command = program
      .command(name)
      .summary(summary)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}. ${details}`)
      .addHelpText("after", `\nExamples:\n${indented(shown)}\n\nExit codes:\n${indented(exits)}`)
      .action((...args) => (argument ? run(name, args[1], args[0]) : run(name, args[0], undefined)));
    if (argument) command.addArgument(argument);
    for (const each of options) command.addOption(each);
  }
  return program;
}

const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`).join("\n");
