import { CDROM, NODE, nodePools } from "../checks/node";
import { isAnyMachine } from "../host/here";
import { noPool } from "../host/resolve-pools";
import { settleUsers } from "../host/users";
import type { Result } from "../output/schema";
import { poolNames, type ResolvedPool } from "../patch/pools";
import { poolsToldApart, sampleDomain } from "../patch/sample";
import { type CheckedPool, renderStandalone } from "../patch/standalone";
import type { HostFiles } from "../system/host-files";
import { type CommonOptions, type Host, openHost, requireUsable } from "../target";
import { affectedBy } from "../virtinst/affected";
import { about } from "./about";

/** Options of `bundle`. */
export type BundleOptions = Omit<CommonOptions, "virtinst">;

/**
 * Generates the standalone script: one Python file that does this tool's work on a host without Node. Changes nothing.
 *
 * @throws Failure (pools) if a pool cannot be used, or there is none
 */
export async function bundle(options: BundleOptions): Promise<Result<"bundle">> {
  return bundleFor(await openHost(options), options.files);
}

/** Generates the script of a host that was read; fails (pools) as `bundle` does. */
export function bundleFor(host: Host, files: HostFiles): Result<"bundle"> {
  if (host.chosen.length === 0) throw noPool(host.config);
  const { cephPools, notes } = usablePools(host);
  return {
    command: "bundle",
    ...about(null, host, files),
    pools: poolNames(cephPools),
    notes: [...notes, ...(host.config.host === null ? [] : [bindingNote(boundTo(host))])],
    program: scriptFor(host, [FIXED]),
  };
}

const FIXED = "Changes to the pools since this script was generated cannot be detected.";

/** The script for the usable pools of a host, which may have none. Its `verify` prints the `verifyNotes`. */
export function scriptFor(host: Host, verifyNotes: readonly string[]): string {
  const { config, poolTable, chosen } = host;
  // The script finds out at run time whether virtinst copies auth. It gets the values for both cases.
  const untold = settleUsers(poolTable, () => false);
  const told = settleUsers(poolTable, () => true);
  const { cephPools, pools } = told;
  const [refused = null] = untold.broken.map(({ failure: { message, hint } }) => ({ message, hint }));
  return renderStandalone({
    ...{ host: boundTo(host), source: config.source, pools: poolNames(cephPools), cephPools, refused },
    ...{ notes: [untold.notes, told.notes], verifyNotes, affected: affectedBy(chosen) },
    ...{ sample: sampleDomain(pools), node: NODE, cdrom: CDROM, checked: checkedPools(chosen, pools) },
  });
}

/** The usable pools; fails (pools) if a pool is never usable. The script refuses pools that its virtinst cannot use. */
export function usablePools(host: Host): Host["poolTable"] {
  return requireUsable({ ...host, poolTable: settleUsers(host.poolTable, () => true) }).poolTable;
}

/** The name of the host that a script runs on; null for any. */
function boundTo({ config: { host } }: Host): string | null {
  return host === null || isAnyMachine(host) ? null : host;
}

function bindingNote(host: string | null): string {
  return host === null
    ? "The script is not bound to a host, because this host is named localhost. Run it only on hosts with these pools."
    : `The script is bound to host ${host} and refuses to run on others. To generate a script for any host, pass the pools as files: --pool-xml FILE --secret-xml FILE.`;
}

/** The pools with their volumes, for the script's check of virt-install. */
function checkedPools(chosen: Host["chosen"], pools: readonly ResolvedPool[]): CheckedPool[] {
  const apart = poolsToldApart(pools);
  return nodePools(chosen).flatMap(({ pool, image, disk, xml }) => {
    const own = pools.find((one) => one.pool === pool.name);
    if (!own) return [];
    const told = apart.find((one) => one.pool === own);
    return {
      ...{ pool: pool.name, image: image.slice(image.lastIndexOf("/")), disk, xml },
      listed: told !== undefined && pool.monitors.length > 0,
      byUser: told?.user !== undefined,
      auth: own.auth !== null,
    };
  });
}
