import checkProgram from "../../templates/run.py";
import template from "../../templates/standalone.py";
import { FORM, VERSION } from "../version";
import { pythonText } from "./encode";
import type { CephPool } from "./pools";
import { renderFunction } from "./render-function";
import type { Sample } from "./sample";

/** A pool, as `verify` of the script checks it with virt-install. */
export interface CheckedPool {
  readonly pool: string;
  /** Whether the pool lists a monitor; libvirt's test driver requires one. */
  readonly listed: boolean;
  /** Whether only the user distinguishes disks of this pool from disks of other pools. */
  readonly byUser: boolean;
  /** The XML of the pool for the test driver, and the value of `--disk` for a volume in the pool. */
  readonly xml: string;
  readonly disk: string;
  readonly image: string;
  /** Whether disks of the pool need an <auth>. */
  readonly auth: boolean;
}

/** The content of a standalone script that depends on the host. */
export interface StandaloneContent {
  /** The only host that the script runs on; null for any host. */
  readonly host: string | null;
  /** Where the pools were read from. */
  readonly source: string;
  readonly pools: readonly string[];
  readonly cephPools: readonly CephPool[];
  /** For each of the four kinds of disk code: whether the host is affected, and why, with `%s` for a path. */
  readonly affected: readonly { readonly affected: string; readonly reason: string }[];
  /** The notes if virtinst copies no auth, and the notes if it does. */
  readonly notes: readonly [readonly string[], readonly string[]];
  readonly verifyNotes: readonly string[];
  /** Why these pools are refused if virtinst copies no auth; null if they are not refused. */
  readonly refused: { readonly message: string; readonly hint: string } | null;
  readonly sample: Sample;
  readonly node: { readonly before: string; readonly after: string };
  readonly cdrom: string;
  readonly checked: readonly CheckedPool[];
}

const CONFIGURATION = /(?<=^# >>> configuration\n)[\s\S]*?(?=^# <<< configuration\n)/m;
const CHECK_PROGRAM = 'CHECK_PROGRAM = ""\n';

/**
 * Renders the standalone script.
 *
 * @returns printable ASCII, for Python 2.7 and 3.4 to 3.13; the same bytes for the same content
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
# host: the script refuses to run on another host (None: any host). source: where the pools were read from.
# affected: whether virtinst is affected, and why, for each kind of disk code: see NOT_FOUND.
# verify_notes: notes of verify. refused: why these pools are refused if virtinst copies no auth.
# labels, sample: for the function check: the disks of a domain, and its XML before and after the patch.
# node, disks, cdrom: for the check with virt-install: pools for libvirt's test driver, and disks in them.
# listed: the pool lists a monitor. byUser: only the user distinguishes its disks from those of other pools.
# image: the end of the name that the disk must have. auth: whether the disk must have an <auth>.
`;

const NO_ORIGINAL = { sha256: "0".repeat(64), modified: "0.000000000" };

/** The function block with two placeholder lines, `# original:` and `# block:`, which no value can contain. */
function withoutOriginal(block: string): string {
  const lines = block.split("\n").map((line) => /^# (?:original|block):(?= )/.exec(line)?.[0] ?? line);
  const text = lines.join("\n");
  if (text.split("# original:\n# block:\n").length !== 2) throw new RangeError("no place for the original file");
  return text;
}

/** Text for a raw literal (`rawLiteral`). */
class Raw {
  constructor(readonly text: string) {}
}

/**
 * A Python literal. Text becomes `u"…"`, with an escape for each character that could end the literal; long text is
 * split into several literals.
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

/** Pieces of a literal, of up to 80 characters. No piece splits an escape; if possible, it ends with a blank. */
const PIECES =
  /(?:\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|[^\\]){1,80}(?:(?<= )|$)|(?:\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|[^\\]){1,80}/g;

function textLiteral(value: string, indent: string): string {
  // A lone surrogate cannot be written to a terminal.
  const whole = pythonText(value.replace(/\p{Surrogate}/gu, "\ufffd"));
  if (whole.length <= 80) return whole;
  const pieces = whole.slice(2, -1).match(PIECES) ?? [];
  return `(\n${pieces.map((piece) => `${indent}u"${piece}"`).join("\n")})`;
}

/**
 * A raw Python literal between three single quotes. Several quotes in a row become a literal of their own, so that they
 * cannot end the raw literal.
 *
 * @param text lines of printable ASCII, without a backslash before a single quote
 * @throws RangeError for any other text
 */
export function rawLiteral(text: string): string {
  if (!/^[\n -~]*\n$/.test(text) || /\\'/.test(text)) throw new RangeError("not a text for a raw literal");
  return `r'''${text.replace(/'{2,}/g, (quotes) => `''' "${quotes}" r'''`)}'''`;
}
