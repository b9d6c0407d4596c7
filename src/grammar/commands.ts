import { ENGINES } from "../patch/hook";
import {
  CHANGE,
  FACTS,
  HOSTS,
  IMAGE,
  type OptionGroup,
  type OptionWords,
  output,
  TARGET,
  TARGET_AND_PYTHON,
} from "./options";

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
  3: "the pools or secrets cannot be read, two libvirt pools name the same Ceph pool with different credentials, or the patch or host file is for another host",
  4: "virtinst was not found or cannot be patched",
  5: "a check failed; apply: the patched file does not compile, and nothing was written",
  6: "reading or writing failed",
};

/** What the tool is for. */
export const PURPOSE =
  "Patches virtinst, so that virt-install can start guests on Ceph storage that uses cephx. A host is affected if its virt-install omits monitors or credentials of its rbd pools.";

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
        what: "write the host file of another host",
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
      { flags: "-o, --output <file>", description: "write to a file instead of standard output" },
      { flags: "--reverse", description: "write the reverse patch" },
    ],
    groups: [FACTS, TARGET, output()],
    examples: [
      { words: "render -o host.patch", what: "for this host" },
      {
        words: "render --host hv01.json --virtinst hv01 -o hv01.patch",
        what: "for another host, from its host file and a copy of its virtinst",
      },
    ],
    exits: {},
  },
  {
    name: "bundle",
    summary: "generate the standalone script for a host without Node",
    purpose:
      "Generates a standalone Python script for a host without Node. The script contains the pools of that host, and has the commands apply, verify and revert. If it is generated from a live libvirt or a host file, it runs on that host only; --pool-xml and --secret-xml give a script that is not bound to a host. Scripts differ only in the lines between the two `configuration` markers. To check that the rest of two scripts is the same, compare what this prints for each: sed '/^# >>> configuration/,/^# <<< configuration/d' FILE | sha256sum",
    options: [
      {
        flags: "-o, --output <file>",
        description: "write to a file instead of standard output; with --hosts, to a directory",
      },
      HOSTS,
    ],
    groups: [FACTS, IMAGE, output("with --hosts, print a line for each host")],
    examples: [
      { words: "bundle --connect qemu+ssh://hv01/system -o hv01.py", what: "for one host" },
      { words: "bundle --hosts hosts -o scripts", what: "for many hosts, from their host files" },
    ],
    exits: {},
    page: "el7.md",
  },
  {
    name: "hook",
    argument: { name: "kind", required: true, values: ENGINES },
    summary: "generate files that reapply the patch: ansible, apt, dnf, puppet, salt, yum",
    purpose:
      "Generates files that reapply the patch after an upgrade of virt-manager, for the engine KIND: ansible, apt, dnf, puppet, salt or yum. On the hosts, they run the standalone script.",
    options: [
      {
        flags: "-o, --output <dir>",
        description: "write all files to a directory, including the standalone script (default: print the hook)",
        completes: "folders",
      },
    ],
    groups: [FACTS, IMAGE, output()],
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
        description:
          "patch even if this host is not affected, if _build_xml has a manual edit (it is kept), or if PATCH is for other pools",
      },
    ],
    groups: [
      FACTS,
      TARGET_AND_PYTHON,
      output("also print the Python that compiled the file, and the version of virt-manager"),
    ],
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
      "Checks that the patch is current and works. Runs the added function, and the virt-install of this host with libvirt's test driver. Changes nothing and needs no root.",
    options: [
      {
        flags: "--static",
        description: "only compare the file with the expected patch; do not run the function or virt-install",
        conflicts: ["vol"],
      },
      {
        flags: "--vol <pool/volume>",
        description: "also run virt-install --print-xml with this existing volume and live libvirt",
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
    name: "preview",
    argument: { name: "domain", required: false, looks: /^-$|\.xml$/ },
    summary: "show the effect of the patch on a domain XML",
    purpose:
      "Shows the effect of the patch on a domain XML as a diff. DOMAIN is an XML file, or - for standard input (default: a sample domain). No domain is defined.",
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
      "Removes the patch. If nothing else in the file was changed, the result is the original file with its modification time; other changes are kept. Does not use libvirt.",
    options: CHANGE,
    groups: [
      TARGET_AND_PYTHON,
      output("also print the Python that compiled the file, and the version of virt-manager"),
    ],
    examples: [
      { words: "revert --check --diff", what: "preview the changes" },
      { words: "revert", what: "change the file (as root)" },
    ],
    exits: { 1: "with --check: something would change" },
  },
];
