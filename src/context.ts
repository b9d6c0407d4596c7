import { olderDocument, refuseOtherMachine } from "./elsewhere";
import type { HostConfig, HostOptions } from "./host/config";
import { choosePools, type ResolvedFacts, resolveFacts } from "./host/facts";
import { readHost } from "./host/read";
import { settleUsers } from "./host/users";
import { copiesAuth } from "./virtinst/affected";
import type { Installation } from "./virtinst/find";
import { examineTarget, readTarget, type Target, type TargetOptions } from "./virtinst/target";

/** The options that every command takes. */
export interface CommonOptions extends HostOptions, TargetOptions {
  /** The libvirt pools to use; by default all rbd pools. */
  readonly pool?: readonly string[];
}

/** The configuration of a host, and what follows from it. */
export interface Host {
  readonly config: HostConfig;
  readonly facts: ResolvedFacts;
  /** The selected pools, including those that cannot be used; empty on a host without a pool. */
  readonly chosen: HostConfig["pools"];
}

/** A host and its virtinst. */
export interface Context extends Host, Target {}

/** A host, and the lookup of its virtinst. */
export interface Looked {
  readonly host: Host;
  /**
   * The virtinst, compared with the pools of the host.
   *
   * @throws Failure (target) if there is none, (facts) if it is on another host
   */
  readonly meet: () => Target;
}

/** Reads a host and its virtinst, without refusing any combination yet. */
export async function lookAround(options: CommonOptions): Promise<Looked> {
  // Find virtinst while virsh, which the first turn starts, is running.
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

/** The selected pools of a host, usable or not. */
export function hostOf(config: HostConfig, { pool: only = [] }: Pick<CommonOptions, "pool">): Host {
  return { config, facts: resolveFacts(config, only), chosen: choosePools(config, only) };
}

/**
 * Reads the configuration of a host.
 *
 * @throws Failure (facts) if a pool cannot be used
 */
export async function openHost(options: CommonOptions): Promise<Host> {
  return whole(hostOf(await readHost(options), options));
}

/** The host, given the virtinst to patch: it decides whether the user of a disk tells its pool. */
export function settle(host: Host, installation: Installation | null, { files }: CommonOptions): Host {
  return { ...host, facts: settleUsers(host.facts, () => installation !== null && copiesAuth(installation, files)) };
}

/**
 * Returns the host if all of its pools can be used.
 *
 * @throws Failure (facts) if one cannot
 */
export function whole(host: Host): Host {
  const [broken] = host.facts.broken;
  if (broken) throw broken.failure;
  return host;
}

/**
 * Reads a host and its virtinst, and compares the two.
 *
 * @throws Failure (facts) if a pool cannot be used or the two are of different hosts, (target) without a virtinst
 */
export async function openContext(options: CommonOptions): Promise<Context> {
  const { host, meet } = await lookAround(options);
  whole(host);
  const target = meet();
  const { facts, ...settled } = whole(settle(host, target.installation, options));
  const notes = [...facts.notes, ...olderDocument(host, target, options)];
  return { ...settled, facts: { ...facts, notes }, ...target };
}
