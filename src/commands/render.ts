import { type CommonOptions, type Host, openContext } from "../context";
import { noPool } from "../host/facts";
import type { Result } from "../output/schema";
import { unifiedDiff } from "../patch/diff";
import { examine, named } from "../patch/examine";
import { monitorText, type PoolFacts, poolNames, secretText } from "../patch/facts";
import { encode } from "../patch/source";
import { TOOL, VERSION } from "../version";
import { targetNotes } from "../virtinst/notes";
import { planPatch } from "../virtinst/plan";
import type { Target } from "../virtinst/target";
import { aboutTarget } from "./about";

/** Options of `render`. */
export interface RenderOptions extends CommonOptions {
  /** Whether to make the patch that takes the blocks out; false by default. */
  readonly reverse?: boolean;
}

/** What `render` made. */
export interface RenderResult extends Result<"render"> {
  /** The patch in the bytes of the file. */
  readonly bytes: Buffer;
}

/**
 * Makes the patch for a host and the virtinst that is installed. Changes nothing.
 *
 * The patch begins at the file without our blocks, whether it has some now or not.
 */
export async function renderPatch(options: RenderOptions): Promise<RenderResult> {
  const context = await openContext(options);
  return renderer(context, options)(context);
}

/**
 * For one virtinst, how the patch of each host is made.
 *
 * @throws for a host, Failure (facts) where it has no pool, (target) where the file is damaged or has no known layout
 */
export function renderer(target: Target, options: RenderOptions): (host: Host) => Promise<RenderResult> {
  const { installation, file } = target;
  const { reverse = false } = options;
  // Refuse a file without an insertion point before anything is written for any host.
  planPatch(installation, target.examined, file.modified, []);
  const notes = targetNotes(target, options);
  const render = ({ chosen, cephPools }: Shared) => {
    const examined = examine(file.bytes, cephPools, named(installation));
    const { before, after } = planPatch(installation, examined, file.modified, cephPools);
    const [from, to] = reverse ? [after, before] : [before, after];
    return {
      found: aboutTarget({ installation, examined }, chosen, options.files),
      before,
      diff: unifiedDiff(installation.file, from.text, to.text),
    };
  };
  return async ({ config, facts, chosen }) => {
    if (chosen.length === 0) throw noPool(config);
    const { found, before, diff } = render({ chosen, cephPools: facts.cephPools });
    const { affected, affectedReason } = found;
    const header = [
      `${TOOL} ${VERSION}${reverse ? ", reversed" : ""}`,
      `host:     ${printable(config.host ?? "unknown")}`,
      ...facts.pools.map((pool) => `pool:     ${describePool(pool)}`),
      `release:  ${printable(installation.release ?? "unknown")}`,
      `original: sha256 ${found.sha256}`,
    ];
    const text = header.map((line) => `# ${line}\n`).join("") + diff;
    return {
      command: "render",
      host: config.host,
      source: config.source,
      ...found,
      pools: poolNames(facts.cephPools),
      reverse,
      patch: text,
      bytes: encode({ ...before, text }),
      notes: [
        ...facts.notes,
        ...notes,
        ...(affected === "no" || affected === "unsupported" ? [`Affected: ${affected}. ${affectedReason}.`] : []),
      ],
    };
  };
}

/** All that a patch depends on, but for the host's name. */
type Shared = Pick<Host, "chosen"> & Pick<Host["facts"], "cephPools">;

function describePool({ pool, cephPool, monitors, auth }: PoolFacts): string {
  const hosts = monitors.map(monitorText).join(", ") || "of Ceph's configuration";
  const credentials = auth ? `user ${auth.username}, secret ${secretText(auth)}` : "no auth";
  return printable(`${pool} (Ceph pool ${cephPool}, monitors ${hosts}, ${credentials})`);
}

/** In ASCII on one line, so that no name can look like a part of the diff. */
function printable(value: string): string {
  return value.replace(/[^ -~]/gu, (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`);
}
