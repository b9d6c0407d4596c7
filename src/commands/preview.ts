import { Failure } from "../failure";
import { readRbdDisks } from "../host/domain";
import { noPool } from "../host/resolve-pools";
import type { Result } from "../output/schema";
import { unifiedTextDiff } from "../patch/diff";
import { poolNames } from "../patch/pools";
import { renderFunction } from "../patch/render-function";
import { sampleDomain } from "../patch/sample";
import { decode, encode, type Source } from "../patch/source";
import { isStandardInput, readInput, XML_LIMIT } from "../system/read";
import { type CommonOptions, openHost, requireUsable, settle } from "../target";
import { TOOL } from "../version";
import { writtenDisks } from "../virtinst/affected";
import { findVirtinst, type Installation, TARGET_FILES } from "../virtinst/find";
import { findPythons, isSkipped, runFunction } from "../virtinst/python";
import { isOwnVirtinst } from "../virtinst/target-file";
import { about } from "./about";

/**
 * Shows the effect of the patch on a domain: runs the function that the patch would add to virtinst.
 *
 * @param domain a file with a domain's XML, or `-` for standard input; by default a sample with a disk of each pool
 * @returns also the bytes of the resulting XML, in the encoding of the input
 * @throws Failure (behaviour) if no Python was found, or the function raises an exception
 */
export async function preview(options: CommonOptions, domain?: string): Promise<Result<"preview"> & { bytes: Buffer }> {
  const host = await openHost(options);
  if (host.chosen.length === 0 && domain === undefined) throw noPool(host.config);
  const installation = installed(options);
  // The virtinst of this machine may write other disks than that of another host.
  const theirs = host.config.elsewhere && isOwnVirtinst(options) ? null : installation;
  const { pools, cephPools, notes } = requireUsable(settle(host, theirs, options)).poolTable;
  const written = theirs ? writtenDisks(theirs, host.chosen, options.files) : undefined;
  const source: Source =
    domain === undefined ? { text: sampleDomain(pools, written).before, encoding: "utf8" } : readDomain(domain);
  const xml = source.text;
  // The header of the function is a comment: its values do not matter here.
  const block = renderFunction(cephPools, { sha256: "0".repeat(64), modified: "0.000000000" }, "");
  const pythons = findPythons(installation ?? { interpreter: null, program: null, file: TARGET_FILES[0] }, options);
  const answer = isSkipped(pythons) ? pythons : await runFunction(pythons, block, [xml]);
  const [result] = isSkipped(answer) ? [] : answer.results;
  if (isSkipped(answer) || result == null)
    throw new Failure(
      "behaviour",
      `The patch could not be run: ${isSkipped(answer) ? answer.skipped : answer.error}.`,
      "Name a Python with --python.",
    );
  const name = domain === undefined ? "sample.xml" : isStandardInput(domain) ? "domain.xml" : domain;
  return {
    command: "preview",
    ...about(null, host, options.files),
    changed: result !== xml,
    pools: poolNames(cephPools),
    xml: result,
    bytes: encode({ ...source, text: result }),
    diff: unifiedTextDiff(name, xml, result),
    notes: [...(domain === undefined ? [SAMPLE] : []), ...notes, ...new Set(answer.log)],
  };
}

const SAMPLE = `This domain is a sample with a disk of each pool, and not a guest of this host. To preview a guest: virsh dumpxml GUEST | ${TOOL} preview -, or ${TOOL} preview FILE.`;

/** A domain's XML, from a file or standard input; fails (io) if it cannot be read, (pools) if it is not a domain. */
function readDomain(name: string): Source {
  const { bytes, where, piped } = readInput(name, "io", XML_LIMIT);
  const source = decode(bytes);
  // virsh ends its output with an empty line even if it fails.
  if (piped && source.text.trim() === "")
    throw new Failure(
      "pools",
      "standard input is empty: it contains no domain XML.",
      "Check the command before the pipe: virsh list --all shows the domains.",
    );
  readRbdDisks(source.text, where);
  return source;
}

/** The virtinst whose Python runs the function; null if none was found. With --virtinst, fails (target) instead. */
function installed({ files, virtinst }: CommonOptions): Installation | null {
  try {
    return findVirtinst(files, virtinst);
  } catch (error) {
    if (!(error instanceof Failure) || virtinst !== undefined) throw error;
    return null;
  }
}
