import { applyPools, applyReviewed, refuseManualEdit } from "../change/apply";
import { type Change, type Unread, unchanged } from "../change/change";
import { type Reversal, takeOut } from "../change/revert";
import { type CommonOptions, type Context, openContext, settle, whole } from "../context";
import { refuseOtherMachine } from "../elsewhere";
import { asFailure, Failure } from "../failure";
import type { HostConfig } from "../host/config";
import { resolveFacts } from "../host/facts";
import { readHost } from "../host/read";
import type { Result } from "../output/schema";
import type { CephPool } from "../patch/facts";
import { openTarget, type Target, targetNotes } from "../virtinst/target";
import { type About, about, CURRENT, NOT_PATCHED, stateOf } from "./about";

/** Options of `apply`. */
export interface ApplyOptions extends CommonOptions {
  /** A patch file that `render` made, `-` for standard input: exactly this is applied, if it is for the host's facts where these can be read. */
  readonly patch?: string;
  /** Whether to leave everything as it is, and only say what would be done; false by default. */
  readonly check?: boolean;
  /** Whether to patch where virtinst does all that these pools need, or by a patch for other facts; false by default. */
  readonly force?: boolean;
}

/** What `apply` did, or with `check` would do. */
export type ApplyResult = Result<"apply">;

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
  // Looked at before the change: what fails after it would leave it unsaid.
  const found = about(context, context, options.files);
  if (context.chosen.length > 0) refuseManualEdit(context, options);
  const { status, notes } = decide(context, found, options);
  const said = [...notes, ...targetNotes(context, options)];
  const change =
    status === "to remove"
      ? await takeAllOut(context, options, said)
      : status === "to do"
        ? await applyPools(context, options, said)
        : unchanged(context.facts.cephPools, status, said);
  return report(found, options, change);
}

/** Removes the patch, as `revert` does. */
async function takeAllOut(context: Context, options: ApplyOptions, notes: readonly string[]): Promise<Applied> {
  const done = await takeOut(context, options);
  return { status: "removed", changed: true, compiled: null, ...done, notes: [...notes, ...done.notes] };
}

/** Applies exactly the patch in a file, after making sure that it is one of ours, whole and in its place. */
async function applyPatch(options: ApplyOptions, patch: string): Promise<ApplyResult> {
  if (options.pool !== undefined)
    throw new Failure("usage", "--pool cannot be combined with PATCH.", "Leave out --pool, or leave out PATCH.");
  const target = openTarget(options, null);
  const facts = await ownFacts(options);
  if (!("unread" in facts)) refuseOtherMachine({ config: facts }, target, options);
  const wanted = "unread" in facts ? null : wantedHere(facts, target, options);
  const host = "unread" in facts ? null : { config: facts, chosen: facts.pools };
  const found = about(target, host, options.files);
  const change = await applyReviewed(target, options, patch, facts);
  return { ...report(found, options, change), ...stateNow(options, wanted) };
}

/** The file as it is now, judged as every other command does: the patch may be for other facts, or for some pools only. */
function stateNow(
  options: ApplyOptions,
  wanted: readonly CephPool[] | null,
): Pick<ApplyResult, "state" | "stateReason"> {
  try {
    return stateOf(openTarget(options, wanted).examined);
  } catch (error) {
    // What was done stays done, and is said.
    return { state: null, stateReason: `it could not be read again: ${asFailure(error).message}` };
  }
}

/** What the blocks of this host should be rendered from; null where that cannot be told. */
function wantedHere(config: HostConfig, { installation }: Target, options: ApplyOptions): readonly CephPool[] | null {
  try {
    return whole(settle({ config, facts: resolveFacts(config, []), chosen: [] }, installation, options)).facts
      .cephPools;
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** This host's facts, to compare a patch with; why there are none, unless it was said where they are. */
async function ownFacts(options: ApplyOptions): Promise<HostConfig | Unread> {
  const { connect, poolXml, secretXml, hostDocument } = options;
  try {
    return await readHost(options);
  } catch (error) {
    const named = [connect, poolXml, secretXml, hostDocument].some((option) => option !== undefined);
    // What is there below --root and cannot be read is no libvirt that does not answer.
    if (named || (options.files.mounted && !options.force) || !(error instanceof Failure)) throw error;
    return { unread: error.message };
  }
}

/** What is to be done, and what is to be said of it so far. */
interface Decision<Status> {
  readonly status: Status;
  readonly notes: readonly string[];
}

/** Whether there is anything to do, as far as digests and the installed disk code can tell. */
function decide(
  { installation, examined, chosen, facts }: Context,
  { affected, affectedReason }: About,
  { force }: ApplyOptions,
): Decision<"current" | "not needed"> | Decision<"to do" | "to remove"> {
  const { notes } = facts;
  if (chosen.length === 0) {
    if (examined.state !== "not-patched")
      return { status: "to remove", notes: [...notes, "This host has no rbd pool any more: the patch is removed."] };
    const nothing = `This host has no rbd pool: there is nothing to write${force ? ", not even with --force" : ""}.`;
    return { status: "not needed", notes: [...notes, nothing] };
  }
  if (examined.state === "current") return { status: "current", notes };
  if (examined.state !== "not-patched") return { status: "to do", notes };
  if (affected === "unsupported")
    throw new Failure(
      "target",
      `${installation.target.outside}: ${affectedReason}.`,
      "Upgrade virt-manager; 1.5 and later copy auth by themselves.",
    );
  if (affected === "no" && !force)
    return {
      status: "not needed",
      notes: [
        ...notes,
        `Not affected: ${affectedReason}. Use --force to patch anyway, for disks that are described without a volume.`,
      ],
    };
  const unknown = `Whether this host is affected was not checked: ${affectedReason}.`;
  return { status: "to do", notes: affected === "unknown" ? [...notes, unknown] : notes };
}

/** What became of the target: of blocks that were put in, or taken out, or left. */
type Applied = Omit<Change, "status"> &
  Partial<Reversal> & { readonly status: Change["status"] | "not needed" | "removed" };

function report(found: About, { check = false }: ApplyOptions, { status, ...change }: Applied): ApplyResult {
  const { changed } = change;
  const after = status === "removed" ? NOT_PATCHED : status === "not needed" ? {} : CURRENT;
  return {
    command: "apply",
    ...found,
    ...(check && changed ? {} : after),
    restored: null,
    timeRestored: null,
    ...change,
    check,
    status: check && changed ? WOULD_BE[status] : status,
  };
}

const WOULD_BE = {
  patched: "would be patched",
  updated: "would be updated",
  removed: "would be removed",
  current: "current",
  "not needed": "not needed",
} as const;
