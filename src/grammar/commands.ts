import { ENGINES } from "../patch/hook";
import { CHANGE, FACTS, HOSTS, type OptionGroup, type OptionWords, output, TARGET, TARGET_AND_PYTHON } from "./options";

/** A command of the tool, in words: the command line, the help, the man page and the completions are made from it. */
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
  /** What it does, on one line of the list of commands. */
  readonly summary: string;
  /** What it is for, in a few sentences. */
  readonly purpose: string;
  /** Its own options. */
  readonly options: readonly OptionWords[];
  /** Those that it shares with other commands. */
  readonly groups: readonly OptionGroup[];
  readonly examples: readonly { readonly words: string; readonly what: string }[];
  /** The exit codes that mean more here than `EXITS` says. */
  readonly exits: Readonly<Record<number, string>>;
  /** The page below docs/ to read on; the README by default. */
  readonly page?: string;
}

/** What the exit codes of every command mean. */
export const EXITS: Readonly<Record<number, string>> = {
  0: "done, or nothing to do",
  2: "the command line is wrong",
  3: "the host's pools and secrets cannot be read, or do not fit together",
  4: "there is no virtinst that can be patched, or not this one",
  5: "it was run and does not work",
  6: "reading or writing failed",
};

/** What the tool is for. */
export const PURPOSE =
  "Makes virt-install start guests on Ceph: gives the rbd disks that it writes the cephx auth and all the monitors of their libvirt pool.";

