import { type CommonOptions, openContext } from "../context";
import { about, type Result } from "../forms/result";
import { noPool } from "../host/facts";
import { unifiedDiff } from "../patch/diff";
import { type PoolFacts, poolNames, secretUuids } from "../patch/facts";
import { encode } from "../patch/source";
import { monitorText } from "../report/text";
import { TOOL, VERSION } from "../version";
import { targetNotes } from "../virtinst/notes";
import { planPatch } from "../virtinst/plan";

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
  const { installation, examined, file, config, facts, chosen } = context;
  if (chosen.length === 0) throw noPool(config);
  const { before, after, recipe } = planPatch(installation, examined, file.modified, facts.cephPools);
  const [from, to] = options.reverse ? [after, before] : [before, after];
  const found = about(context, context, options.files);
  const { need, needReason } = found;
  const header = [
    `${TOOL} ${VERSION}${options.reverse ? ", reversed" : ""}`,
    `host:     ${printable(config.host ?? "unknown")}`,
    ...facts.pools.map((pool) => `pool:     ${describePool(pool)}`),
    `release:  ${printable(installation.release ?? "unknown")} (layout ${recipe.name})`,
    `pristine: sha256 ${examined.baseHash}`,
  ];
  const text = header.map((line) => `# ${line}\n`).join("") + unifiedDiff(installation.file, from.text, to.text);
  return {
    command: "render",
    ...found,
    pools: poolNames(facts.cephPools),
    reverse: options.reverse ?? false,
    patch: text,
    bytes: encode({ ...before, text }),
    notes: [
      ...facts.notes,
      ...(await targetNotes(context, options, secretUuids(facts.cephPools))),
      ...(need === "not needed" || need === "impossible" ? [`The patch is ${need} here: ${needReason}.`] : []),
    ],
  };
}

function describePool({ pool, cephPool, monitors, auth }: PoolFacts): string {
  const hosts = monitors.map(monitorText).join(", ") || "of Ceph's configuration";
  const credentials = auth ? `user ${auth.username}, secret ${auth.uuid}` : "no auth";
  return printable(`${pool} (Ceph pool ${cephPool}, monitors ${hosts}, ${credentials})`);
}

/** In ASCII on one line, so that no name can look like a part of the diff. */
function printable(value: string): string {
  return value.replace(/[^ -~]/gu, (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`);
}
