import { CDROM, NODE, nodePools } from "../checks/node";
import { type CommonOptions, type Host, openHost, whole } from "../context";
import { noPool } from "../host/facts";
import { isAnyMachine } from "../host/here";
import { settleUsers } from "../host/users";
import type { Result } from "../output/schema";
import { type PoolFacts, poolNames } from "../patch/facts";
import { poolsToldApart, sampleDomain } from "../patch/sample";
import { type CheckedPool, renderStandalone, type StandaloneContent } from "../patch/standalone";
import { affectedBy } from "../virtinst/affected";
import { about } from "./about";

/** Options of `bundle`. */
export type BundleOptions = Omit<CommonOptions, "virtinst">;

/** What `bundle` generated. */
export type BundleResult = Result<"bundle">;

/**
 * Generates the standalone script: one Python file that does this tool's work on a host without Node. Changes nothing.
 *
 * @throws Failure (facts) if a pool cannot be used, or there is none
 */
export async function bundle(options: BundleOptions): Promise<BundleResult> {
  const host = await openHost(options);
  return bundler(options)(host);
}

/**
 * Generates the script of each host.
 *
 * @throws Failure (facts) for a host, as `bundle` does
 */
export function bundler(options: BundleOptions): (host: Host) => BundleResult {
  return (host) => {
    const { config, chosen } = host;
    if (chosen.length === 0) throw noPool(config);
    const [untold, told] = [false, true].map((copies) => settleUsers(host.facts, () => copies)) as [
      typeof host.facts,
      typeof host.facts,
    ];
    const { cephPools, pools } = whole({ ...host, facts: told }).facts;
    const [refused = null] = untold.broken.map(({ failure: { message, hint } }) => ({ message, hint }));
    const render = renderStandalone(
      contentOf({ chosen, pools, cephPools, notes: [untold.notes, told.notes], refused }),
    );
    const unnamed = config.host === null || isAnyMachine(config.host);
    return {
      command: "bundle",
      ...about(null, host, options.files),
      pools: poolNames(cephPools),
      notes: [...told.notes, ...(config.host === null ? [] : [unnamed ? NOT_BOUND : boundTo(config.host)])],
      program: render({
        host: unnamed ? null : config.host,
        source: config.source,
      }),
    };
  };
}

const NOT_BOUND =
  "The script is not bound to a host, because this one is named localhost. Run it only on hosts with these pools.";

function boundTo(host: string): string {
  return `The script is bound to host ${host} and refuses to run on others. For a script that is not bound, pass the pools as files: --pool-xml FILE --secret-xml FILE.`;
}

/** All that a script depends on, but for the host's name and the source of the configuration. */
type Shared = Pick<Host, "chosen"> &
  Pick<Host["facts"], "pools" | "cephPools"> &
  Pick<StandaloneContent, "notes" | "refused">;

function contentOf({ chosen, pools, cephPools, notes, refused }: Shared): StandaloneContent {
  return {
    ...{ pools: poolNames(cephPools), cephPools, notes, refused },
    ...{ affected: affectedBy(chosen), sample: sampleDomain(pools), node: NODE, cdrom: CDROM },
    checked: checkedPools(chosen, pools),
  };
}

/** The pools as virt-install should write disks of them. */
function checkedPools(chosen: Host["chosen"], pools: readonly PoolFacts[]): CheckedPool[] {
  const apart = poolsToldApart(pools);
  return nodePools(chosen).flatMap(({ pool, image, disk, xml }) => {
    const own = pools.find((one) => one.pool === pool.name);
    if (!own) return [];
    const told = apart.find((one) => one.pool === own);
    return {
      ...{
        pool: pool.name,
        image: image.slice(image.lastIndexOf("/")),
        disk,
        xml,
        listed: told !== undefined && pool.monitors.length > 0,
      },
      byUser: told?.user !== undefined,
      auth: own.auth !== null,
    };
  });
}
