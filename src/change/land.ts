import { basename } from "node:path";
import { Failure } from "../failure";
import { unifiedDiff } from "../patch/diff";
import { examine, named } from "../patch/examine";
import { type CephPool, poolNames } from "../patch/facts";
import { encode } from "../patch/source";
import { ChangedMeanwhile, type Replaced, replaceFile } from "../system/replace";
import { byteCodeTimes } from "../virtinst/byte-code";
import { type Plan, sameBytes } from "../virtinst/plan";
import { isThere, type Target } from "../virtinst/target";
import { type Change, type ChangeOptions, unchanged } from "./change";
import { compilePlan } from "./compile";

/**
 * Compiles the new text and replaces the target by it; with `check` only compiles.
 *
 * @param facts what its blocks are rendered from
 * @param notes what is to be said of it so far
 * @throws Failure where it does not compile or cannot be replaced; the target is then as it was
 */
export async function land(
  target: Target,
  options: ChangeOptions,
  plan: Plan,
  facts: readonly CephPool[],
  notes: readonly string[],
): Promise<Change> {
  const { installation, examined } = target;
  refuseUnreadable(target, plan, facts);
  const compiled = await compilePlan(installation, options, plan);
  const said = [...notes, ...drift(target)];
  const renewed = examined.patch !== null;
  if (!options.check) {
    const replaced = await replace(target, options, plan);
    if (!replaced) return unchanged(facts, "current", said);
    said.push(...replaced.notes);
  }
  return {
    status: renewed ? "updated" : "patched",
    changed: true,
    pools: poolNames(facts),
    compiled,
    diff: unifiedDiff(installation.file, examined.source.text, plan.after.text),
    notes: said,
  };
}

/** Refuses to write what `examine` would not recognise. */
function refuseUnreadable({ installation }: Target, { before, after }: Plan, facts: readonly CephPool[]): void {
  const { state, reason, base } = examine(encode(after), facts, named(installation));
  if (state === "current" && base && sameBytes(base, before)) return;
  throw new Failure(
    "target",
    `${installation.target.outside}: the patched file would not be recognised: ${reason}. Nothing was written.`,
    "Please report this, with the file.",
  );
}

/** Replaces the file; null where another run put the very same text there meanwhile. */
async function replace(target: Target, options: ChangeOptions, plan: Plan): Promise<Replaced | null> {
  const content = encode(plan.after);
  const { installation, folder, file } = target;
  const name = basename(installation.target.inside);
  const avoid = byteCodeTimes(installation.target, options.files);
  try {
    return await replaceFile(folder, name, file, content, { avoid });
  } catch (error) {
    if (error instanceof ChangedMeanwhile && isThere(target, options, content)) return null;
    throw error;
  }
}

/** What was changed by somebody else, and is replaced. */
function drift({ examined: { state, reason } }: Target): string[] {
  return state === "modified" ? [`Drift: ${reason}. The patch is replaced; other changes in the file are kept.`] : [];
}
