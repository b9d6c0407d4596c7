// Times are shown and never asserted: a busy machine would fail a test that nothing is wrong with.

/** What some work took, at each size. */
export interface Row {
  readonly title: string;
  /** From the smallest size to the largest. */
  readonly milliseconds: readonly number[];
}

/**
 * Measures a piece of work.
 *
 * @param inputs what it is done with, from the smallest to the largest
 * @param work what is done with each of them
 */
export function measured<Input>(title: string, inputs: readonly Input[], work: (input: Input) => unknown): Row {
  // The first time, the engine still compiles it.
  work(inputs[0] as Input);
  const milliseconds = inputs.map((input) => {
    const begin = performance.now();
    work(input);
    return performance.now() - begin;
  });
  return { title, milliseconds };
}

/** Prints by how much the time grew from each size to the next, and the last time itself, a line a row. */
export function printGrowth(heading: string, rows: readonly Row[]): void {
  const width = Math.max(...rows.map(({ title }) => title.length));
  const lines = rows.map(({ title, milliseconds }) => {
    const ratios = milliseconds.slice(1).map((time, at) => `x${(time / (milliseconds[at] as number)).toFixed(1)}`);
    return `  ${title.padEnd(width)}  ${ratios.map((ratio) => ratio.padStart(6)).join("")}  ${(milliseconds.at(-1) ?? 0).toFixed(0)} ms`;
  });
  console.log([heading, ...lines].join("\n"));
}

/** Prints the growth of each row in one line. */
export function printRatios(heading: string, rows: readonly Row[]): void {
  const ratio = ({ milliseconds }: Row) => (milliseconds.at(-1) as number) / (milliseconds[0] as number);
  console.log(`${heading}: ${rows.map((row) => `${row.title} x${ratio(row).toFixed(1)}`).join(", ")}`);
}
