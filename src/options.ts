import { InvalidArgumentError, Option } from "commander";
import type { SshOptions } from "./commands/over-ssh";
import { Failure } from "./failure";
import { longOption } from "./output/next-command";
import { HostFiles } from "./system/host-files";
import type { CommonOptions } from "./target";

/** The options of all commands, as the command line gives them. */
export type CliOptions = Partial<
  Record<"connect" | "host" | "root" | "virtinst" | "python" | "output" | "hosts" | "vol" | "report" | "ssh", string> &
    Record<"poolXml" | "secretXml" | "pool", string[]> &
    Record<"sudo" | "check" | "diff" | "force" | "reverse" | "static" | "json" | "verbose" | "quiet", boolean>
>;

/**
 * Defines an option. If the option needs a value, another option is refused as its value.
 *
 * @param conflicts the options that it cannot be combined with, in camel case
 * @param repeat whether each use adds a value; otherwise the last value is used
 */
export function option(flags: string, description: string, conflicts: string[] = [], repeat = false): Option {
  const made = new Option(flags, description).conflicts(conflicts);
  if (!made.required) return made;
  return made.argParser<string | string[]>((value, before = []) => {
    const written = `${made.long}=${value}`;
    if (value === "") throw new InvalidArgumentError("The value is missing.");
    if (/^--?[a-z]/i.test(value) && !process.argv.includes(written))
      throw new InvalidArgumentError(`The value is missing. If it begins with "-", write ${written}.`);
    return repeat ? [...before, value] : value;
  });
}

/** The options for the source of the pools and secrets. */
export const SOURCE = [
  option("-c, --connect <uri>", "read live libvirt (default without --root: qemu:///system)", ["poolXml", "host"]),
  option("--pool-xml <file>", "read the output of `virsh pool-dumpxml` (repeatable)", ["host"], true),
  option("--secret-xml <file>", "read the output of `virsh secret-dumpxml` (repeatable)", ["host"], true),
  option("--host <file>", "read a host file: the output of `inspect --json`"),
  option("--pool <name>", "use only this libvirt pool (repeatable; default: all of type rbd)", [], true),
];
export const ROOT = option("--root <dir>", "work on a mounted image, chroot or rescue mount");
export const VIRTINST = option(
  "--virtinst <dir>",
  "the directory that contains virtinst/ (default: that of virt-install)",
);
export const PYTHON = option("--python <path>", "the Python that runs virt-install (default: that in its first line)");

/** The options of a command that can work on another host. */
export const SSH = [
  new Option("--ssh <[user@]host>", "work on another host over ssh, with its pools and its virtinst").argParser(
    (value, before?: string) => {
      if (before === undefined) return value;
      throw new InvalidArgumentError("--ssh was given twice. Run the command once for each host.");
    },
  ),
  option("--sudo", "with --ssh: run everything through sudo -n (needs NOPASSWD)"),
];

const ON_HOST = "Omit it: --ssh reads the pools and secrets on that host";
/** The options that cannot be combined with --ssh, and what to do instead. */
const NOT_WITH_SSH = {
  connect: `${ON_HOST}, from qemu:///system.`,
  poolXml: `${ON_HOST}. Or generate a script with bundle --pool-xml.`,
  secretXml: `${ON_HOST}. Or generate a script with bundle --secret-xml.`,
  host: `${ON_HOST}. Or generate a script with bundle --host.`,
  root: "Generate a script with bundle, copy it to that host, and run it there with --root.",
  python: "Omit it: the script finds the Python of virt-install.",
  vol: "Omit it, or run virt-install --print-xml --import --disk vol=POOL/VOLUME on that host.",
  report: "Omit it, or write the result as JSON: --json > FILE.",
  verbose: "Omit it, or use --json for details.",
};

/**
 * The options of a run on another host.
 *
 * @param patch the PATCH of `apply`
 * @throws Failure (usage) if an option cannot be combined with --ssh, or HOST is not a hostname or an address
 */
