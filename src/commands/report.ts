import { page, type Report } from "../output/page";
import type { Result } from "../output/schema";
import { sideBySide, unifiedDiff } from "../patch/diff";
import { sampleDomain } from "../patch/sample";
import type { HostFiles } from "../system/host-files";
import type { Context } from "../target";
import { writtenDisks } from "../virtinst/affected";

/** How a `verify` was run, and its exit code. */
export type VerifyRun = Pick<Report, "exitCode" | "words" | "at">;

/** The result of `verify` as a page for a change ticket: one HTML file, which loads nothing and runs nothing. */
export function report(context: Context, result: Result<"verify">, run: VerifyRun, files: HostFiles): string {
  const { installation, examined, poolTable } = context;
  const { base, source } = examined;
  const diff = base && unifiedDiff(installation.file, base.text, source.text);
  return page({ ...result, ...run, resolved: poolTable.pools, diff, disk: sampleDisk(context, result, files) });
}

/** A disk that the patch must change, preferably one whose check failed; null if the patch changes no disk. */
function sampleDisk(
  { poolTable, installation, chosen }: Context,
  { state, affected, behaviour }: Result<"verify">,
  files: HostFiles,
): Report["disk"] {
  if (state === "not-patched" && affected === "no") return null;
  const wrong = behaviour.checks.filter(({ passed }) => !passed).map(({ label }) => label);
  const sample = sampleDomain(poolTable.pools, writtenDisks(installation, chosen, files));
  const disks = sample.disks.filter(({ before, after }) => before !== after);
  const disk = disks.find(({ label }) => wrong.includes(label)) ?? disks[0];
  return disk ? { label: disk.label, ...sideBySide(outdented(disk.before), outdented(disk.after)) } : null;
}

/** Removes the indentation of a disk in its domain. */
const outdented = (disk: string) => disk.replace(/^ {4}/gm, "");
