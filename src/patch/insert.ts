import type { Blocks } from "./blocks";
import { lineNumber, withLineEnds } from "./source";

/** Where the blocks go in a file that has none. */
export interface Site {
  /** Offset of the line after the last import. */
  readonly helperAt: number;
  /** Offset of the line after the last assignment to either variable. */
  readonly callAt: number;
  /** Indentation of the method's body. */
  readonly indent: string;
  /** The two variables that the method returns, in its order. */
  readonly variables: readonly [string, string];
}

/**
 * The lines before which the blocks go, as a block states them.
 *
 * @param text the whole file, without our blocks
 * @returns numbers, from 1
 */
export function linesOf(text: string, { helperAt, callAt }: Pick<Site, "helperAt" | "callAt">): [number, number] {
  return [lineNumber(text, helperAt), lineNumber(text, callAt)];
}

/**
 * Puts both blocks into a file, with the line ends of the lines before them.
 *
 * @param text the whole file, without our blocks
 * @returns the whole file with them; `strip` undoes it to the byte
 */
export function insert(text: string, site: Pick<Site, "helperAt" | "callAt">, blocks: Blocks): string {
  return (
    text.slice(0, site.helperAt) +
    withLineEnds(blocks.helper, text, site.helperAt) +
    text.slice(site.helperAt, site.callAt) +
    withLineEnds(blocks.call, text, site.callAt) +
    text.slice(site.callAt)
  );
}
