import { type CephPool, poolNames, secretUuids, sha256 } from "../patch/facts";
import { encode } from "../patch/source";
import { Failure } from "../report/failure";
import { readFile } from "../system/paths";
import { readWithTime } from "../system/read";
import { VERSION } from "../version";
import type { Plan } from "../virtinst/plan";
import {
  type CommonOptions,
  chosenPools,
  openContext,
  openTarget,
  replacementNotes,
  reportTarget,
  type Target,
  type TargetReport,
} from "./context";

/** Options of `apply`. */
export interface ApplyOptions extends CommonOptions {
  /** A patch file that `render` made: exactly this is applied, and the host's facts are not asked. */
  readonly patch?: string;
  /** Whether to leave everything as it is, and only say what would be done; false by default. */
  readonly check?: boolean;
  /** Whether to patch where the installed virtinst does all that these pools need; false by default. */
  readonly force?: boolean;
  /** Whether to take out what somebody made `_build_xml` do by hand; false by default. */
  readonly replaceHandEdit?: boolean;
}

/** What `apply` did, or with `check` would do. */
export interface ApplyResult extends TargetReport {
  readonly command: "apply";
  readonly changed: boolean;
  readonly check: boolean;
  readonly status: "patched" | "updated" | "current" | "not needed";
  readonly pools: readonly string[];
  /** Whether the new text was compiled, and by what; a sentence that begins with "not run" where it was not. */
  readonly compiled: string | null;
  /** From the file as it is to the file as it should be; empty where nothing changes. */
  readonly diff: string;
  readonly notes: readonly string[];
}

/**
 * Makes the installed virtinst what the host needs; a second time it does nothing.
 *
 * @throws Failure where the facts do not fit together, the file has no known layout, the new text does not compile, or
 *   the file cannot be replaced; the file is then as it was
 */
export async function apply(options: ApplyOptions): Promise<ApplyResult> {
  if (options.patch !== undefined) return applyReviewed(options, options.patch);
  const context = await openContext(options);
  const { installation, examined, file, facts } = context;
  if (examined.state === "current" && !options.replaceHandEdit)
    return unchanged(context, options, "current", facts.cephPools, facts.notes);
  const notes = [...facts.notes];
  if (examined.found.state === "absent") {
    const { findNeed } = await import("../virtinst/need");
    const { need, reason } = findNeed(installation, chosenPools(context), options.root);
    if (need === "impossible")
      throw new Failure(
        "target",
        `${installation.path}: ${reason}.`,
        "Upgrade virt-manager; 1.5 and later copy auth by themselves.",
      );
    if (need === "not needed" && !options.force)
      return unchanged(context, options, "not needed", facts.cephPools, [
        ...notes,
        `${reason}; --force patches all the same, for disks that are described by hand.`,
      ]);
    if (need === "unknown") notes.push(`Whether the patch is needed was not checked: ${reason}.`);
  }
  const { planPatch, planWithoutHandEdit, sameBytes } = await import("../virtinst/plan");
  const cleaned = options.replaceHandEdit
    ? planWithoutHandEdit(installation, examined, file.modified, facts.cephPools)
    : null;
  if (options.replaceHandEdit && !cleaned) notes.push("There is no hand edit in _build_xml to replace.");
  const plan = cleaned ?? planPatch(installation, examined, file.modified, facts.cephPools);
  if (sameBytes(plan.after, examined.source)) return unchanged(context, options, "current", facts.cephPools, notes);
  return land(context, options, plan, facts.cephPools, notes);
}

/** Applies exactly the patch in a file, after making sure that it is one of ours, whole and in its place. */
async function applyReviewed(options: ApplyOptions, patchFile: string): Promise<ApplyResult> {
  const { connect, poolXml, secretXml, hostDocument, pool, replaceHandEdit } = options;
  if (replaceHandEdit || [connect, poolXml, secretXml, hostDocument, pool].some((option) => option !== undefined))
    throw new Failure(
      "usage",
      `${patchFile} is applied as it is: options that choose facts, or replace a hand edit, do not go with a patch.`,
      "Leave these options out, or leave the patch out.",
    );
  const target = openTarget(options, null);
  const { installation, examined } = target;
  const { planOn, sameBytes } = await import("../virtinst/plan");
  const { wholeBase } = await import("../patch/state");
  const { acceptPatch } = await import("../patch/accept");
  const base = wholeBase(examined, installation.path);
  // In the file's own encoding: the context lines are the file's.
  const patch = readFile(patchFile, "io").toString(base.encoding);
  const offered = acceptPatch(patch, installation.file, base.text, examined.baseHash, patchFile);
  if (offered.tool !== VERSION)
    throw new Failure(
      "target",
      `${patchFile}: it was made by version ${offered.tool}, and this is ${VERSION}. Nothing was written.`,
      "Make the patch anew on this host: virtinst-rbd-patch render -o FILE.",
    );
  const plan = planOn(base, installation, offered.pristine, offered.facts);
  if (!sameBytes(plan.after, { ...base, text: offered.text }))
    throw new Failure(
      "target",
      `${patchFile}: what it adds is not what this tool renders for the pools that it names. Nothing was written.`,
      "Somebody changed it, or its place is not in _build_xml. Make it anew: virtinst-rbd-patch render -o FILE.",
    );
  if (sameBytes(plan.after, examined.source)) return unchanged(target, options, "current", offered.facts, []);
  return land(target, options, plan, offered.facts, []);
}

