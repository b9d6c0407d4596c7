import { olderDocument, refuseOtherMachine } from "./elsewhere";
import type { HostConfig, HostOptions } from "./host/config";
import { choosePools, type ResolvedFacts, resolveFacts } from "./host/facts";
import { readHost } from "./host/read";
import { settleUsers } from "./host/users";
import { copiesAuth } from "./virtinst/affected";
import type { Installation } from "./virtinst/find";
import { examineTarget, readTarget, type Target, type TargetOptions } from "./virtinst/target";

/** Options that every command takes. */
export interface CommonOptions extends HostOptions, TargetOptions {
  /** Names of the libvirt pools to take; all rbd pools by default. */
  readonly pool?: readonly string[];
}

/** What libvirt says of the host, and what follows from it. */
export interface Host {
  readonly config: HostConfig;
  readonly facts: ResolvedFacts;
  /** The pools that were asked for, broken ones too; none on a host without one. */
  readonly chosen: HostConfig["pools"];
}

/** A host and its virtinst. */
export interface Context extends Host, Target {}

/** A host that was looked at, and the way to its virtinst. */
export interface Looked {
  readonly host: Host;
  /**
   * The virtinst for the host's facts.
   *
   * @throws Failure (target) where there is none, (facts) where these are another machine's
   */
  readonly meet: () => Target;
}

/** Reads the host's facts and its virtinst, whether or not all of it fits together. */
export async function lookAround(options: CommonOptions): Promise<Looked> {
  // virsh, which is started in the first turn, takes longer than to find virtinst in the second.
  const secondTurn = new Promise((resolve) => setImmediate(resolve));
  const [config, read] = await Promise.allSettled([readHost(options), secondTurn.then(() => readTarget(options))]);
  if (config.status === "rejected") throw config.reason;
  const host = hostOf(config.value, options);
  const meet = () => {
    if (read.status === "rejected") throw read.reason;
    const target = examineTarget(read.value, host.facts.cephPools);
    refuseOtherMachine(host, target, options);
    return target;
  };
  return { host, meet };
}

/** The pools that are taken of what libvirt says of a host, whether or not all of them fit together. */
export function hostOf(config: HostConfig, { pool: only = [] }: Pick<CommonOptions, "pool">): Host {
  return { config, facts: resolveFacts(config, only), chosen: choosePools(config, only) };
}

/**
 * Reads the host's facts.
 *
 * @throws Failure (facts) where one of the pools is broken
 */
export async function openHost(options: CommonOptions): Promise<Host> {
  return whole(hostOf(await readHost(options), options));
}

/**
 * A host beside the virtinst that is to be patched: that decides whether a disk's user tells its pool.
 *
 * @param installation null for none
 */
export function settle(host: Host, installation: Installation | null, { files }: CommonOptions): Host {
  return { ...host, facts: settleUsers(host.facts, () => installation !== null && copiesAuth(installation, files)) };
}

/**
 * The host, if all of its pools can be used.
 *
 * @throws Failure (facts) where one of them is broken
 */
export function whole(host: Host): Host {
  const [broken] = host.facts.broken;
  if (broken) throw broken.failure;
  return host;
}

/**
 * Reads the host's facts, finds virtinst, and compares the two.
 *
 * @throws Failure (facts) where one of the pools is broken, nothing tells two apart, or the facts are another machine's
 */
export async function openContext(options: CommonOptions): Promise<Context> {
  const { host, meet } = await lookAround(options);
  whole(host);
  const target = meet();
  const { facts, ...settled } = whole(settle(host, target.installation, options));
  return {
    ...settled,
    facts: { ...facts, notes: [...facts.notes, ...olderDocument(host, target, options)] },
    ...target,
  };
}
