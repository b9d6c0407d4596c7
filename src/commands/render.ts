import { noPool } from "../host/resolve-pools";
import type { Result } from "../output/schema";
import { unifiedDiff } from "../patch/diff";
import { monitorText, poolNames, type ResolvedPool, secretText } from "../patch/pools";
import { encode } from "../patch/source";
import { type CommonOptions, openContext } from "../target";
import { TOOL, VERSION } from "../version";
import { planPatch, targetNotes } from "../virtinst/target-file";
import { about } from "./about";

/**
 * Renders the patch for a host and its virtinst. Changes nothing.
 *
 * The patch applies to the file without its patch blocks, even if the file is patched now.
 *
 * @param options `reverse`: whether to render the reverse patch
 * @returns also the bytes of the patch, in the encoding of the file
 * @throws Failure (pools) if there is no pool, (target) if the patch is damaged, or the file has an unknown layout
 */
export async function renderPatch(
  options: CommonOptions & { reverse: boolean },
): Promise<Result<"render"> & { bytes: Buffer }> {
  const context = await openContext(options);
  const { config, poolTable, chosen, installation, examined, file } = context;
  const { reverse } = options;
  if (chosen.length === 0) throw noPool(config);
  const { before, after } = planPatch(installation, examined, file.modified, poolTable.cephPools);
  const [from, to] = reverse ? [after, before] : [before, after];
  const found = about(context, context, options.files);
  const { affected, affectedReason } = found;
  const header = [
    `${TOOL} ${VERSION}${reverse ? ", reversed" : ""}`,
    `host:     ${printable(config.host ?? "unknown")}`,
    ...poolTable.pools.map((pool) => `pool:     ${describePool(pool)}`),
    `release:  ${printable(installation.release ?? "unknown")}`,
    `original: sha256 ${found.sha256}`,
  ];
  const text = header.map((line) => `# ${line}\n`).join("") + unifiedDiff(installation.file, from.text, to.text);
  return {
    command: "render",
    ...found,
    pools: poolNames(poolTable.cephPools),
    reverse,
    patch: text,
    bytes: encode({ ...before, text }),
    notes: [
      ...poolTable.notes,
      ...targetNotes(context, options),
      ...(affected === "no" || affected === "unsupported" ? [`Affected: ${affected}. ${affectedReason}.`] : []),
    ],
  };
}

function describePool({ pool, cephPool, monitors, auth }: ResolvedPool): string {
  const hosts = monitors.map(monitorText).join(", ") || "of Ceph's configuration";
  const credentials = auth ? `user ${auth.username}, secret ${secretText(auth)}` : "no auth";
  return printable(`${pool} (Ceph pool ${cephPool}, monitors ${hosts}, ${credentials})`);
}

/** Escapes all but printable ASCII, so that a name cannot look like a part of the diff. */
function printable(value: string): string {
  return value.replace(/[^ -~]/gu, (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`);
}
