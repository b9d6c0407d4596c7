import call from "../../templates/call.py.hbs";
import helper from "../../templates/helper.py.hbs";
import { BLOCK_FORMAT, VERSION } from "../version";
import { type Blocks, blocksDigest, withDigest } from "./blocks";
import { pythonNative, pythonText, xmlText } from "./encode";
import { type CephPool, factsDigest, poolNames } from "./facts";

/** What a block says of the file that it went into. */
export interface Pristine {
  /** SHA-256 of the whole file without our blocks. */
  readonly sha256: string;
  /** Its modification time, in seconds since 1970 with nine decimals: what `revert` puts back. */
  readonly modified: string;
  /** The lines of it, from 1, before which the helper and the calls go. */
  readonly lines: readonly [number, number];
}

/**
 * Renders both blocks.
 *
 * @param facts the Ceph pools, as `mergePools` gives them
 * @param pristine the file that they go into
 * @param site the variables that `_build_xml` returns, and the indentation of its body
 * @returns printable ASCII, the same for the same arguments
 */
export function render(
  facts: readonly CephPool[],
  pristine: Pristine,
  site: { readonly variables: readonly string[]; readonly indent: string },
): Blocks {
  const header = {
    tool: VERSION,
    format: BLOCK_FORMAT,
    pristine: pristine.sha256,
    modified: pristine.modified,
    helperLine: pristine.lines[0],
    callLine: pristine.lines[1],
    facts: factsDigest(facts),
    libvirtPools: poolNames(facts),
  };
  const calls = call({ ...site, tool: VERSION }, { helpers });
  const draft = { helper: helper({ ...header, blocks: "unknown", pools: facts }, { helpers }), call: calls };
  return withDigest(draft, blocksDigest(draft));
}

/** The only ways from a value into Python; HTML escaping is off, and templates may use nothing else. */
const helpers = {
  /** A value of this tool's own (a version, a digest, a variable that the parser found): letters and digits only. */
  plain(value: unknown): string {
    if (!/^[\w.+-]+$/.test(String(value))) throw new RangeError(`not plain: ${JSON.stringify(value)}`);
    return String(value);
  },
  /** White space that the parser found before a statement. */
  indentation(value: string): string {
    if (!/^[ \t\f]*$/.test(value)) throw new RangeError("not an indentation");
    return value;
  },
  /** The same width in blanks: a tab would hide a marker from the command that the header gives. */
  blanks: (value: string) => value.replace(/./g, " "),
  text: (value: unknown) => pythonText(String(value)),
  texts: (values: readonly string[]) => values.map(pythonText).join(", "),
  /** For a comment: a text without the `u` before it. */
  quoted: (values: readonly string[]) => values.map((value) => pythonText(value).slice(1)).join(", "),
  literal: (value: string) => pythonNative(value),
  xml: (value: unknown) => xmlText(String(value)),
  concat: (...parts: unknown[]) => parts.slice(0, -1).join(""),
};
