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
 * Defines an option. If it has a value, another option in its place is refused.
 *
 * @param conflicts the options that it does not go with, in camel case
 * @param repeat whether each use adds a value; if not, the last one counts
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

/** Where the pools and secrets are read from. */
export const SOURCE = [
  option("-c, --connect <uri>", "read live libvirt with virsh -r (default: qemu:///system)", ["poolXml", "host"]),
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
export const PYTHON = option("--python <path>", "the Python that runs virt-install (default: from its shebang)");

/** The options of a command that can work on another host. */
export const SSH = [
  new Option(
    "--ssh <[user@]host>",
    "work on another host over ssh (not with PATCH, --vol, --report, --root, --python, -v or a source of pools)",
  ).argParser((value, before?: string) => {
    if (before === undefined) return value;
    throw new InvalidArgumentError("It is given twice. Run the command once for each host.");
  }),
  option("--sudo", "with --ssh: run everything on that host through sudo -n"),
];

const ON_HOST = "Leave it out: --ssh reads the pools and secrets on that host";
/** The options that do not go with --ssh, and what to do instead. */
const NOT_WITH_SSH = {
  connect: `${ON_HOST}, from qemu:///system.`,
  poolXml: `${ON_HOST}. Or generate a script with bundle --pool-xml.`,
  secretXml: `${ON_HOST}. Or generate a script with bundle --secret-xml.`,
  host: `${ON_HOST}. Or generate a script with bundle --host.`,
  root: "Generate a script with bundle, copy it to that host, and run it there with --root.",
  python: "Leave it out: the script finds the Python of virt-install.",
  vol: "Leave it out, or run virt-install --print-xml --import --disk vol=POOL/VOLUME on that host.",
  report: "Leave it out, or write the result as JSON: --json > FILE.",
  verbose: "Leave it out, or use --json for details.",
};

/**
 * The options of a run on another host.
 *
 * @param patch the PATCH of `apply`
 * @throws Failure (usage) if one of them does not go with --ssh, or HOST is not a host
 */
export function overSsh(words: CliOptions, patch?: string): Omit<SshOptions, "waiting"> {
  const { ssh: host, sudo = false, pool, virtinst } = words;
  const refuse = (message: string, hint: string) => {
    throw new Failure("usage", message, hint);
  };
  if (host === undefined) return refuse("--sudo needs --ssh.", "Add --ssh HOST, or run the tool with sudo.");
  if (!HOST.test(host))
    refuse(`--ssh ${host}: this is not [USER@]HOST.`, "Name one host as for ssh. Set its port in ssh_config.");
  if (patch !== undefined)
    refuse(`${patch}: a patch file cannot be used with --ssh.`, "Preview the change with --check --diff instead.");
  for (const [name, hint] of Object.entries(NOT_WITH_SSH))
    if (words[name as keyof typeof NOT_WITH_SSH] !== undefined)
      refuse(`${longOption(name)} cannot be used with --ssh.`, hint);
  if (virtinst !== undefined && !/^\/[^\p{Cc}]*$/u.test(virtinst))
    refuse(`--virtinst ${virtinst}: with --ssh, this must be an absolute path.`, "Name a directory on that host.");
  const flags = (["check", "diff", "force", "static", "json", "quiet"] as const).filter((flag) => words[flag]);
  return { host, sudo, flags: flags.map((flag) => `--${flag}`), ...given({ pool, virtinst }) };
}

// A user, and a name or IPv6 address. ssh reads a leading "-" as an option, and ProxyCommand passes both to a shell.
const HOST = /^(?!-)(?:[\w.+@\\-]+@)?(?!-)(?:[\w.-]+|[\da-f]*:[\da-f]*:[\w.:%-]*)$/i;

/** The options of a command that changes a file. */
export const CHANGE = [
  option("--check", "change nothing; exit with 1 if something would change"),
  option("-n, --dry-run", "the same as --check").implies({ check: true }),
  option("--diff", "show what changes"),
  option("-y, --yes", "accepted for scripts; no confirmation is needed"),
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
  const more = verbose === undefined ? [] : [option("-v, --verbose", verbose)];
  return [
    option("--json", "print the result as JSON"),
    ...more,
    option("-q, --quiet", "print only errors", ["verbose"]),
  ];
}

/** Only what was given: a missing option is no property at all. */
export function given<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** The directories of a run over many hosts, null for one host; fails (usage) without a directory to write to. */
export function folders({ hosts, output }: CliOptions): { hosts: string; output: string } | null {
  if (hosts === undefined) return null;
  if (output === undefined || output === "-")
    throw new Failure("usage", "--hosts writes a file for each host and needs a directory.", "Name it with -o DIR.");
  return { hosts, output };
}

/** The options that every command takes; fails (usage) if they cannot be used together. */
export function common({ connect, poolXml, secretXml, host, root, virtinst, pool, python }: CliOptions): CommonOptions {
  if (secretXml && !poolXml && connect === undefined && root !== undefined)
    throw new Failure(
      "usage",
      "--secret-xml does not go with --root alone: the secrets are read from below --root.",
      "Give --pool-xml or --connect too.",
    );
  const files = new HostFiles(root);
  return { files, ...given({ connect, poolXml, secretXml, hostDocument: host, virtinst, pool, python }) };
}
