import { hostname } from "node:os";
import { Failure } from "./failure";
import type { HostConfig, HostOptions } from "./host/config";
import { isAnyMachine } from "./host/here";
import { readHost } from "./host/read-host";
import { choosePools, type PoolTable, resolvePools } from "./host/resolve-pools";
import { settleUsers } from "./host/users";
import { copiesAuth } from "./virtinst/affected";
import type { Installation } from "./virtinst/find";
import { examineTarget, isOwnVirtinst, readTarget, type Target, type TargetOptions } from "./virtinst/target-file";

/** The options that every command takes. */
export interface CommonOptions extends HostOptions, TargetOptions {
  /** The libvirt pools to use; by default all rbd pools. */
  readonly pool?: readonly string[];
}

/** The configuration of a host, with its pools and secrets resolved. */
export interface Host {
  readonly config: HostConfig;
  readonly poolTable: PoolTable;
  /** The selected pools, including those that cannot be used; empty on a host without a pool. */
  readonly chosen: HostConfig["pools"];
}

/** A host and its virtinst: what a command works on. */
export interface Context extends Host, Target {}

/** The selected pools of a host, usable or not. */
export function hostOf(config: HostConfig, { pool: only = [] }: Pick<CommonOptions, "pool">): Host {
  return { config, poolTable: resolvePools(config, only), chosen: choosePools(config, only) };
}

/** Resolves the pools for a virtinst: if it writes users into disks, the user of a disk identifies its pool. */
export function settle(host: Host, installation: Installation | null, { files }: CommonOptions): Host {
  return {
    ...host,
    poolTable: settleUsers(host.poolTable, () => installation !== null && copiesAuth(installation, files)),
  };
}

/** Returns the host if all of its pools can be used; fails (pools) if one cannot. */
export function requireUsable(host: Host): Host {
  const [broken] = host.poolTable.broken;
  if (broken) throw broken.failure;
  return host;
}

/** Reads the configuration of a host; fails (pools) if the configuration or one of its pools cannot be used. */
export async function openHost(options: CommonOptions): Promise<Host> {
  return requireUsable(hostOf(await readHost(options), options));
}

/**
 * Reads a host and its virtinst, usable or not.
 *
 * @returns the host, and its virtinst compared with the pools of the host, or why virtinst cannot be compared
 * @throws Failure (pools) if the host cannot be read
 */
export async function readBoth(options: CommonOptions): Promise<{ host: Host; target: Target | Failure }> {
  const host = hostOf(await readHost(options), options);
  try {
    const read = readTarget(options);
    const settled = settle(host, read.installation, options);
    const target = examineTarget(read, settled.poolTable.cephPools);
    const notes = [...settled.poolTable.notes, ...compareMachines(host, target, options)];
    return { host: { ...settled, poolTable: { ...settled.poolTable, notes } }, target };
  } catch (error) {
    if (error instanceof Failure) return { host, target: error };
    throw error;
  }
}

/**
 * Reads a host and its virtinst, both usable.
 *
 * @throws Failure (pools) if a pool cannot be used, or host and virtinst are of different machines, (target) like
 *   `readTarget`
 */
export async function openContext(options: CommonOptions): Promise<Context> {
  const { host, target } = await readBoth(options);
  requireUsable(host);
  if (target instanceof Failure) throw target;
  return { ...host, ...target };
}

/**
 * Refuses the configuration of one host with the virtinst of another host: the patch would have the wrong pools.
 *
 * @returns a note if a host file of this machine was written while virtinst had other content
 * @throws Failure (pools), unless virtinst was named (`--virtinst`) or is that of a mounted system (`--root`)
 */
export function compareMachines(
  { config: { host, source, elsewhere, virtinst: theirs } }: Pick<Host, "config">,
  { installation, examined }: Target,
  options: TargetOptions,
): string[] {
  if (!isOwnVirtinst(options)) return [];
  const differs = theirs?.sha256 != null && theirs.sha256 !== examined.baseHash;
  // A host file without a hostname, or with localhost, is from another host if it has another digest of virtinst.
  if (elsewhere || ((host === null || isAnyMachine(host)) && differs)) {
    const their = host === null ? "another host" : `host ${host}`;
    throw new Failure(
      "pools",
      `${source}: this is the configuration of ${their}, but ${installation.path} is on this host, ${hostname()}.`,
      `Run this on ${their}. Or copy the directory that contains its virtinst/ and virtcli/ (usually /usr/share/virt-manager) to this host, and name the copy with --virtinst.`,
    );
  }
  if (!differs) return [];
  return [
    `${source} was written when ${installation.path} had other content. Check that this host file is from this host, or write it again.`,
  ];
}
