import { type Found, markers, readFormat } from "./blocks";
import type { CephPool } from "./facts";
import { readFacts } from "./read-facts";
import { lineNumber } from "./source";

/**
 * What blocks say of themselves, as far as that can be read: of any format, whole or not. Nothing of it is certain; it is
 * for people.
 */
export interface Account {
  /** The version of the tool that wrote them; null where that cannot be read. */
  readonly tool: string | null;
  /** The format of the blocks; null where that cannot be read. */
  readonly format: number | null;
  /** The lines that they stand in, from 1: of the function, then of its calls; empty where that cannot be told. */
  readonly spans: readonly { readonly first: number; readonly last: number }[];
  /** The lines with a marker, from 1. */
  readonly markers: readonly number[];
  readonly facts: readonly CephPool[];
  /** Whether there are facts, and each of them was read whole. */
  readonly complete: boolean;
}

/**
 * Reads what the blocks in a file say of themselves.
 *
 * @param text the whole file
 * @param found what `findBlocks` makes of it
 * @returns null where it has no blocks
 */
export function accountOf(text: string, found: Found): Account | null {
  if (found.state === "absent") return null;
  const lines = markers(text);
  const helper = found.state === "present" ? found.blocks.helper : likelyHelper(text, lines);
  const { tool, format } = readFormat(helper);
  // Where the end is lost, all kinds of text follow.
  const stated = helper.split("\n    )\n", 1)[0] as string;
  const facts = readFacts(stated);
  // A monitor that cannot be read is passed over there.
  const monitors = facts.reduce((sum, pool) => sum + pool.monitors.length, 0);
  const spans = found.state === "present" ? found.spans : [];
  return {
    tool: tool || null,
    format: format || null,
    spans: spans.map(({ from, to }) => ({ first: lineNumber(text, from), last: lineNumber(text, to - 1) })),
    markers: lines.map(({ line }) => line),
    facts,
    complete: facts.length > 0 && facts.every(isWhole) && monitors === (stated.match(/^ {16}\S/gm) ?? []).length,
  };
}

/** What stands between the first marker and the next, in a file whose blocks do not fit together. */
function likelyHelper(text: string, [first, second]: readonly { readonly at: number }[]): string {
  return first ? `${text.slice(first.at, second?.at)}\n`.replace(/\r\n/g, "\n") : "";
}

function isWhole({ libvirtPools, name, monitors, auth }: CephPool): boolean {
  return (
    name !== "" &&
    libvirtPools.length > 0 &&
    [...libvirtPools, ...monitors.map((monitor) => monitor.name)].every((one) => one !== "") &&
    (auth === null || (auth.username !== "" && auth.uuid !== ""))
  );
}
