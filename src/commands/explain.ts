import { type CommonOptions, type Context, openContext } from "../context";
import { Failure } from "../failure";
import { about, type Result } from "../forms/result";
import { type Account, accountOf } from "../patch/account";
import { compareFacts } from "../patch/compare";
import { type CephPool, poolNames } from "../patch/facts";
import { BLOCK_FORMAT, TOOL, VERSION } from "../version";
import { editOf, replacementNotes } from "../virtinst/notes";
import { releasesWithHash } from "../virtinst/recipes";
import { openTarget, type Target } from "../virtinst/target";

/** What `explain` found. */
export type ExplainResult = Result<"explain">;

/**
 * Says what is in the patched file, from its blocks, and whether that still fits the host where its facts can be read.
 * Changes nothing.
 *
 * @throws Failure (target) where there is no virtinst, (usage) where the options do not go together
 */
export async function explain(options: CommonOptions): Promise<ExplainResult> {
  const { target, host } = await look(options);
  const { source, found } = target.examined;
  const account = accountOf(source.text, found);
  const own = host instanceof Failure ? null : host;
  const general = about(target, own, options.files);
  const edit = editOf(target);
  return {
    command: "explain",
    ...general,
    pools: account ? poolNames(account.facts) : [],
    blocks: account && blocksOf(target, account),
    fit: fitOf(account, host),
    handEdit: edit && { lines: edit.lines, raises: edit.raises },
    next: nextStep(target, account, general),
    notes: [...(own?.facts.notes ?? []), ...replacementNotes(target, options)],
  };
}

/** The file, and the host that it is on; why that is not known, since the blocks can be explained without it. */
async function look(options: CommonOptions): Promise<{ target: Target; host: Context | Failure }> {
  try {
    const context = await openContext(options);
    return { target: context, host: context };
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === "usage") throw error;
    return { target: openTarget(options, null), host: error };
  }
}

function blocksOf({ examined }: Target, account: Account): ExplainResult["blocks"] {
  const { found, basePristine } = examined;
  const header = found.state === "present" ? found.header : null;
  const { facts, ...read } = account;
  return {
    ...read,
    intact: found.state === "present" ? found.intact : null,
    inPlace: found.state === "present" ? found.inPlace : null,
    pristine: header && {
      sha256: header.pristine,
      modified: timeOf(header.modified),
      shippedIn: releasesWithHash(header.pristine),
      unchanged: basePristine,
    },
    pools: facts.map(({ libvirtPools, name, monitors, auth }) => ({ libvirtPools, cephPool: name, monitors, auth })),
  };
}

/** Seconds since 1970 as people write them; null beyond the years of a Date. */
function timeOf(modified: string): string | null {
  const time = new Date(Number(modified.split(".")[0]) * 1000);
  return Number.isNaN(time.getTime()) ? null : time.toISOString().replace(".000Z", "Z");
}

function fitOf(account: Account | null, host: Context | Failure): ExplainResult["fit"] {
  const unlike = (reason: string, hint: string | null) =>
    ({ status: "not compared", differences: [], reason, hint }) as const;
  if (host instanceof Failure) return unlike(host.message.replace(/\.$/, ""), host.hint);
  if (!account) return null;
  const { facts, complete, format } = account;
  if ((format ?? 0) > BLOCK_FORMAT) return unlike("this version does not know the layout of these blocks", null);
  if (!complete) return unlike("what the blocks say of their pools cannot be read whole", null);
  const differences = differencesOf(facts, host.facts.cephPools);
  return { status: differences.length > 0 ? "differs" : "fits", differences, reason: null, hint: null };
}

function differencesOf(facts: readonly CephPool[], host: readonly CephPool[]): string[] {
  const names = new Set(poolNames(facts));
  const named = host
    .map((pool) => ({ ...pool, libvirtPools: pool.libvirtPools.filter((name) => names.has(name)) }))
    .filter(({ libvirtPools }) => libvirtPools.length > 0);
  const more = poolNames(host).filter((name) => !names.has(name));
  return [
    ...compareFacts(facts, named),
    ...more.map((name) => `pool ${JSON.stringify(name)} of this host is not in the patch`),
  ];
}

function nextStep(
  { examined, installation }: Target,
  account: Account | null,
  { need, state }: Pick<ExplainResult, "need" | "state">,
): string {
  const dry = `\`${TOOL} apply --check --diff\` shows what \`${TOOL} apply\` (as root) would do.`;
  if (examined.state === "damaged")
    // This version has never written another format: somebody changed that line.
    return account && (account.format ?? 0) > BLOCK_FORMAT && account.tool !== VERSION
      ? `Use ${account.tool ? `version ${account.tool} of this tool, or a later one` : "a later version of this tool"}: only that can change these blocks.`
      : `${installation.restoring}, then apply again: \`${TOOL} apply\`.`;
  if (state === "current") return `\`${TOOL} verify\` proves that it works; \`${TOOL} revert\` (as root) takes it out.`;
  if (state === null) return `\`${TOOL} verify\` compares it with this host, where libvirt can be asked.`;
  if (state !== "absent" || need === "required" || need === "partial") return dry;
  if (need === "not needed") return "Nothing: no patch is needed here.";
  return `\`${TOOL} inspect\` says whether this host needs the patch.`;
}
