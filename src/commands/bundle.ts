import { CDROM, NODE, nodePools } from "../checks/node";
import { isAnyMachine } from "../host/here";
import { noPool } from "../host/resolve-facts";
import { settleUsers } from "../host/users";
import type { Result } from "../output/schema";
import { type PoolFacts, poolNames } from "../patch/facts";
import { poolsToldApart, sampleDomain } from "../patch/sample";
import { type CheckedPool, renderStandalone } from "../patch/standalone";
import type { HostFiles } from "../system/host-files";
import { type CommonOptions, type Host, openHost, whole } from "../target";
import { affectedBy } from "../virtinst/affected";
import { about } from "./about";

/** Options of `bundle`. */
export type BundleOptions = Omit<CommonOptions, "virtinst">;

/**
 * Generates the standalone script: one Python file that does this tool's work on a host without Node. Changes nothing.
 *
 * @throws Failure (facts) if a pool cannot be used, or there is none
 */
export async function bundle(options: BundleOptions): Promise<Result<"bundle">> {
  return bundleFor(await openHost(options), options.files);
}

/**
 * Generates the script of a host that was read.
 *
 * @throws Failure (facts) as `bundle` does
 */
export function bundleFor(host: Host, files: HostFiles): Result<"bundle"> {
  const { config, chosen } = host;
  if (chosen.length === 0) throw noPool(config);
  // Whether the virtinst there copies auth is seen when the script runs.
  const untold = settleUsers(host.facts, () => false);
  const told = settleUsers(host.facts, () => true);
  const { cephPools, pools } = whole({ ...host, facts: told }).facts;
  const names = poolNames(cephPools);
  const [refused = null] = untold.broken.map(({ failure: { message, hint } }) => ({ message, hint }));
  const boundTo = config.host === null || isAnyMachine(config.host) ? null : config.host;
  const program = renderStandalone({
    ...{ host: boundTo, source: config.source, pools: names, cephPools, notes: [untold.notes, told.notes], refused },
    ...{ affected: affectedBy(chosen), sample: sampleDomain(pools), node: NODE, cdrom: CDROM },
    checked: checkedPools(chosen, pools),
  });
  return {
    command: "bundle",
    ...about(null, host, files),
    pools: names,
    notes: [...told.notes, ...(config.host === null ? [] : [bindingNote(boundTo)])],
    program,
  };
}

function bindingNote(host: string | null): string {
  return host === null
    ? "The script is not bound to a host, because this one is named localhost. Run it only on hosts with these pools."
    : `The script is bound to host ${host} and refuses to run on others. For a script that is not bound, pass the pools as files: --pool-xml FILE --secret-xml FILE.`;
}

/** The pools as virt-install should write disks of them. */
function checkedPools(chosen: Host["chosen"], pools: readonly PoolFacts[]): CheckedPool[] {
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
