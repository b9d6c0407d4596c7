import { type CommonOptions, openHost, settle, whole } from "../context";
import { Failure } from "../failure";
import { readRbdDisks } from "../host/domain";
import { noPool } from "../host/facts";
import type { Result } from "../output/schema";
import { unifiedTextDiff } from "../patch/diff";
import { poolNames } from "../patch/facts";
import { renderFunction } from "../patch/render";
import { sampleDomain } from "../patch/sample";
import { decode, encode, type Source } from "../patch/source";
import { isStandardInput, readInput, XML_LIMIT } from "../system/read";
import { TOOL } from "../version";
import { writtenDisks } from "../virtinst/affected";
import { findVirtinst, type Installation, pythonMajor } from "../virtinst/find";
import { findPythons, isSkipped, runFunction } from "../virtinst/python";
import { isOwnVirtinst } from "../virtinst/target";
import { about } from "./about";

/** Options of `preview`. */
export interface PreviewOptions extends CommonOptions {
  /**
   * A file with a domain's XML, or `-` for standard input; by default a domain with a disk from each of the host's
   * pools.
   */
  readonly domain?: string;
}

/** What the patch would make of a domain's XML. */
export interface PreviewResult extends Result<"preview"> {
  /** The XML in the bytes of the file that it was read from. */
  readonly bytes: Buffer;
}

/**
 * Shows what the patch would make of a domain, by running the very Python that it would put into virtinst.
 *
 * @throws Failure (behaviour) where there is no Python to run it, or it raises
 */
export async function preview(options: PreviewOptions): Promise<PreviewResult> {
  const host = await openHost(options);
  const { domain } = options;
  if (host.chosen.length === 0 && domain === undefined) throw noPool(host.config);
  const installation = installed(options);
  // What runs it here says nothing of another machine's disks.
  const theirs = host.config.elsewhere && isOwnVirtinst(options) ? null : installation;
  const { pools, cephPools, notes } = whole(settle(host, theirs, options)).facts;
  const written = theirs ? writtenDisks(theirs, host.chosen, options.files) : undefined;
  const source: Source =
    domain === undefined ? { text: sampleDomain(pools, written).before, encoding: "utf8" } : readDomain(domain);
  const xml = source.text;
  // The header of the function plays no part in what it does.
  const block = renderFunction(cephPools, { sha256: "0".repeat(64), modified: "0.000000000" }, "");
  const pythons = installation
    ? findPythons(installation, pythonMajor(installation.file), options)
    : findPythons({ interpreter: null, program: null }, 3, options);
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

const SAMPLE = `This domain is a sample, made up with a disk from each pool: no guest of this host is in it. For one of yours: virsh dumpxml GUEST | ${TOOL} preview -, or ${TOOL} preview FILE.`;

/**
 * A domain's XML, from a file or standard input.
 *
 * @throws Failure (io) where it cannot be read, (facts) where it is not a domain
 */
function readDomain(name: string): Source {
  const { bytes, where, piped } = readInput(name, "io", XML_LIMIT);
  const source = decode(bytes);
  // virsh ends its output with an empty line even where it fails.
  if (piped && source.text.trim() === "")
    throw new Failure(
      "facts",
      "standard input is empty: there is no domain's XML in it.",
      "See what the command before the pipe said: virsh list --all shows the domains that there are.",
    );
  if (piped && source.encoding !== "utf8")
    throw new Failure(
      "facts",
      "standard input is not UTF-8, as what virsh prints is.",
      "Give what virsh dumpxml prints; a file in another encoding by its name.",
    );
  readRbdDisks(source.text, where);
  return source;
}

/** The virtinst whose Python is to be used; a preview works without one too. */
function installed({ files, virtinst }: PreviewOptions): Installation | null {
  try {
    return findVirtinst(files, virtinst);
  } catch (error) {
    if (!(error instanceof Failure) || virtinst !== undefined) throw error;
    return null;
  }
}
