import checkProgram from "../../templates/run.py";
import template from "../../templates/standalone.py";
import { FORM, VERSION } from "../version";
import { pythonText } from "./encode";
import type { CephPool } from "./facts";
import { renderFunction } from "./render-function";
import type { Sample } from "./sample";

/** A pool, as `verify` of the script checks it with virt-install. */
export interface CheckedPool {
  readonly pool: string;
  /** Whether it lists a monitor; libvirt's test driver takes no other. */
  readonly listed: boolean;
  /** Whether only its user tells its disks from those of others. */
  readonly byUser: boolean;
  /** Its element on the node of the test driver, and the words for a disk of it. */
  readonly xml: string;
  readonly disk: string;
  readonly image: string;
  /** Whether its disks need an auth. */
  readonly auth: boolean;
}

/** What is in a script. */
export interface StandaloneContent {
  /** The host that it is bound to; null for any. */
  readonly host: string | null;
  /** Where the pools were read from. */
  readonly source: string;
  readonly pools: readonly string[];
  readonly cephPools: readonly CephPool[];
  /** Whether a host is affected, and why, with `%s` for a path, by the four kinds of disk code. */
  readonly affected: readonly { readonly affected: string; readonly reason: string }[];
  /** Notes if virtinst copies no auth, and if it does. */
  readonly notes: readonly [readonly string[], readonly string[]];
  readonly verifyNotes: readonly string[];
  /** Why these pools are refused if virtinst copies no auth; null if they are not. */
  readonly refused: { readonly message: string; readonly hint: string } | null;
  readonly sample: Sample;
  readonly node: { readonly before: string; readonly after: string };
  readonly cdrom: string;
  readonly checked: readonly CheckedPool[];
}

const CONFIGURATION = /(?<=^# >>> configuration\n)[\s\S]*?(?=^# <<< configuration\n)/m;
const CHECK_PROGRAM = 'CHECK_PROGRAM = ""\n';

/**
 * Renders the script for a host without Node.
 *
 * @returns a program in printable ASCII, for Python 2.7 and 3.4 to 3.13, the same for the same content
 */
export function renderStandalone(content: StandaloneContent): string {
  const { sample, refused, checked, node } = content;
  const [before, after] = template.split(CONFIGURATION) as [string, string];
  const rest = after.replace(CHECK_PROGRAM, () => `CHECK_PROGRAM = ${rawLiteral(checkProgram)}\n`);
  const config = {
    host: content.host,
    source: content.source,
    pools: content.pools,
    affected: content.affected.map(({ affected, reason }) => [affected, reason]),
    notes_without_auth: content.notes[0],
    notes: content.notes[1],
    verify_notes: content.verifyNotes,
    refused: refused && [refused.message, refused.hint],
    labels: sample.disks.map(({ label }) => label),
    sample: [new Raw(sample.before), new Raw(sample.after)],
    node: [new Raw(node.before), new Raw(node.after)],
    cdrom: content.cdrom,
    disks: checked.map((pool) => ({ ...pool, xml: new Raw(pool.xml) })),
  };
  const block = rawLiteral(withoutOriginal(renderFunction(content.cephPools, NO_ORIGINAL, "")));
  return [
    before,
    "# This part is for one host. The rest is the same in every script of this version.\n",
    `VERSION, FORM = ${literal(VERSION)}, ${FORM}\n`,
    KEYS,
    `CONFIG = ${literal(config)}\n`,
    `FUNCTION = ${block}\n`,
    rest,
  ].join("");
}

const KEYS = `# FORM: the version of the JSON output.
# host: the script refuses to run on another (None: on any). source: where these pools were read from.
# affected: whether virtinst is affected, and why, for each thing that its disk code may do: see NOT_FOUND.
# verify_notes: notes of verify. refused: why these pools are refused if it copies no auth.
# labels, sample: a domain for the function check, without and with the patch. node, disks, cdrom: for the check with virt-install: pools of libvirt's test driver,
# and disks in them. listed: the pool has monitors. byUser: only its user tells it from another pool.
# image: the end of the name that the disk must have. auth: whether it must have one.
`;

const NO_ORIGINAL = { sha256: "0".repeat(64), modified: "0.000000000" };

/** The function block with two placeholder lines, `# original:` and `# block:`, which no value can contain. */
function withoutOriginal(block: string): string {
  const lines = block.split("\n").map((line) => /^# (?:original|block):(?= )/.exec(line)?.[0] ?? line);
  const text = lines.join("\n");
  if (text.split("# original:\n# block:\n").length !== 2) throw new RangeError("no place for the original file");
  return text;
}

/** Text that is written as it is, between three quotes. */
class Raw {
  constructor(readonly text: string) {}
}

/**
 * A Python literal. Text becomes `u"…"`, in which every character that could end it is an escape; long text is written
 * in pieces.
 */
function literal(value: unknown, indent = ""): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return textLiteral(value, `${indent}    `);
  if (value instanceof Raw) return rawLiteral(value.text);
  const deeper = `${indent}    `;
  const isList = Array.isArray(value);
  const items = isList
    ? value.map((one) => literal(one, deeper))
    : Object.entries(value as object).map(([key, one]) => `"${key}": ${literal(one, deeper)}`);
  const [open, close] = isList ? "[]" : "{}";
  const whole = `${open}${items.join(", ")}${close}`;
  if (indent.length + whole.length < 90 && !whole.includes("\n")) return whole;
  return `${open}\n${items.map((item) => `${deeper}${item},\n`).join("")}${indent}${close}`;
}

/** Pieces of a literal of up to 80 characters that split no escape; each ends at a blank, if it has one. */
const PIECES =
  /(?:\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|[^\\]){1,80}(?:(?<= )|$)|(?:\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|[^\\]){1,80}/g;

function textLiteral(value: string, indent: string): string {
  // Half a surrogate pair cannot be written to a terminal.
  const whole = pythonText(value.replace(/\p{Surrogate}/gu, "\ufffd"));
  if (whole.length <= 80) return whole;
  const pieces = whole.slice(2, -1).match(PIECES) ?? [];
  return `(\n${pieces.map((piece) => `${indent}u"${piece}"`).join("\n")})`;
}

/**
 * A raw Python literal between three single quotes. Runs of quotes are written as literals of their own, so that none is
 * left next to the three, and a backslash before a quote is refused.
 *
 * @param text printable ASCII lines
 * @throws RangeError if it is something else
 */
export function rawLiteral(text: string): string {
  if (!/^[\n -~]*\n$/.test(text) || /\\'/.test(text)) throw new RangeError("not a text for a raw literal");
  return `r'''${text.replace(/'{2,}/g, (quotes) => `''' "${quotes}" r'''`)}'''`;
}
