import type { HostConfig, HostOptions } from "./host/config";
import { type ResolvedFacts, resolveFacts } from "./host/facts";
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
  /** The pools that the facts were made from. */
  readonly chosen: HostConfig["pools"];
}

/** A host and its virtinst. */
export interface Context extends Host, Target {}

/** Reads the host's facts. */
export async function openHost(options: CommonOptions): Promise<Host> {
  const config = await readHost(options);
  const facts = resolveFacts(config, options.pool ?? []);
  const chosen = config.pools.filter(({ name }) => facts.pools.some(({ pool }) => pool === name));
  return { config, facts, chosen };
}

/** Reads the host's facts, finds virtinst, and compares the two. */
export async function openContext(options: CommonOptions): Promise<Context> {
  const host = await openHost(options);
  return { ...host, ...openTarget(options, host.facts.cephPools) };
}
