import { type CommonOptions, type Host, lookAtHost, meet, settle } from "../context";
import type { HostDocument } from "../host/document";
import type { ResolvedFacts } from "../host/facts";
import { writeDocument } from "../host/write-document";
import { secretUuids } from "../patch/facts";
import { examine } from "../patch/state";
import { Failure } from "../report/failure";
import { findNeed } from "../virtinst/need";
import { targetNotes } from "../virtinst/notes";
import { releasesWithHash } from "../virtinst/recipes";
import type { Target } from "../virtinst/target";

/** What `inspect` found. */
export interface InspectResult {
  readonly command: "inspect";
  /** The host document: what `--json` prints. */
  readonly document: HostDocument;
  /** The pools with their secrets resolved. */
  readonly facts: ResolvedFacts;
  /** Pools that every other command refuses, why, and what mends them. */
  readonly broken: readonly { readonly pools: readonly string[]; readonly message: string; readonly hint: string }[];
  /** Where the facts came from. */
  readonly source: string;
  /** The virt-install that was found, and the releases whose file has the same hash; null without a virtinst. */
  readonly virtinst: {
    readonly program: string | null;
    readonly shippedIn: readonly string[];
    readonly stateReason: string;
  } | null;
  /** What could not be found or checked, in sentences. */
  readonly notes: readonly string[];
}

/** Reads what libvirt and virtinst look like, and whether a patch is needed. Changes nothing. */
export async function inspect(options: CommonOptions): Promise<InspectResult> {
  const looked = await lookAtHost(options);
  const target = findTarget(options, looked);
  const host = settle(looked, target instanceof Failure ? null : target.installation, options);
  const { config, facts } = host;
  const broken = facts.broken.map(({ pools, failure: { message, hint } }) => ({ pools, message, hint }));
  const common = { command: "inspect", facts, broken, source: config.source } as const;
  if (target instanceof Failure)
    return {
      ...common,
      document: writeDocument(config, null),
      virtinst: null,
      notes: [...facts.notes, `${target.message} ${target.hint}`],
    };
  const { installation, file } = target;
  const examined = facts.pools === looked.facts.pools ? target.examined : examine(file.bytes, facts.cephPools);
  return {
    ...common,
    document: writeDocument(config, {
      release: installation.release,
      file: installation.target.outside,
      sha256: examined.baseHash || null,
      state: examined.state,
      ...findNeed(installation, host.chosen, options.files),
    }),
    virtinst: {
      program: installation.program,
      shippedIn: releasesWithHash(examined.baseHash),
      // A host whose pools are all broken is not one without a pool.
      stateReason:
        examined.state === "stale" && facts.pools.length === 0 && host.chosen.length > 0
          ? "all of this host's rbd pools are broken, so that no blocks fit"
          : examined.reason,
    },
    notes: [...facts.notes, ...(await targetNotes(target, options, secretUuids(facts.cephPools)))],
  };
}

/** The target; why there is none, since a host without virtinst still has facts to carry elsewhere. */
function findTarget(options: CommonOptions, host: Host): Target | Failure {
  try {
    return meet(host, options);
  } catch (error) {
    if (error instanceof Failure && options.virtinst === undefined) return error;
    throw error;
  }
}
