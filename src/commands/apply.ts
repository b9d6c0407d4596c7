import { type Change, type Unread, unchanged } from "../change/change";
import type { Reversal } from "../change/revert";
import { type CommonOptions, type Context, openContext } from "../context";
import { refuseOtherMachine } from "../elsewhere";
import type { HostConfig } from "../host/config";
import { readHost } from "../host/read";
import { secretUuids } from "../patch/facts";
import { Failure } from "../report/failure";
import { removeLeftovers } from "../system/leftovers";
import { findNeed } from "../virtinst/need";
import { replacementNotes, targetNotes } from "../virtinst/notes";
import { releasesWithHash } from "../virtinst/recipes";
import { openTarget, reportTarget, type Target, type TargetReport } from "../virtinst/target";

/** Options of `apply`. */
export interface ApplyOptions extends CommonOptions {
  /** A patch file that `render` made: exactly this is applied, if it is for the host's facts where these can be read. */
  readonly patch?: string;
  /** Whether to leave everything as it is, and only say what would be done; false by default. */
  readonly check?: boolean;
  /** Whether to patch where virtinst does all that these pools need, or by a patch for other facts; false by default. */
  readonly force?: boolean;
  /** Whether to take out what somebody made `_build_xml` do by hand; false by default. */
  readonly replaceHandEdit?: boolean;
}

/** What `apply` did, or with `check` would do; as with `revert` where it took the blocks out. */
export interface ApplyResult
  extends TargetReport,
    Omit<Change, "status">,
    Partial<Pick<Reversal, "pristine" | "timeRestored">> {
  readonly command: "apply";
  readonly check: boolean;
  readonly status: Change["status"] | "not needed" | "taken out";
  readonly shippedIn?: readonly string[];
}

/** What changes a file: the parser, the templates, Python, the replacement. A run that changes nothing needs none. */
const heavy = () => import("../change/apply");
const reversal = () => import("../change/revert");

/**
 * Makes the installed virtinst what the host needs; a second time it does nothing. A host without an rbd pool needs no
 * blocks: those that are there are taken out.
 *
 * @throws Failure where the facts do not fit together, the file has no known layout, the new text does not compile, or
 *   the file cannot be replaced; the file is then as it was
 */
export async function apply(options: ApplyOptions): Promise<ApplyResult> {
  if (options.patch !== undefined) return applyPatch(options, options.patch);
  const context = await openContext(options);
  const { status, notes } = decide(context, options);
  const said = [
    ...notes,
    // An edit that is to be taken out is no matter any more.
    ...(options.replaceHandEdit
      ? replacementNotes(context, options)
      : await targetNotes(context, options, secretUuids(context.facts.cephPools))),
    ...(await cleanUp(context, options, status === "to do" || status === "to take out")),
  ];
  if (status === "to take out") return report(context, options, await takeAllOut(context, options, said));
  if (status !== "to do") return report(context, options, unchanged(context.facts.cephPools, status, said));
  return report(context, options, await (await heavy()).applyPools(context, options, said));
}

/** Takes the blocks out, as `revert` does; another run may have done it meanwhile. */
async function takeAllOut(context: Context, options: ApplyOptions, notes: readonly string[]): Promise<Applied> {
  const done = await (await reversal()).takeOut(context, options);
  if (!done) return unchanged([], "not needed", notes);
  const shippedIn = releasesWithHash(context.examined.baseHash);
  const said = [...notes, ...done.notes];
  return { status: "taken out", changed: true, compiled: null, shippedIn, ...done, notes: said };
}

/** Applies exactly the patch in a file, after making sure that it is one of ours, whole and in its place. */
async function applyPatch(options: ApplyOptions, patch: string): Promise<ApplyResult> {
  if (options.replaceHandEdit || options.pool !== undefined)
    throw new Failure(
      "usage",
      `${patch} is applied as it is: --pool and --replace-hand-edit do not go with a patch.`,
      "Leave these options out, or leave the patch out.",
    );
  const target = openTarget(options, null);
  const facts = await ownFacts(options);
  if (!("unread" in facts)) refuseOtherMachine({ config: facts }, target, options);
  const left = await cleanUp(target, options, true);
  const change = await (await heavy()).applyReviewed(target, options, patch, facts);
  return report(target, options, { ...change, notes: [...left, ...change.notes] });
}

/** This host's facts, to compare a patch with; why there are none, unless it was said where they are. */
async function ownFacts(options: ApplyOptions): Promise<HostConfig | Unread> {
  const { connect, poolXml, secretXml, hostDocument } = options;
  try {
    return await readHost(options);
  } catch (error) {
    const named = [connect, poolXml, secretXml, hostDocument].some((option) => option !== undefined);
    if (named || !(error instanceof Failure)) throw error;
    return { unread: error.message };
  }
}

/** Removes what a killed run left. */
async function cleanUp({ folder }: Target, { check }: ApplyOptions, patient: boolean): Promise<string[]> {
  return check ? [] : removeLeftovers(folder, patient);
}

/** What is to be done, and what is to be said of it so far. */
interface Decision<Status> {
  readonly status: Status;
  readonly notes: readonly string[];
}

/** Whether there is anything to do, as far as digests and the installed disk code can tell. */
function decide(
  { installation, examined, chosen, facts }: Context,
  { files, force, replaceHandEdit }: ApplyOptions,
): Decision<"current" | "not needed"> | Decision<"to do" | "to take out"> {
  const { notes } = facts;
  if (chosen.length === 0) {
    if (examined.found.state !== "absent")
      return { status: "to take out", notes: [...notes, "This host has no rbd pool any more, so it needs no blocks."] };
    const nothing = `This host has no rbd pool: there is nothing to write${force ? ", not even with --force" : ""}.`;
    return { status: "not needed", notes: [...notes, nothing] };
  }
  if (examined.state === "current" && !replaceHandEdit) return { status: "current", notes };
  if (examined.found.state !== "absent") return { status: "to do", notes };
  const { need, reason } = findNeed(installation, chosen, files);
  if (need === "impossible")
    throw new Failure(
      "target",
      `${installation.target.outside}: ${reason}.`,
      "Upgrade virt-manager; 1.5 and later copy auth by themselves.",
    );
  if (need === "not needed" && !force)
    return {
      status: "not needed",
      notes: [...notes, `${reason}; --force patches all the same, for disks that are described by hand.`],
    };
  const unknown = `Whether the patch is needed was not checked: ${reason}.`;
  return { status: "to do", notes: need === "unknown" ? [...notes, unknown] : notes };
}

/** A result without what every result of a run says. */
type Applied = Omit<ApplyResult, "command" | "check" | keyof TargetReport>;

function report(target: Target, { check = false }: ApplyOptions, change: Applied): ApplyResult {
  const { changed, status, ...more } = change;
  return { command: "apply", changed, check, status, ...reportTarget(target), ...more };
}
