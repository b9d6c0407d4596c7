import { refuseOtherMachine } from "./elsewhere";
import type { HostConfig, HostOptions } from "./host/config";
import { choosePools, type ResolvedFacts, resolveFacts } from "./host/facts";
import { readHost } from "./host/read";
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
  const config = await readHost(options);
  const only = options.pool ?? [];
  return { config, facts: resolveFacts(config, only), chosen: choosePools(config, only) };
}

/**
 * Reads the host's facts.
 *
 * @throws Failure (facts) where one of the pools is broken
 */
export async function openHost(options: CommonOptions): Promise<Host> {
  const host = await lookAtHost(options);
  const [broken] = host.facts.broken;
  if (broken) throw broken.failure;
  return host;
}

/**
 * Reads the host's facts, finds virtinst, and compares the two.
 *
 * @throws Failure (facts) where the facts are those of another machine than the virtinst
 */
export async function openContext(options: CommonOptions): Promise<Context> {
  return meet(await openHost(options), options);
}

/** The host's virtinst; the same for a host that was only looked at. */
export function meet(host: Host, options: CommonOptions): Context {
  const target = openTarget(options, host.facts.cephPools);
  refuseOtherMachine(host, target, options);
  return { ...host, ...target };
}
