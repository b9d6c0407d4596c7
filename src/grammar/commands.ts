import { ENGINES } from "../patch/hook";
import { CHANGE, FACTS, HOSTS, type OptionGroup, type OptionWords, output, TARGET, TARGET_AND_PYTHON } from "./options";

/** A command: the parser, the help, the man page and the completions are generated from it. */
export interface CommandGrammar {
  readonly name: string;
  /** Its argument; none by default. */
  readonly argument?: {
    readonly name: string;
    readonly required: boolean;
    readonly values?: readonly string[];
    /** How a word looks that may be one, where there are no such values. */
    readonly looks?: RegExp;
    /** Options that do not go with it; none by default. */
    readonly without?: readonly string[];
  };
  /** One line for the list of commands. */
  readonly summary: string;
  /** The description, whose first sentence says what the command does. */
  readonly purpose: string;
  /** Its own options. */
  readonly options: readonly OptionWords[];
  /** Options that it shares with other commands. */
  readonly groups: readonly OptionGroup[];
  readonly examples: readonly { readonly words: string; readonly what: string }[];
  /** Exit codes whose meaning differs from `EXITS`. */
  readonly exits: Readonly<Record<number, string>>;
  /** The page of docs/ that the help refers to; the README by default. */
  readonly page?: string;
}

/** What the exit codes of every command mean. */
export const EXITS: Readonly<Record<number, string>> = {
  0: "success, or nothing to do",
  2: "wrong usage",
  3: "the pools and secrets cannot be read, are contradictory, or belong to another host",
  4: "virtinst was not found or cannot be patched",
  5: "verification failed",
  6: "reading or writing failed",
};

/** What the tool is for. */
export const PURPOSE = "Patches virtinst, so that virt-install can start guests on Ceph storage that uses cephx.";

