import { Failure } from "../failure";
import type { Result } from "../output/schema";
import { unifiedDiff } from "../patch/diff";
import { type Examined, examine } from "../patch/examine";
import { type CephPool, poolNames } from "../patch/pools";
import { sampleDomain } from "../patch/sample";
import { encode, sameBytes } from "../patch/source";
import { replaceFile } from "../system/replace";
import { compileTexts, findPythons, isSkipped, type Python, runFunction } from "../virtinst/python";
import type { Plan, Target, TargetOptions } from "../virtinst/target-file";
import { type About, stateOf } from "./about";

/** What `apply` did to the file, or with --check would do. It has the new state if the file was written. */
type Change = Omit<Result<"apply">, "command" | keyof About> & Partial<Pick<About, "state" | "stateReason">>;

/** The result if the file does not change. */
export const UNCHANGED = { changed: false, compiled: null, restored: null, timeRestored: null, diff: "" } as const;

/**
 * Compiles the patched file and runs its function, then replaces the file. With `check`, the file is not replaced.
 *
 * @param pools the Ceph pools that the patch is for
 * @param wanted the Ceph pools of the host, which decide the new state of the file; null if they are unknown
 * @throws Failure if the patched file does not work or cannot be written; the message says whether the file was written
 */
export async function changeFile(
  target: Target,
  options: TargetOptions & { readonly check: boolean },
  plan: Plan,
  pools: readonly CephPool[],
  wanted: readonly CephPool[] | null,
): Promise<Change> {
  const { installation, examined, file } = target;
  const { check } = options;
  const result = { ...UNCHANGED, check, pools: poolNames(pools), notes: [] };
  if (sameBytes(plan.after, examined.source)) return { ...result, status: "current" };
  const content = encode(plan.after);
  const written = examine(content, pools, installation);
  const compiled = await tryContent(target, options, plan, written, pools);
  if (!check) await replaceFile(file, content);
  const drift = `Drift: ${examined.reason}. The patch is replaced; other changes in the file are kept.`;
  const status = examined.patch ? "updated" : "patched";
  return {
    ...result,
    ...(check ? {} : stateOf(wanted === pools ? written : examine(content, wanted, installation))),
    status: check ? `would be ${status}` : status,
    changed: true,
    compiled,
    diff: unifiedDiff(installation.file, examined.source.text, plan.after.text),
    notes: examined.state === "modified" ? [drift] : [],
  };
}

/**
 * Compiles the patched file and runs its function on a sample domain, with the Python that runs virt-install.
 *
 * @param pools the Ceph pools that the patch is for
 * @returns which Python did that, or "skipped" and the reason
 * @throws Failure (target) if no Python was found, or the file does not compile even without the patch; (behaviour) if
 *   the patched file does not compile, or the function does not work
 */
async function tryContent(
  { installation }: Target,
  options: TargetOptions,
  { before, after }: Plan,
  { state, reason, patch, base }: Examined,
  pools: readonly CephPool[],
): Promise<string> {
  const refused = (kind: "target" | "behaviour", what: string, hint: string) =>
    new Failure(kind, `${installation.path}: ${what}. Nothing was written.`, hint);
  const report = "Report this, with the file.";
  if (state !== "current" || !patch || !base || !sameBytes(base, before))
    throw refused("target", `the patched file would not be recognised: ${reason}`, report);
  const pythons = findPythons(installation, options);
  // An image may have another Python than this machine; on a live host, virt-install needs a Python too.
  if (isSkipped(pythons) && options.files.mounted && options.python === undefined) return `skipped: ${pythons.skipped}`;
  const compiled = isSkipped(pythons) ? pythons : await compileTexts(pythons, [before, after]);
  const hint = "Name the Python that runs virt-install with --python.";
  if (isSkipped(compiled)) throw refused("target", `the patched file could not be compiled: ${compiled.skipped}`, hint);
  const { python, faults } = compiled;
  const [old, fresh] = faults;
  if (old) {
    const how = `it does not compile with ${python.path}, even without the patch: ${old}`;
    throw refused("target", how, `${hint} Or: ${installation.restoring}.`);
  }
  const wrong = fresh
    ? `the patched file does not compile: ${fresh}`
    : await faultOfFunction(python, patch.block, pools);
  if (wrong) throw refused("behaviour", `${wrong} (${python.path})`, report);
  return `compiled by ${python.path} (${python.reason})`;
}

/** Why the function does not work, as a part of a sentence; null if it works. */
async function faultOfFunction(python: Python, block: string, pools: readonly CephPool[]): Promise<string | null> {
  const resolved = pools.flatMap(({ libvirtPools, name, monitors, auth }) =>
    libvirtPools.map((pool) => ({ pool, cephPool: name, monitors, auth })),
  );
  const answer = await runFunction([python], block, [], sampleDomain(resolved));
  if (isSkipped(answer)) return `the function could not be run: ${answer.skipped}`;
  if (answer.error) return `the function fails: ${answer.error}`;
  const failed = answer.checks.filter(({ passed }) => !passed);
  return failed.map(({ label, difference }) => `${label}: ${difference}`).join("; ") || null;
}
