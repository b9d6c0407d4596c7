/** An option of the command line: how it is written, and what its help says. */
export interface OptionWords {
  readonly flags: string;
  readonly description: string;
  /** The options, as `Words` names them, that it does not go with; none by default. */
  readonly conflicts?: readonly string[];
  /** Whether each use adds a value; false by default, then the last one counts. */
  readonly collect?: boolean;
  /** What stands for its value in a completion: a path by default, where it takes one. */
  readonly completes?: "pools" | "volumes" | "folders" | "none";
}

/** Options with a heading of their own in the help. */
export interface OptionGroup {
  readonly heading: string;
  readonly options: readonly OptionWords[];
}

/** The options of a command, by how it comes to them. */
interface Takes {
  readonly options: readonly OptionWords[];
  readonly groups: readonly OptionGroup[];
}

/** All options of a command, its own before those that it shares. */
export function optionsOf(command: Takes): OptionWords[] {
  return [...command.options, ...command.groups.flatMap(({ options }) => options)];
}

/** Every way to write an option, such as `-c` and `--connect`. */
export function namesOf({ flags }: OptionWords): string[] {
  return flags.split(/, | /).filter((word) => word.startsWith("-"));
}

/** Every way to write an option that a command takes. */
export function takenBy(command: Takes): string[] {
  return optionsOf(command).flatMap(namesOf);
}

/** Where the facts come from. */
export const FACTS: OptionGroup = {
  heading: "Source of the pools and secrets (default: live libvirt; with --root: DIR/etc/libvirt)",
  options: [
    {
      flags: "-c, --connect <uri>",
      description: "read live libvirt with virsh -r (default: qemu:///system)",
      conflicts: ["poolXml", "host"],
      completes: "none",
    },
    {
      flags: "--pool-xml <file...>",
      description: "read files with the output of `virsh pool-dumpxml`",
      conflicts: ["host"],
    },
    {
      flags: "--secret-xml <file...>",
      description: "read files with the output of `virsh secret-dumpxml`; needs --pool-xml or --connect",
      conflicts: ["host"],
    },
    { flags: "--host <file>", description: "read a host file: the output of `inspect --json`" },
    {
      flags: "--pool <name...>",
      description: "use only these libvirt pools (default: all of type rbd)",
      completes: "pools",
    },
  ],
};

const ROOT: OptionWords = {
  flags: "--root <dir>",
  description: "work on a mounted image, chroot or rescue mount",
  completes: "folders",
};
const VIRTINST: OptionWords = {
  flags: "--virtinst <dir>",
  description:
    "the directory that contains virtinst/ (default: the one that virt-install uses, such as /usr/share/virt-manager)",
  collect: true,
  completes: "folders",
};
const PYTHON: OptionWords = {
  flags: "--python <path>",
  description: "the Python that runs virt-install (default: from its shebang)",
};

/** Which virtinst is meant. */
export const TARGET: OptionGroup = { heading: "virtinst", options: [ROOT, VIRTINST] };

/** Where a command that reads only libvirt's configuration can find it. */
export const IMAGE: OptionGroup = { heading: "virtinst (--root only)", options: [ROOT] };

/** The same, for what runs its Python. */
export const TARGET_AND_PYTHON: OptionGroup = { ...TARGET, options: [ROOT, VIRTINST, PYTHON] };

const JSON_OPTION: OptionWords = { flags: "--json", description: "print the result as JSON (schema/)" };
const QUIET: OptionWords = { flags: "-q, --quiet", description: "print only errors", conflicts: ["verbose"] };

/** How it speaks; with more to say where `verbose` says what. */
export function output(verbose?: string): OptionGroup {
  const more: OptionWords[] = verbose === undefined ? [] : [{ flags: "-v, --verbose", description: verbose }];
  return { heading: "Output", options: [JSON_OPTION, ...more, QUIET] };
}

/** Those of what changes a file. */
export const CHANGE: readonly OptionWords[] = [
  { flags: "--check", description: "change nothing; exit with 1 if something would change" },
  { flags: "--diff", description: "show what changes" },
];

/** That of what is made for many hosts. */
export const HOSTS: OptionWords = {
  flags: "--hosts <dir>",
  description: "read the host files (*.json) in DIR, and write one file for each to the directory of --output",
  conflicts: ["connect", "poolXml", "secretXml", "host", "root"],
  completes: "folders",
};
