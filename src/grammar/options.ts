/** An option of the command line: how it is written, and what its help says. */
export interface OptionWords {
  readonly flags: string;
  readonly description: string;
  /** The options, as `Words` names them, that it does not go with; none by default. */
  readonly conflicts?: readonly string[];
  /** What other options, as `Words` names them, are with it; none by default. */
  readonly implies?: Readonly<Record<string, string>>;
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
  heading: "Source of the pools and secrets (default: live libvirt; with --root, its etc/libvirt)",
  options: [
    {
      flags: "-c, --connect <uri>",
      description: "read live libvirt with virsh -r (default: qemu:///system)",
      conflicts: ["poolXml", "host"],
      completes: "none",
    },
    {
      flags: "--pool-xml <file...>",
      description: "read files that `virsh pool-dumpxml` printed",
      conflicts: ["host"],
    },
    {
      flags: "--secret-xml <file...>",
      description: "read files that `virsh secret-dumpxml` printed; needs --pool-xml or --connect",
      conflicts: ["host"],
    },
    { flags: "--host <file>", description: "read a host file, which `inspect --json` printed" },
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
  description: "the directory that contains the virtinst package (default: the one virt-install uses)",
  collect: true,
  completes: "folders",
};
const PYTHON: OptionWords = {
  flags: "--python <path>",
  description: "the Python that runs virt-install (default: from its shebang)",
};

/** Which virtinst is meant. */
export const TARGET: OptionGroup = { heading: "virtinst", options: [ROOT, VIRTINST] };

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
  // A flag of its own: an option with a value that may be left out would take the PATCH behind it for one.
  { flags: "--diff=facts", description: "show only the lines with the pools of this host", implies: { diff: "facts" } },
];

/** That of what is made for many hosts. */
export const HOSTS: OptionWords = {
  flags: "--hosts <dir>",
  description: "for each host file (*.json) in a directory, write a file to the directory of -o",
  conflicts: ["connect", "poolXml", "secretXml", "host", "root"],
  completes: "folders",
};
