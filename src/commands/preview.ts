import { type CommonOptions, openHost, settle, whole } from "../context";
import { about, type Result } from "../forms/result";
import { readRbdDisks } from "../host/domain";
import { noPool } from "../host/facts";
import { unifiedTextDiff } from "../patch/diff";
import { poolNames } from "../patch/facts";
import { render } from "../patch/render";
import { sampleDomain } from "../patch/sample";
import { decode, encode } from "../patch/source";
import { Failure } from "../report/failure";
import { readNamed, XML_LIMIT } from "../system/read";
import { findVirtinst, type Installation } from "../virtinst/find";
import { findPythons, isNotRun, runHelper } from "../virtinst/python";
import { pythonMajor } from "../virtinst/recipes";

/** Options of `preview`. */
export interface PreviewOptions extends CommonOptions {
  /** A file with a domain's XML; by default a domain with a disk from each of the host's pools. */
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
  const { installation, major, found } = whatRuns(options);
  const { pools, cephPools, notes } = whole(settle(host, found, options)).facts;
  const source =
    domain === undefined
      ? ({ text: sampleDomain(pools).before, encoding: "utf8" } as const)
      : decode(readNamed(domain, "io", XML_LIMIT));
  const xml = source.text;
  if (domain !== undefined) readRbdDisks(xml, domain);
  // What the block says of its file plays no part in what it does.
  const { helper } = render(
    cephPools,
    { sha256: "0".repeat(64), modified: "0.000000000", lines: [1, 1] },
    { variables: [], indent: "" },
  );
  const pythons = findPythons(installation, major, options);
  const answer = isNotRun(pythons) ? pythons : await runHelper(pythons, helper, [xml]);
  const [result] = isNotRun(answer) ? [] : answer.results;
  if (isNotRun(answer) || result?.xml == null)
    throw new Failure(
      "behaviour",
      `The patch could not be run: ${isNotRun(answer) ? answer.notRun : answer.error}.`,
      "Name a Python with --python.",
    );
  const name = domain ?? "domain.xml";
  return {
    command: "preview",
    ...about(null, host, options.files),
    changed: result.xml !== xml,
    pools: poolNames(cephPools),
    xml: result.xml,
    bytes: encode({ ...source, text: result.xml }),
    diff: unifiedTextDiff(name, xml, result.xml),
    notes: [...notes, ...new Set(answer.log)],
  };
}

/** The virtinst whose Python is to be used; a preview works without one too. */
function whatRuns(options: PreviewOptions): {
  installation: Pick<Installation, "interpreter" | "program">;
  major: 2 | 3;
  found: Installation | null;
} {
  try {
    const installation = findVirtinst(options.files, options.virtinst);
    return { installation, major: pythonMajor(installation.file), found: installation };
  } catch (error) {
    if (!(error instanceof Failure) || options.virtinst !== undefined) throw error;
    return { installation: { interpreter: null, program: null }, major: 3, found: null };
  }
}
