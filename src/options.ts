import type { CommonOptions } from "./context";
import { Failure } from "./report/failure";
import { HostFiles } from "./system/host-files";

/** The options as the command line gives them. */
export interface Words {
  connect?: string;
  poolXml?: string[];
  secretXml?: string[];
  host?: string;
  root?: string;
  virtinst?: string[];
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
  hosts?: string;
  verbose?: boolean;
  quiet?: boolean;
}

/** An option of the command line: how it is written, and what its help says. */
export interface OptionWords {
  readonly flags: string;
  readonly description: string;
  /** The options, as `Words` names them, that it does not go with; none by default. */
  readonly conflicts?: readonly string[];
  /** Whether each use adds a value; false by default, then the last one counts. */
  readonly collect?: boolean;
}

/** The options that every command takes. */
export const COMMON_OPTIONS: readonly OptionWords[] = [
  {
    flags: "--connect <uri>",
    description: "read live libvirt through virsh -r (default: qemu:///system)",
    conflicts: ["poolXml", "host"],
  },
  { flags: "--pool-xml <file...>", description: "what `virsh pool-dumpxml` printed elsewhere", conflicts: ["host"] },
  {
    flags: "--secret-xml <file...>",
    description: "what `virsh secret-dumpxml` printed; goes with --pool-xml or --connect",
    conflicts: ["host"],
  },
  { flags: "--host <file>", description: "the host document: what `inspect --json` printed" },
  {
    flags: "--root <dir>",
    description: "a chroot, image or rescue mount to patch; facts from its etc/libvirt unless given",
  },
  {
    flags: "--virtinst <dir>",
    description: "the folder that holds the virtinst package (default: that of virt-install)",
    collect: true,
  },
  { flags: "--pool <name...>", description: "only these libvirt pools (default: all of type rbd)" },
  { flags: "--python <path>", description: "the Python that runs virt-install (default: that of its first line)" },
  { flags: "--json", description: "print the result as JSON" },
  { flags: "-v, --verbose", description: "say more" },
  { flags: "-q, --quiet", description: "say nothing but errors", conflicts: ["verbose"] },
];

/** Those of what changes a file. */
export const CHANGE_OPTIONS: readonly OptionWords[] = [
  { flags: "--diff", description: "show what changes" },
  { flags: "--check", description: "change nothing, say what would be done; exit 1 if anything" },
];

const HOSTS_OPTION: OptionWords = {
  flags: "--hosts <dir>",
  description: "for each host document in a folder (*.json), write a file to the folder of -o",
  conflicts: ["connect", "poolXml", "secretXml", "host", "root"],
};

/** Those of `render`. */
export const RENDER_OPTIONS: readonly OptionWords[] = [
  { flags: "-o, --output <file>", description: "write the patch to a file, not to standard output" },
  { flags: "--reverse", description: "the patch that undoes it" },
  HOSTS_OPTION,
];

/** Those of `bundle`. */
export const BUNDLE_OPTIONS: readonly OptionWords[] = [
  { flags: "-o, --output <file>", description: "write it to a file, not to standard output" },
  HOSTS_OPTION,
];

/** Only what was given: a missing option is no property at all. */
export function given<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/**
 * The folders of a run over many hosts; null for one host.
 *
 * @throws Failure (usage) where there is no folder to write to
 */
export function folders({ hosts, output }: Words): { hosts: string; output: string } | null {
  if (hosts === undefined) return null;
  if (hosts === "") throw new Failure("usage", "--hosts has no value.", "Name the folder that holds the documents.");
  if (output === undefined || output === "" || output === "-")
    throw new Failure(
      "usage",
      "--hosts writes a file for each host, and no folder for them was named.",
      "Give -o DIR.",
    );
  return { hosts, output };
}

/**
 * The options that every command takes.
 *
 * @throws Failure (usage) where they do not go together
 */
export function common({ connect, poolXml, secretXml, host, root, virtinst, pool, python }: Words): CommonOptions {
  if (secretXml && !poolXml && connect === undefined && root !== undefined)
    throw new Failure(
      "usage",
      "--secret-xml does not go with --root alone: the secrets come from below --root.",
      "Give --pool-xml or --connect too.",
    );
  const [own, second] = virtinst ?? [];
  if (second !== undefined)
    throw new Failure("usage", "--virtinst was given more than once.", "Name one folder; only bundle takes several.");
  for (const [option, value] of Object.entries({ connect, host, root, virtinst: own, python }))
    if (value === "") throw new Failure("usage", `--${option} has no value.`, "Give one, or leave the option out.");
  const files = new HostFiles(root);
  return { files, ...given({ connect, poolXml, secretXml, hostDocument: host, virtinst: own, pool, python }) };
}