async function land(
  target: Target,
  options: ApplyOptions,
  plan: Plan,
  facts: readonly CephPool[],
  notes: string[],
): Promise<ApplyResult> {
  const { installation, examined } = target;
  const compiled = await compile(target, options, plan);
  const { unifiedDiff } = await import("../patch/diff");
  notes.push(...replacementNotes(target, options), ...(await describePristine(plan, facts)));
  if (!options.check && !(await replace(target, plan))) return unchanged(target, options, "current", facts, notes);
  return {
    command: "apply",
    changed: true,
    check: options.check ?? false,
    status: examined.found.state === "present" ? "updated" : "patched",
    ...reportTarget(target),
    pools: poolNames(facts),
    compiled,
    diff: unifiedDiff(installation.file, examined.source.text, plan.after.text),
    notes,
  };
}

/** Replaces the file; false where another run put the very same text there meanwhile. */
async function replace({ installation, file }: Target, plan: Plan): Promise<boolean> {
  const { ChangedMeanwhile, replaceFile } = await import("../system/replace");
  const { byteCodeTimes } = await import("../virtinst/byte-code");
  const content = encode(plan.after);
  try {
    replaceFile(installation.path, file, content, { avoid: byteCodeTimes(installation.path) });
    return true;
  } catch (error) {
    if (error instanceof ChangedMeanwhile && readWithTime(installation.path).bytes.equals(content)) return false;
    throw error;
  }
}

/** What is to be said of the file that the blocks go into. */
async function describePristine(
  { recipe, handEdit, replaced, before }: Plan,
  facts: readonly CephPool[],
): Promise<string[]> {
  const { releasesWithHash } = await import("../virtinst/recipes");
  const shippedIn = releasesWithHash(sha256(encode(before)));
  const notes: string[] = [];
  if (replaced)
    notes.push(
      `The hand edit in line ${replaced.lines} is taken out. ${
        shippedIn.length > 0
          ? `What is left is the file of virt-manager ${shippedIn.join(", ")}; revert will bring back that.`
          : "What is left is not the file of any upstream release; revert will bring back what is left."
      }`,
    );
  else if (shippedIn.length === 0)
    notes.push(
      `The file is not that of any upstream release; its layout is that of ${Object.keys(recipe.pristine)[0]} and later, so it is taken.`,
    );
  if (handEdit) {
    const { describeHandEdit } = await import("../virtinst/hand-edit");
    notes.push(...describeHandEdit(handEdit, secretUuids(facts)));
  }
  return notes;
}

function unchanged(
  target: Target,
  options: ApplyOptions,
  status: "current" | "not needed",
  facts: readonly CephPool[],
  notes: readonly string[],
): ApplyResult {
  return {
    command: "apply",
    changed: false,
    check: options.check ?? false,
    status,
    ...reportTarget(target),
    pools: poolNames(facts),
    compiled: null,
    diff: "",
    notes,
  };
}

/** Has the Python that runs virt-install compile the new text; what does not compile never lands. */
async function compile(
  { installation }: Target,
  options: ApplyOptions,
  { before, after, recipe }: Plan,
): Promise<string> {
  const { compileTexts, findPythons, isNotRun } = await import("../virtinst/python");
  const pythons = findPythons(installation, recipe.python, options);
  const compiled = isNotRun(pythons) ? pythons : compileTexts(pythons, [before, after], installation.path);
  if (isNotRun(compiled)) {
    // An image's own Python is not this machine's; on a live host virt-install itself could not run.
    if (options.root !== undefined && options.python === undefined) return `not run: ${compiled.notRun}`;
    throw new Failure(
      "target",
      `${installation.path}: the new text could not be compiled: ${compiled.notRun}. Nothing was written.`,
      "Name the Python that runs virt-install with --python.",
    );
  }
  const [pristine, patched] = compiled.faults;
  const { path, reason } = compiled.python;
  if (pristine)
    throw new Failure(
      "target",
      `${installation.path} does not compile under ${path}, even without the patch: ${pristine}. Nothing was written.`,
      "Name the Python that runs virt-install with --python, or restore the file from its package.",
    );
  if (patched)
    throw new Failure(
      "behaviour",
      `${installation.path}: with the patch it would not compile under ${path}: ${patched}. Nothing was written.`,
      "Please report this, with the file.",
    );
  return `compiled by ${path} (${reason})`;
}
