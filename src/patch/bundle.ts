import template from "../../templates/bundle.py";
import { BLOCK_FORMAT, FORM, VERSION } from "../version";
import { GRAMMAR } from "./blocks";
import { pythonText } from "./encode";
import { type CephPool, factsDigest, poolNames } from "./facts";
import { render } from "./render";
import type { Sample } from "./sample";

/** A file that a bundle knows by its hash. */
export interface KnownFile {
  readonly sha256: string;
  /** The releases and packages that have it; none for a file of a folder that was named. */
  readonly releases: readonly string[];
  /** The lines of it, from 1, before which the helper and the calls go. */
  readonly lines: readonly [number, number];
  readonly variables: readonly string[];
  /** Indentation of the method's body. */
  readonly indent: string;
}

/** A pool, as a bundle has virt-install write a disk of it. */
export interface ProvedPool {
  readonly pool: string;
  /** Whether it lists a monitor; libvirt's test driver takes no other. */
  readonly listed: boolean;
  /** Whether only its user tells its disks from those of others. */
  readonly byUser: boolean;
  /** Its element on the node of the test driver, and the words for a disk of it. */
  readonly xml: string;
  readonly disk: string;
  readonly image: string;
  readonly user: string | null;
  readonly uuid: string | null;
  readonly monitors: readonly (readonly [name: string, port: string | null])[];
}

/** What a bundle knows of the one host that it is for. */
export interface BundleHost {
  /** The host that the facts are of; null where they may be any host's. */
  readonly host: string | null;
  readonly source: string;
  /** The hash of that host's file without blocks, where it is known and the host has no name. */
  readonly theirs: string | null;
}

/** All else that a bundle knows: hosts with equal facts share it. */
export interface BundleContent {
  readonly facts: readonly CephPool[];
  /**
   * Whether the patch is needed, and why, with `%s` for a path: without disk code, and where that writes no network
   * disks, copies no auth, and copies auth.
   */
  readonly needs: readonly { readonly need: string; readonly reason: string }[];
  /** What is to be said where virtinst copies no auth, and where it does. */
  readonly notes: readonly [readonly string[], readonly string[]];
  /** Why these pools are refused where virtinst copies no auth; null where they are not. */
  readonly refused: { readonly message: string; readonly hint: string } | null;
  readonly files: readonly KnownFile[];
  /** The names of temporary files, and what states the release in which file, as regular expressions of Python too. */
  readonly temporary: RegExp;
  readonly releases: readonly (readonly [file: string, pattern: RegExp])[];
  /** The files that may hold `_build_xml`, and the major version of the Python that runs them; the first is taken. */
  readonly layouts: readonly { readonly file: string; readonly python: 2 | 3 }[];
  readonly sample: Sample;
  readonly node: { readonly before: string; readonly after: string; readonly cdrom: string };
  readonly proved: readonly ProvedPool[];
}

