import { basename } from "node:path";
import { Failure } from "../failure";
import { difference } from "../patch/diff";
import { type CephPool, poolNames, sha256 } from "../patch/facts";
import { encode } from "../patch/source";
import { examine } from "../patch/state";
import { ChangedMeanwhile, type Replaced, replaceFile } from "../system/replace";
import { byteCodeTimes } from "../virtinst/byte-code";
import { type Plan, sameBytes } from "../virtinst/plan";
import { releasesWithHash } from "../virtinst/recipes";
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
  refuseUnreadable(installation.target.outside, plan, facts);
  const compiled = await compilePlan(installation, options, plan);
  const said = [...notes, ...describeReplaced(plan)];
  const renewed = examined.found.state === "present";
  if (!options.check) {
    const { outside: path } = installation.target;
    options.announce?.({
      change: renewed ? "renew" : "put in",
      file: path,
      pools: poolNames(facts),
      handEdit: plan.replaced?.lines ?? null,
    });
    const replaced = await replace(target, options, plan);
    if (!replaced) return unchanged(facts, "current", said);
    said.push(...replaced.notes);
  }
  return {
    status: renewed ? "updated" : "patched",
    changed: true,
    pools: poolNames(facts),
    compiled,
    sha256: sha256(encode(plan.before)),
    diff: difference(options.diff, installation.file, examined.source.text, plan.after.text),
    notes: said,
  };
}

/** Whatever is written can be read again, and taken out again. */
function refuseUnreadable(path: string, { before, after }: Plan, facts: readonly CephPool[]): void {
  const { state, reason, base } = examine(encode(after), facts);
  if (state === "current" && base && sameBytes(base, before)) return;
  throw new Failure(
    "target",
    `${path}: what would be written could not be read again: ${reason}. Nothing was written.`,
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

/** What is to be said of a hand edit that is taken out. */
function describeReplaced({ replaced, before }: Plan): string[] {
  if (!replaced) return [];
  const shippedIn = releasesWithHash(sha256(encode(before)));
  return [
    `The hand edit in line ${replaced.lines} is taken out. ${
      shippedIn.length > 0
        ? `What is left is the file of virt-manager ${shippedIn.join(", ")}; revert will bring back that.`
        : "What is left is not the file of any upstream release; revert will bring back what is left."
    }`,
  ];
}
