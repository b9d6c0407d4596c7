import { olderDocument, refuseOtherMachine } from "./elsewhere";
import type { HostConfig, HostOptions } from "./host/config";
import { choosePools, type ResolvedFacts, resolveFacts } from "./host/facts";
import { readHost } from "./host/read";
import { settleUsers } from "./host/users";
import type { Installation } from "./virtinst/find";
import { copiesAuth } from "./virtinst/need";
import { openTarget, type Target, type TargetOptions } from "./virtinst/target";

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

/** Reads the host's facts, whether or not all of them fit together. */
export async function lookAtHost(options: CommonOptions): Promise<Host> {
  return hostOf(await readHost(options), options);
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
  return whole(await lookAtHost(options));
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
  const host = await openHost(options);
  const target = meet(host, options);
  const { facts, ...settled } = whole(settle(host, target.installation, options));
  return {
    ...settled,
    facts: { ...facts, notes: [...facts.notes, ...olderDocument(host, target, options)] },
    ...target,
  };
}

/**
 * The virtinst for a host's facts.
 *
 * @throws Failure (facts) where these are another machine's
 */
export function meet(host: Host, options: CommonOptions): Target {
  const target = openTarget(options, host.facts.cephPools);
  refuseOtherMachine(host, target, options);
  return target;
}