const PLACE = /(?<=# >>> rendered[^\n]*\n)[\s\S]*?(?=# <<< rendered\n)/;
const SECOND = /# >>> SECOND\n([\s\S]*?)# <<< SECOND\n/;

/**
 * Renders the file that a host without Node runs in the place of this tool.
 *
 * @returns for a host, a program in printable ASCII, for Python 2.7 and 3.4 to 3.13, the same for the same arguments
 */
export function renderBundle(content: BundleContent): (host: BundleHost) => string {
  const { facts, files, layouts, sample, node, proved, notes, needs, refused } = content;
  const sites = [...new Map(files.map((file) => [siteOf(file), file]))];
  const { helper } = blocks(facts, files[0] as KnownFile);
  // Between the two stands what depends on the file.
  const words = helper.slice(0, helper.search(/^# pristine: /m));
  const body = helper.slice(helper.search(/^def /m));
  const [first] = sample.disks;
  const head = sample.before.slice(0, sample.before.indexOf(first?.before ?? ""));
  const tail = sample.before.slice(head.length + sample.disks.reduce((sum, { before }) => sum + before.length, 0));
  const versions = `VERSION, FORMAT, FORM = "${VERSION}", ${BLOCK_FORMAT}, ${FORM}`;
  const lines = [
    `POOLS = ${list(poolNames(facts))}`,
    `FACTS = "${factsDigest(facts)}"`,
    `NOTES = (${notes.map((some) => list(some)).join(", ")})`,
    "# Whether virtinst leaves out what these pools need, and why: four kinds of disk code.",
    `NEEDS = [${needs.map(({ need, reason }) => `("${need}", ${text(reason)})`).join(",\n         ")}]`,
    `REFUSED = ${refused ? `(${text(refused.message)}, ${text(refused.hint)})` : "None"}`,
    "# SHA-256 of each file that it knows: its releases, the lines before which the blocks go, and which calls.",
    "FILES = {",
    ...files.map(
      (file) =>
        `    "${file.sha256}": (u"${file.releases.join(" ")}", ${file.lines.join(", ")}, ${sites.findIndex(([one]) => one === siteOf(file))}),`,
    ),
    "}",
    "# The files that may hold _build_xml, with their Python's major version; and the calls.",
    `LAYOUTS = [${layouts.map(({ file, python }) => `("${file}", "${python}")`).join(",\n           ")}]`,
    "CALLS = [",
    ...sites.map(([, file]) => `${raw(blocks(facts, file).call)},`),
    "]",
    "# A domain with a disk of each pool: what stands around its disks; what each stands for, before and after.",
    `SAMPLE = (${raw(head)}, ${raw(tail)})`,
    "DISKS = [",
    ...sample.disks.map(({ label, before, after }) => `(${text(label)}, ${raw(before)}, ${raw(after)}),`),
    "]",
    "# A node of libvirt's test driver with these pools, for virt-install to write disks of them.",
    `NODE = (${raw(node.before)}, ${raw(node.after)}, ${text(node.cdrom)})`,
    "NODE_POOLS = [",
    ...proved.map(
      (one) =>
        `    {"pool": ${text(one.pool)}, "listed": ${python(one.listed)}, "by user": ${python(one.byUser)}, "image": ${text(one.image)},\n     "disk": ${text(one.disk)}, "user": ${text(one.user)}, "uuid": ${text(one.uuid)},\n     "monitors": [${one.monitors.map(([name, port]) => `(${text(name)}, ${text(port)})`).join(", ")}],\n     "xml": ${raw(one.xml)}},`,
    ),
    "]",
    "# The grammar of the blocks, the names of temporary files, and where a virtinst states its release.",
    `MARKER = ${raw(GRAMMAR.marker)}`,
    `FOREIGN = (${GRAMMAR.foreign.map(raw).join(",\n           ")})`,
    `STATED = (${GRAMMAR.stated.map(raw).join(",\n          ")})`,
    `DIGEST_LINE = ${raw(GRAMMAR.digestLine)}`,
    `TEMPORARY = ${raw(content.temporary.source)}`,
    `RELEASES = [${content.releases.map(([file, { source }]) => `("${file}", ${raw(`(?m)${source}`)})`).join(",\n            ")}]`,
    "# What is put into the file: words for its reader, then the function.",
    `WORDS = ${raw(words)}`,
    `FUNCTION = ${raw(body)}`,
  ];
  // Python takes as long to compile the second half as to start: as a text it waits until it is needed.
  const halves = template.replace(SECOND, (_, second: string) => `SECOND = ${raw(`\n${second}`)}\n`);
  const [above, below] = halves.split(PLACE) as [string, string];
  return ({ host, source, theirs }) => {
    const own = [
      `HOST = ${text(host)}`,
      `SOURCE = ${text(source)}`,
      `THEIRS = ${theirs === null ? "None" : `"${theirs}"`}`,
    ];
    return `${above}${[versions, ...own, ...lines].join("\n")}\n${below}`;
  };
}

function blocks(facts: readonly CephPool[], { variables, indent }: Pick<KnownFile, "variables" | "indent">) {
  return render(facts, { sha256: "0".repeat(64), modified: "0.000000000", lines: [1, 1] }, { variables, indent });
}

function siteOf({ variables, indent }: KnownFile): string {
  return JSON.stringify([variables, indent]);
}

function python(value: boolean): string {
  return value ? "True" : "False";
}

function list(values: readonly string[]): string {
  return `[${values.map((value) => text(value)).join(", ")}]`;
}

/** Text of a block between three quotes, as it stands there. */
function raw(value: string): string {
  // A pool's name may hold three quotes; nothing in a block ends in a backslash.
  return `r'''${value.split("'''").join(`''' "'''" r'''`)}'''`;
}

/** A text as a literal; a long one in pieces, a line of its own each. */
function text(value: string | null): string {
  if (value === null) return "None";
  const whole = pythonText(value);
  if (whole.length <= 40) return whole;
  const pieces = (whole.slice(2, -1).match(/(?:\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|[^\\]){1,90}/g) ?? []).map(
    (piece) => `    u"${piece}"`,
  );
  return `(\n${pieces.join("\n")})`;
}