export function overSsh(words: CliOptions, patch?: string): Omit<SshOptions, "waiting"> {
  const { ssh: host, sudo = false, pool, virtinst } = words;
  const refuse = (message: string, hint: string) => {
    throw new Failure("usage", message, hint);
  };
  if (host === undefined) return refuse("--sudo needs --ssh.", "Add --ssh HOST, or run the tool with sudo.");
  if (!HOST.test(host)) refuse(`--ssh ${host}: expected [USER@]HOST.`, "Name one host. Set its port in ssh_config.");
  if (patch !== undefined)
    refuse(`${patch}: a patch file cannot be used with --ssh.`, "Omit it. To preview the change, use --check --diff.");
  for (const [name, hint] of Object.entries(NOT_WITH_SSH))
    if (words[name as keyof typeof NOT_WITH_SSH] !== undefined)
      refuse(`${longOption(name)} cannot be used with --ssh.`, hint);
  if (virtinst !== undefined && !/^\/[^\p{Cc}]*$/u.test(virtinst))
    refuse(`--virtinst ${virtinst}: with --ssh, this must be an absolute path.`, "Name a directory on that host.");
  const flags = (["check", "diff", "force", "static", "json", "quiet"] as const).filter((flag) => words[flag]);
  return { host, sudo, flags: flags.map((flag) => `--${flag}`), ...given({ pool, virtinst }) };
}

// A user, and a hostname or address. ssh reads a leading "-" as an option. ProxyCommand passes both to a shell.
const HOST = /^(?!-)(?:[\w.+@\\-]+@)?(?!-)(?:[\w.-]+|[\da-f]*:[\da-f]*:[\w.:%-]*)$/i;

/** The options of a command that changes a file. */
export const CHANGE = [
  option("--check", "change nothing; exit with 1 if something would change"),
  option("-n, --dry-run", "the same as --check").implies({ check: true }),
  option("--diff", "also print the changes; without --check, the file is changed"),
  option("-y, --yes", "accepted and ignored; no confirmation is needed"),
];

/** The options of `bundle`, which writes one file, or one file for each of many hosts. */
export const HOSTS = [
  option("-o, --output <file>", "write to a file instead of standard output; with --hosts, to a directory"),
  option("--hosts <dir>", "read the host files (*.json) of a directory, and write one script for each to --output", [
    ...["connect", "poolXml", "secretXml", "host", "root"],
  ]),
];

/** The options for what a command prints; `verbose` says what `--verbose` adds. */
export function output(verbose?: string): Option[] {
  return [
    option("--json", "print the result as JSON"),
    ...(verbose === undefined ? [] : [option("-v, --verbose", verbose)]),
    option("-q, --quiet", "print only errors and failed checks", ["verbose"]),
  ];
}

/** Removes the properties of options that were not given: their value is undefined. */
export function given<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const some = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(some) as ReturnType<typeof given<T>>;
}

/** The directories of --hosts and --output; null without --hosts. Fails (usage) if --output is missing or -. */
export function folders({ hosts, output }: CliOptions): { hosts: string; output: string } | null {
  if (hosts === undefined) return null;
  if (output === undefined || output === "-")
    throw new Failure("usage", "--hosts writes one file for each host, to a directory.", "Name one with -o DIR.");
  return { hosts, output };
}

/** The options that every command takes; fails (usage) if they cannot be used together. */
export function common({ connect, poolXml, secretXml, host, root, virtinst, pool, python }: CliOptions): CommonOptions {
  if (secretXml && !poolXml && connect === undefined && root !== undefined)
    throw new Failure(
      "usage",
      "--secret-xml needs --pool-xml or --connect if --root is given.",
      "Add --pool-xml or --connect. Or omit --secret-xml: the secrets of the image are then used.",
    );
  const files = new HostFiles(root);
  return { files, ...given({ connect, poolXml, secretXml, hostDocument: host, virtinst, pool, python }) };
}