/** All commands, in the order in which a host meets them. */
export const COMMANDS: readonly CommandGrammar[] = [
  {
    name: "inspect",
    summary: "what this host's pools and virtinst look like, and whether it needs the patch",
    purpose:
      "Shows the rbd pools with their monitors, users and secrets, the virtinst that virt-install uses, and whether that needs the patch. Changes nothing and needs no root.",
    options: [],
    groups: [FACTS, TARGET, output()],
    examples: [
      { words: "inspect", what: "this host" },
      { words: "inspect --connect qemu+ssh://hv01/system --json > hv01.json", what: "another one's facts, for --host" },
      { words: "inspect --root /mnt", what: "an image that is mounted there" },
    ],
    exits: {},
  },
  {
    name: "render",
    summary: "write the patch for this host, as a unified diff, to be reviewed",
    purpose:
      "Writes the patch that apply would make, as a unified diff that `patch -p1`, `git apply` and `apply FILE` take. Changes nothing on the host.",
    options: [
      {
        flags: "-o, --output <file>",
        description: "write it to a file, not to standard output; with --hosts, to a folder",
      },
      { flags: "--reverse", description: "the patch that undoes it" },
      HOSTS,
    ],
    groups: [FACTS, TARGET, output("with --hosts, a line for each host")],
    examples: [
      { words: "render -o host.patch", what: "for this host" },
      {
        words: "render --host hv01.json --virtinst vm -o hv01.patch",
        what: "for another, from its facts and its files",
      },
      { words: "render --hosts facts --virtinst vm -o patches", what: "for many" },
    ],
    exits: {},
  },
  {
    name: "bundle",
    summary: "write one Python file that does all this on a host without Node",
    purpose:
      "Writes one Python file for hosts without Node: it applies, verifies and reverts there just as this tool does, with the facts of the host that it was made for.",
    options: [
      {
        flags: "-o, --output <file>",
        description: "write it to a file, not to standard output; with --hosts, to a folder",
      },
      HOSTS,
    ],
    groups: [
      FACTS,
      { ...TARGET, heading: "Which virtinst (--virtinst as often as needed)" },
      output("with --hosts, a line for each host"),
    ],
    examples: [
      { words: "bundle --connect qemu+ssh://hv01/system -o hv01.py", what: "for one host" },
      { words: "bundle --hosts facts -o bundles", what: "for many, from their documents" },
    ],
    exits: {},
    page: "el7.md",
  },
  {
    name: "hook",
    argument: { name: "kind", required: true, values: ENGINES },
    summary: "write what keeps hosts patched: ansible, apt, dnf, image, puppet, salt, systemd, yum",
    purpose:
      "Writes what keeps hosts patched when virt-manager is updated or a cluster changes, as the engine's own users would have written it. On the hosts nothing but the bundle runs.",
    options: [
      {
        flags: "-o, --output <dir>",
        description: "write all of it to a folder, the program for the host too",
        completes: "folders",
      },
    ],
    groups: [FACTS, { ...TARGET, heading: "Which virtinst (--virtinst as often as needed)" }, output()],
    examples: [
      { words: "hook apt", what: "to read it" },
      { words: "hook ansible -o roles", what: "to have it" },
    ],
    exits: {},
  },
  {
    name: "apply",
    argument: { name: "patch", required: false, looks: /^-$|\.(patch|diff)$/, without: ["--pool"] },
    summary: "patch this host's virtinst; a second time it does nothing",
    purpose:
      "Puts what this host's pools need into the one file of virtinst that makes a new guest's XML. The file is replaced whole or left as it was, and a second time nothing changes. With PATCH, a file that render wrote (- for standard input), exactly that goes in, if it is for this host.",
    options: [
      ...CHANGE,
      {
        flags: "--force",
        description: "also where virtinst does all that these pools need, or the patch is for other facts",
      },
      { flags: "--replace-hand-edit", description: "take out what somebody made _build_xml do by hand" },
    ],
    groups: [FACTS, TARGET_AND_PYTHON, output("say by which Python it was compiled, and the release")],
    examples: [
      { words: "apply --check --diff", what: "what it would do" },
      { words: "apply", what: "do it (as root)" },
      { words: "apply host.patch", what: "exactly the patch that was reviewed" },
    ],
    exits: { 1: "with --check: something would be changed" },
  },
  {
    name: "verify",
    summary: "is it patched as it needs, and does it work?",
    purpose:
      "Says whether virtinst is just what this host needs, and proves it: runs the function that is in the file, and the host's own virt-install on a libvirt of its test driver. Changes nothing and needs no root.",
    options: [
      { flags: "--static", description: "look only: run neither the function nor virt-install", conflicts: ["vol"] },
      {
        flags: "--vol <pool/volume>",
        description: "have virt-install print a domain for that real volume too, and look at it",
        completes: "volumes",
      },
      { flags: "--report <file>", description: "write it as a page for a change ticket too: one HTML file" },
    ],
    groups: [FACTS, TARGET_AND_PYTHON, output("list each check")],
    examples: [
      { words: "verify", what: "this host" },
      { words: "verify --vol libvirtpool/virt-1", what: "with a volume that is there" },
      { words: "verify --report hv01.html", what: "with a page for the change ticket" },
      { words: "verify --static -q", what: "for a monitoring system: the exit code alone" },
    ],
    exits: { 0: "it is as it should be", 1: "it is not patched as it needs, or --vol could not be run" },
  },
  {
    name: "explain",
    summary: "what is in the patched file, in words: by whom, for which pools, from which file",
    purpose:
      "Tells whoever finds a patched file what was done to it: by which version of this tool, for which pools, into which file, where it stands, whether it is still as it was written and still fits this host, and what to do next. Where libvirt cannot be asked, all else is said. Changes nothing and needs no root.",
    options: [],
    groups: [FACTS, TARGET, output()],
    examples: [
      { words: "explain", what: "this host" },
      { words: "explain --root /mnt", what: "an image that is mounted there" },
      { words: "explain --virtinst vm --host hv01.json", what: "another host's files, beside its facts" },
    ],
    exits: { 0: "it was read, whatever it shows" },
  },
  {
    name: "preview",
    argument: { name: "domain", required: false, looks: /^-$|\.xml$/ },
    summary: "what the patch would make of a domain's XML",
    purpose:
      "Shows what the patch makes of a domain: of the XML in a file, or with - from standard input; of a made-up one where none is named. Nothing is defined.",
    options: [{ flags: "-o, --output <file>", description: "write the XML to a file, or with - to standard output" }],
    groups: [FACTS, TARGET_AND_PYTHON, output()],
    examples: [
      { words: "preview", what: "of a sample" },
      { words: "preview guest.xml", what: "of a domain in a file" },
    ],
    exits: {},
  },
  {
    name: "revert",
    summary: "take the patch out again, to the byte",
    purpose:
      "Takes the patch out again: the file is, in its bytes and its time, what it was. What somebody changed elsewhere in it stays. Asks libvirt for nothing.",
    options: CHANGE,
    groups: [TARGET_AND_PYTHON, output("say by which Python it was compiled, and the release")],
    examples: [
      { words: "revert --check --diff", what: "what it would do" },
      { words: "revert", what: "do it (as root)" },
    ],
    exits: { 1: "with --check: something would be changed" },
  },
];
