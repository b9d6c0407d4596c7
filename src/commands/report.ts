import type { Context } from "../context";
import { page, type Report } from "../output/page";
import { sideBySide, unifiedDiff } from "../patch/diff";
import { sampleDomain } from "../patch/sample";
import type { VerifyResult } from "./verify";

/** How a `verify` was run, and what it came to. */
export interface VerifyRun {
  readonly exitCode: number;
  /** The command line, without the program. */
  readonly words: readonly string[];
  readonly at: Date;
}

/** What `verify` found as a page for a change ticket: one HTML file, which loads nothing and runs nothing. */
export function report({ context, ...result }: VerifyResult, run: VerifyRun): string {
  const { pools } = context.facts;
  return page({ ...result, ...run, resolved: pools, diff: blocksDiff(context), disk: sampleDisk(context, result) });
}

/** What the blocks add to their file; null where they are damaged, so that nobody knows it without them. */
function blocksDiff({ installation, examined: { base, source } }: Context): string | null {
  return base && unifiedDiff(installation.file, base.text, source.text);
}

/** A disk of the sample domain that has to become another, one that does not if there is one; null where none has to. */
function sampleDisk(
  { facts, writes }: VerifyResult["context"],
  { state, affected, behaviour }: Omit<VerifyResult, "context">,
): Report["disk"] {
  if (state === "not-patched" && affected === "no") return null;
  const wrong = behaviour.checks.filter(({ passed }) => !passed).map(({ label }) => label);
  const disks = sampleDomain(facts.pools, writes).disks.filter(({ before, after }) => before !== after);
  const disk = disks.find(({ label }) => wrong.includes(label)) ?? disks[0];
  return disk ? { label: disk.label, ...sideBySide(outdented(disk.before), outdented(disk.after)) } : null;
}

/** Without the indentation that it has in its domain. */
const outdented = (disk: string) => disk.replace(/^ {4}/gm, "");
