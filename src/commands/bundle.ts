import { type CommonOptions, type Host, openHost, whole } from "../context";
import { Failure } from "../failure";
import { about, type Result } from "../forms/result";
import { noPool } from "../host/facts";
import { isAnyMachine } from "../host/here";
import { settleUsers } from "../host/users";
import { type BundleContent, type KnownFile, type ProvedPool, renderBundle } from "../patch/bundle";
import type { PoolFacts } from "../patch/facts";
import { linesOf } from "../patch/insert";
import { poolsToldApart, sampleDomain } from "../patch/sample";
import { wholeBase } from "../patch/state";
import { CDROM, NODE, nodePools } from "../proof/node";
import { remembering } from "../remember";
import { LEFTOVER } from "../system/leftovers";
import { VERSION_FILES } from "../virtinst/find";
import { needsOf } from "../virtinst/need";
import { knownFiles, pythonMajor, RECIPES, releasesWithHash, TARGET_FILES } from "../virtinst/recipes";
import { findSite } from "../virtinst/site";
import { openTarget, type TargetOptions } from "../virtinst/target";

/** Options of `bundle`. */
export interface BundleOptions extends Omit<CommonOptions, "virtinst"> {
  /** Folders that hold a `virtinst` package, beside the releases: a distribution's own; none by default. */
  readonly virtinsts?: readonly string[];
}

/** What `bundle` made. */
export type BundleResult = Result<"bundle">;

/**
 * Makes the one Python file that does this tool's work on a host without Node. Changes nothing.
 *
 * @throws Failure (facts) where a pool is broken or there is none, (target) where a named virtinst has no known layout
 */
export async function bundle(options: BundleOptions): Promise<BundleResult> {
  const host = await openHost(options);
  return bundler(options)(host);
}

/**
 * How each host's file is made. Hosts with equal facts share all but what names the host.
 *
 * @throws Failure (target) where a named virtinst has no known layout; for a host (facts), as `bundle` does
 */
export function bundler({ virtinsts = [], ...options }: BundleOptions): (host: Host) => BundleResult {
  const all = [...releasedFiles(), ...virtinsts.map((folder) => fileIn(folder, options))];
  const files = all.filter(({ sha256 }, index) => all.findIndex((one) => one.sha256 === sha256) === index);
  const shared = remembering(({ chosen, pools, cephPools, notes, refused }: Shared) =>
    renderBundle({
      ...{ facts: cephPools, files, notes, refused },
      ...{ needs: needsOf(chosen), temporary: LEFTOVER, releases: VERSION_FILES },
      layouts: TARGET_FILES.map((file) => ({ file, python: pythonMajor(file) })),
      sample: sampleDomain(pools),
      node: { ...NODE, cdrom: CDROM },
      proved: proved(chosen, pools),
    }),
  );
  return (host) => {
    const { config, chosen } = host;
    if (chosen.length === 0) throw noPool(config);
    const [untold, told] = [false, true].map((copies) => settleUsers(host.facts, () => copies)) as [
      typeof host.facts,
      typeof host.facts,
    ];
    const { cephPools, pools } = whole({ ...host, facts: told }).facts;
    const [refused = null] = untold.broken.map(({ failure: { message, hint } }) => ({ message, hint }));
    const program = shared({ chosen, pools, cephPools, notes: [untold.notes, told.notes], refused });
    const unnamed = config.host === null || isAnyMachine(config.host);
    return {
      command: "bundle",
      ...about(null, host, options.files),
      pools: chosen.map(({ name }) => name),
      notes: [...told.notes, ...unknownFile(config, files)],
      program: program({
        host: unnamed ? null : config.host,
        source: config.source,
        theirs: unnamed ? (config.virtinst?.sha256 ?? null) : null,
      }),
      knows: files.map(({ sha256, releases }) => ({ sha256, releases })),
    };
  };
}

/** All that a bundle depends on, but for the host's name and where its facts came from. */
type Shared = Pick<Host, "chosen"> &
  Pick<Host["facts"], "pools" | "cephPools"> &
  Pick<BundleContent, "notes" | "refused">;

/** What is to be said where the host's own file, as its document states it, is none that the bundle knows. */
function unknownFile({ host, virtinst }: Host["config"], files: readonly KnownFile[]): string[] {
  const sha256 = virtinst?.sha256 ?? null;
  if (sha256 === null || files.some((file) => file.sha256 === sha256)) return [];
  return [
    `The virtinst of ${host ?? "the host"} has a file that this bundle does not know (SHA-256 ${sha256}): there it will write nothing, and end with exit 4. Name a copy of that folder with --virtinst.`,
  ];
}

/** The file of each release and package that is known; several may have the same. */
function releasedFiles(): KnownFile[] {
  return RECIPES.flatMap((recipe) =>
    knownFiles(recipe).map(([, { sha256, lines }]) => ({
      ...{ sha256, lines, releases: releasesWithHash(sha256) },
      ...{ variables: recipe.returns, indent: INDENT },
    })),
  );
}

/** Of the body of `_build_xml` in each of them, 1.0.0 to 5.1.0. */
const INDENT = "        ";

/** The file of a virtinst that was named, without our blocks. */
function fileIn(virtinst: string, options: TargetOptions): KnownFile {
  const { installation, examined } = openTarget({ ...options, virtinst }, null);
  const { outside } = installation.target;
  const { text } = wholeBase(examined, installation);
  const { handEdit, ...site } = findSite(text, installation.file, outside);
  if (handEdit)
    throw new Failure(
      "target",
      `${outside}: _build_xml rewrites its XML by hand in line ${handEdit.lines}.`,
      "Restore the file from its package there, or take the edit out: virtinst-rbd-patch apply --replace-hand-edit, then revert.",
    );
  const { indent, variables } = site;
  return { sha256: examined.baseHash, releases: [], lines: linesOf(text, site), variables, indent };
}

/** The pools as virt-install is to write disks of them. */
function proved(chosen: Parameters<typeof nodePools>[0], facts: readonly PoolFacts[]): ProvedPool[] {
  const apart = poolsToldApart(facts);
  return nodePools(chosen).flatMap(({ pool, image, disk, xml }) => {
    const own = facts.find((one) => one.pool === pool.name);
    const told = apart.find((one) => one.pool === own);
    if (!own) return [];
    return {
      ...{ pool: pool.name, image, disk, xml, listed: told !== undefined && pool.monitors.length > 0 },
      byUser: told?.user !== undefined,
      user: own.auth?.username ?? null,
      uuid: own.auth?.uuid ?? null,
      monitors: own.monitors.map(({ name, port }) => [name, port === null ? null : String(port)] as const),
    };
  });
}
