import { Failure } from "../failure";
import { unifiedDiff } from "../patch/diff";
import { examine, named } from "../patch/examine";
import { type CephPool, poolNames } from "../patch/facts";
import { encode, sameBytes } from "../patch/source";
import { replaceFile } from "../system/replace";
import type { Plan, Target } from "../virtinst/target";
import type { Change, ChangeOptions } from "./change";
import { tryPlan } from "./try-plan";

/**
 * Tries the new file, and replaces the old one; with `check`, only tries it.
 *
 * @param facts what its patch is rendered from
 * @param notes what to report so far
 * @throws Failure if it does not work or cannot be written; the message says whether the file was replaced
 */
export async function land(
  { installation, examined, file }: Target,
  options: ChangeOptions,
  plan: Plan,
  facts: readonly CephPool[],
  notes: readonly string[],
): Promise<Change> {
  const { outside: path } = installation.target;
  const content = encode(plan.after);
  const written = examine(content, facts, named(installation));
  if (written.state !== "current" || !written.patch || !written.base || !sameBytes(written.base, plan.before))
    throw new Failure(
      "target",
      `${path}: the patched file would not be recognised: ${written.reason}. Nothing was written.`,
      "Report this, with the file.",
    );
  const compiled = await tryPlan(installation, options, plan, written.patch.block, facts);
  const updates = examined.patch !== null;
  if (!options.check) {
    await replaceFile(file, content);
  }
  const drift = `Drift: ${examined.reason}. The patch is replaced; other changes in the file are kept.`;
  return {
    status: updates ? "updated" : "patched",
    changed: true,
    pools: poolNames(facts),
    compiled,
    diff: unifiedDiff(installation.file, examined.source.text, plan.after.text),
    notes: examined.state === "modified" ? [...notes, drift] : notes,
  };
}
