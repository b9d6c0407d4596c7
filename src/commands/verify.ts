import { type CommonOptions, type Context, openContext } from "../context";
import { DEFAULT_URI } from "../host/config";
import { poolNames, secretUuids } from "../patch/facts";
import type { PatchState } from "../patch/state";
import type { InstallProof } from "../proof/install";
import { failed, notRun, type Proof } from "../proof/proof";
import type { VolumeProof } from "../proof/volume";
import { Failure } from "../report/failure";
import { findNeed, type Need } from "../virtinst/need";
import { editOf, targetNotes } from "../virtinst/notes";
import { reportTarget, type TargetReport } from "../virtinst/target";

/** Options of `verify`. */
export interface VerifyOptions extends CommonOptions {
  /** Whether to look only, and run neither the block nor virt-install; false by default. */
  readonly static?: boolean;
  /** A volume, `POOL/VOLUME`, to have the host's own virt-install print a domain for; none by default. */
  readonly vol?: string;
}

/** What `verify` found. */
export interface VerifyResult extends TargetReport {
  readonly command: "verify";
  readonly state: PatchState;
  readonly reason: string;
  /** Whether this host needs the patch at all; null where it has one. */
  readonly need: Need["need"] | null;
  readonly pools: readonly string[];
  /** What the block on disk makes of a sample domain. */
  readonly behaviour: Proof;
  /** What the host's own virt-install makes of each pool's volumes, on libvirt's test driver. */
  readonly install: InstallProof;
  /** What the host's own virt-install writes for the volume that was named; null where none was. */
  readonly volume: VolumeProof | null;
  readonly notes: readonly string[];
}

/** What runs something; `--static` does not need it. */
const heavy = () => import("../proof/prove");

/** Says what the file is, beside what the host needs, and proves what its blocks do. Changes nothing. */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const { vol, poolXml, hostDocument, files } = options;
  if (vol !== undefined && (poolXml !== undefined || hostDocument !== undefined || files.mounted))
    throw new Failure(
      "usage",
      "--vol needs live libvirt, to ask virt-install for that volume.",
      "Leave out --pool-xml, --host and --root; --connect names another libvirt.",
    );
  const context = await openContext(options);
  const { installation, examined, facts, chosen } = context;
  const need = examined.state === "absent" ? findNeed(installation, chosen, files) : null;
  return {
    command: "verify",
    state: examined.state,
    reason: need
      ? `${examined.reason}; ${need.need === "not needed" ? "none is needed" : need.need}: ${need.reason}`
      : examined.reason,
    need: need?.need ?? null,
    ...reportTarget(context),
    pools: poolNames(facts.cephPools),
    ...(await prove(context, options, need)),
    notes: [...facts.notes, ...(await targetNotes(context, options, secretUuids(facts.cephPools)))],
  };
}

type Proofs = Pick<VerifyResult, "behaviour" | "install" | "volume">;

async function prove(context: Context, options: VerifyOptions, need: Need | null): Promise<Proofs> {
  const { vol, connect = DEFAULT_URI } = options;
  const looked = { behaviour: notRun("--static was given"), install: await unrun(context, "--static was given") };
  if (options.static && vol === undefined) return { ...looked, volume: null };
  const { proveBehaviour, proveInstall, proveVolume } = await heavy();
  const { state } = context.examined;
  // It is run where a yes is to be proved: a no needs no proof.
  const install = async () => {
    if (state !== "current" && need?.need !== "not needed") return unrun(context, `the patch is ${state}`);
    const proof = await proveInstall(context, options);
    return proof.status === "not run" ? unrun(context, proof.reason) : proof;
  };
  return {
    ...(options.static ? looked : { behaviour: await proveBehaviour(context, options), install: await install() }),
    volume: vol === undefined ? null : await proveVolume(context, options, { volume: vol, uri: connect }),
  };
}

/** virt-install was not run; but a hand edit that is known to raise is known without that. */
async function unrun(context: Context, reason: string): Promise<InstallProof> {
  const edit = await editOf(context);
  if (!edit || edit.raises.length === 0) return { ...notRun(reason), causes: [] };
  const raises = `the hand edit in line ${edit.lines} raises ${edit.raises.join(", and ")}`;
  return { ...failed(`not run: ${reason}; but ${raises}`, "_build_xml runs", raises), causes: [] };
}
