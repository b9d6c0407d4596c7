import { DEFAULT_URI } from "../host/read";
import { poolNames } from "../patch/facts";
import type { Sample } from "../patch/sample";
import type { PatchState } from "../patch/state";
import { Failure } from "../report/failure";
import { findNeed, type Need } from "../virtinst/need";
import type { HelperResult } from "../virtinst/python";
import { pythonMajor } from "../virtinst/recipes";
import { type CommonOptions, type Context, chosenPools, openContext, reportTarget, type TargetReport } from "./context";
import type { VolumeProof } from "./volume-proof";

/** Options of `verify`. */
export interface VerifyOptions extends CommonOptions {
  /** Whether to leave out the run under Python; false by default. */
  readonly static?: boolean;
  /** A volume, `POOL/VOLUME`, to have the host's own virt-install print a domain for; none by default. */
  readonly vol?: string;
}

/** Whether the blocks on disk do what they should. */
export interface Behaviour {
  readonly status: "passed" | "failed" | "not run";
  /** Which Python ran it, or why none did, in a sentence without its full stop. */
  readonly reason: string;
  /** What was looked at, one by one. */
  readonly checks: readonly { readonly label: string; readonly passed: boolean; readonly difference: string }[];
}

/** What `verify` found. */
export interface VerifyResult extends TargetReport {
  readonly command: "verify";
  readonly state: PatchState;
  readonly reason: string;
  /** Whether this host needs the patch at all; null where it has one. */
  readonly need: Need["need"] | null;
  readonly pools: readonly string[];
  readonly behaviour: Behaviour;
  /** What the host's own virt-install writes for the volume that was named; null where none was. */
  readonly volume: VolumeProof | null;
  readonly notes: readonly string[];
}

/** Says what the file is, beside what the host needs, and proves what its blocks do. Changes nothing. */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const { vol, connect, poolXml, hostDocument, root, virtinst } = options;
  if (vol !== undefined && (poolXml ?? hostDocument ?? root) !== undefined)
    throw new Failure(
      "usage",
      "--vol needs live libvirt, to ask virt-install for that volume.",
      "Leave out --pool-xml, --host and --root; --connect names another libvirt.",
    );
  const context = await openContext(options);
  const { examined, facts } = context;
  const need = examined.state === "absent" ? findNeed(context.installation, chosenPools(context), root) : null;
  return {
    command: "verify",
    state: examined.state,
    reason: need
      ? `${examined.reason}; ${need.need === "not needed" ? "none is needed" : need.need}: ${need.reason}`
      : examined.reason,
    need: need?.need ?? null,
    ...reportTarget(context),
    pools: poolNames(facts.cephPools),
    behaviour: await prove(context, options),
    volume:
      vol === undefined
        ? null
        : (await import("./volume-proof")).proveVolume(context, vol, connect ?? DEFAULT_URI, virtinst !== undefined),
    notes: facts.notes,
  };
}

async function prove({ installation, examined, facts, file }: Context, options: VerifyOptions): Promise<Behaviour> {
  const notRun = (reason: string): Behaviour => ({ status: "not run", reason, checks: [] });
  if (options.static) return notRun("--static was given");
  const { found, state } = examined;
  if (found.state !== "present") return notRun(`the patch is ${state}`);
  if (options.root !== undefined) {
    // An image's file may be anybody's, and digests can be made to fit: only what this tool would write itself is run.
    const { planPatch, sameBytes } = await import("../virtinst/plan");
    if (
      state !== "current" ||
      !sameBytes(planPatch(installation, examined, file.modified, facts.cephPools).after, examined.source)
    )
      return notRun("the blocks below --root are not to the letter what this tool writes, and foreign text is not run");
  }
  const { findPythons, isNotRun, runHelper } = await import("../virtinst/python");
  const pythons = findPythons(installation, pythonMajor(installation.file), options);
  if (isNotRun(pythons)) return notRun(pythons.notRun);
  const { sampleDomain } = await import("../patch/sample");
  const sample = sampleDomain(facts.pools);
  const answer = runHelper(pythons, found.blocks.helper, [sample.before, sample.after, null]);
  if (isNotRun(answer)) return notRun(answer.notRun);
  const reason = `Python ${answer.version}, ${answer.python.path}`;
  if (answer.error)
    return { status: "failed", reason, checks: [{ label: "the block runs", passed: false, difference: answer.error }] };
  const checks = compare(sample, answer.results, answer.log);
  return { status: checks.every(({ passed }) => passed) ? "passed" : "failed", reason, checks };
}

function compare(sample: Sample, results: readonly HelperResult[], log: readonly string[]): Behaviour["checks"] {
  const [patched, complete, none] = results;
  const check = (label: string, passed: boolean, difference: string) => ({
    label,
    passed,
    difference: passed ? "" : difference,
  });
  const elements = patched?.xml?.match(/ {4}<disk [\s\S]*?<\/disk>\n/g) ?? [];
  const said = log.length > 0 ? ` (it logged: ${log.join("; ")})` : "";
  return [
    ...sample.disks.map(({ label, after }, index) =>
      check(label, elements[index] === after, `expected\n${after}got\n${elements[index] ?? "nothing\n"}${said}`),
    ),
    check(
      "everything else is untouched",
      patched?.xml === sample.after,
      `the domain's XML outside its disks differs${said}`,
    ),
    check("a complete domain stays as it is", complete?.xml === sample.after, `it was changed${said}`),
    check(
      "a second time changes nothing",
      results.every(({ stable }) => stable),
      "it did",
    ),
    check(
      "str and unicode give the same",
      results.every(({ same_text }) => same_text),
      "they do not",
    ),
    check("no install XML (--import) stays none", none?.xml === null, `it became ${JSON.stringify(none?.xml)}`),
  ];
}