/** All commands, in the order of the help. */
export const COMMANDS: readonly CommandGrammar[] = [
  {
    name: "inspect",
    summary: "show the pools, the virtinst, and whether this host is affected",
    purpose:
      "Shows whether this host is affected. Lists the rbd pools with their monitors, users and secrets, and the virtinst that virt-install uses. Changes nothing and needs no root.",
    options: [],
    groups: [FACTS, TARGET, output()],
    examples: [
      { words: "inspect", what: "this host" },
      {
        words: "inspect --connect qemu+ssh://hv01/system --json > hv01.json",
        what: "another host, as a file for --host",
      },
      { words: "inspect --root /mnt", what: "a mounted image" },
    ],
    exits: {},
  },
  {
    name: "render",
    summary: "write the patch for this host as a unified diff",
    purpose:
      "Writes the patch for this host as a unified diff, to review it. `apply FILE`, `patch -p1` and `git apply` accept the output. Changes nothing on the host.",
    options: [
      {
        flags: "-o, --output <file>",
        description: "write to a file instead of standard output; with --hosts, to a directory",
      },
      { flags: "--reverse", description: "write the patch that undoes it" },
      HOSTS,
    ],
    groups: [FACTS, TARGET, output("with --hosts, print a line for each host")],
    examples: [
      { words: "render -o host.patch", what: "for this host" },
      {
        words: "render --host hv01.json --virtinst vm -o hv01.patch",
        what: "for another host, from its host file and a copy of its virtinst",
      },
      { words: "render --hosts facts --virtinst vm -o patches", what: "for many hosts" },
    ],
    exits: {},
  },
  {
    name: "bundle",
    summary: "generate the standalone script for a host without Node",
    purpose:
      "Generates a standalone Python script for a host without Node. The script contains the pools of that host, and has the commands apply, verify and revert.",
    options: [
      {
        flags: "-o, --output <file>",
        description: "write to a file instead of standard output; with --hosts, to a directory",
      },
      HOSTS,
    ],
    groups: [
      FACTS,
      { ...TARGET, heading: "virtinst (--virtinst can be repeated)" },
      output("with --hosts, print a line for each host"),
    ],
    examples: [
      { words: "bundle --connect qemu+ssh://hv01/system -o hv01.py", what: "for one host" },
      { words: "bundle --hosts facts -o bundles", what: "for many hosts, from their host files" },
    ],
    exits: {},
    page: "el7.md",
  },
  {
    name: "hook",
    argument: { name: "kind", required: true, values: ENGINES },
    summary: "generate what keeps hosts patched: ansible, apt, dnf, image, puppet, salt, systemd, yum",
    purpose:
      "Generates what keeps hosts patched after an upgrade of virt-manager or a change of the cluster: a role, module, state, package manager hook or unit. On the hosts it runs the standalone script.",
    options: [
      {
        flags: "-o, --output <dir>",
        description: "write all files to a directory, including the standalone script",
        completes: "folders",
      },
    ],
    groups: [FACTS, { ...TARGET, heading: "virtinst (--virtinst can be repeated)" }, output()],
    examples: [
      { words: "hook apt", what: "print the hook" },
      { words: "hook ansible -o roles", what: "write all files to roles/" },
    ],
    exits: {},
  },
  {
    name: "apply",
    argument: { name: "patch", required: false, looks: /^-$|\.(patch|diff)$/, without: ["--pool"] },
    summary: "patch virtinst on this host; a second run changes nothing",
    purpose:
      "Patches virtinst on this host. Changes one file, which is replaced whole or not at all. A second run changes nothing. PATCH is a file that render wrote (- for standard input): exactly that patch is applied, if it is for this host.",
    options: [
      ...CHANGE,
      {
        flags: "--force",
        description: "patch even if this host is not affected, or PATCH was rendered for other pools",
      },
      { flags: "--replace-hand-edit", description: "remove a manual edit of _build_xml" },
    ],
    groups: [FACTS, TARGET_AND_PYTHON, output("also print the Python that compiled the file, and the release")],
    examples: [
      { words: "apply --check --diff", what: "preview the changes" },
      { words: "apply", what: "change the file (as root)" },
      { words: "apply host.patch", what: "apply a reviewed patch" },
    ],
    exits: { 1: "with --check: something would change" },
  },
  {
    name: "verify",
    summary: "check that the patch is current and works",
    purpose:
      "Checks that the patch is current and works. Runs the patched function, and this host's virt-install with libvirt's test driver. Changes nothing and needs no root.",
    options: [
      {
        flags: "--static",
        description: "compare the file only: run neither the function nor virt-install",
        conflicts: ["vol"],
      },
      {
        flags: "--vol <pool/volume>",
        description: "also run virt-install --print-xml for an existing volume",
        completes: "volumes",
      },
      { flags: "--report <file>", description: "also write the result to an HTML file, for a change ticket" },
    ],
    groups: [FACTS, TARGET_AND_PYTHON, output("list every check")],
    examples: [
      { words: "verify", what: "this host" },
      { words: "verify --vol libvirtpool/virt-1", what: "with an existing volume" },
      { words: "verify --report hv01.html", what: "with a report for a change ticket" },
      { words: "verify --static -q", what: "for monitoring: only the exit code" },
    ],
    exits: {
      0: "the patch is current, or not needed",
      1: "the patch is missing, outdated or modified, or --vol could not run",
    },
  },
  {
    name: "explain",
    summary: "describe the patch in the patched file",
    purpose:
      "Describes the patch in the patched file: the version of this tool, the pools, the original file, whether the patch was modified, whether it still fits this host, and the next step. It also works if libvirt is not running. Changes nothing and needs no root.",
    options: [],
    groups: [FACTS, TARGET, output()],
    examples: [
      { words: "explain", what: "this host" },
      { words: "explain --root /mnt", what: "a mounted image" },
      {
        words: "explain --virtinst vm --host hv01.json",
        what: "a copy of another host's virtinst, with its host file",
      },
    ],
    exits: { 0: "the file was read, patched or not" },
  },
  {
    name: "preview",
    argument: { name: "domain", required: false, looks: /^-$|\.xml$/ },
    summary: "show the effect of the patch on a domain XML",
    purpose:
      "Shows the effect of the patch on a domain XML: a file, - for standard input, or by default a sample domain. Defines nothing.",
    options: [
      { flags: "-o, --output <file>", description: "write the resulting XML to a file, or with - to standard output" },
    ],
    groups: [FACTS, TARGET_AND_PYTHON, output()],
    examples: [
      { words: "preview", what: "a sample domain" },
      { words: "preview guest.xml", what: "a domain in a file" },
    ],
    exits: {},
  },
  {
    name: "revert",
    summary: "remove the patch",
    purpose:
      "Removes the patch and restores the content and the modification time of the original file. Other changes in the file are kept. Does not use libvirt.",
    options: CHANGE,
    groups: [TARGET_AND_PYTHON, output("also print the Python that compiled the file, and the release")],
    examples: [
      { words: "revert --check --diff", what: "preview the changes" },
      { words: "revert", what: "change the file (as root)" },
    ],
    exits: { 1: "with --check: something would change" },
  },
];
