import { type CommonOptions, type Context, openContext } from "../context";
import { DEFAULT_URI } from "../host/config";
import { poolNames } from "../patch/facts";
import type { PatchState } from "../patch/state";
import type { Behaviour } from "../proof/behaviour";
import type { VolumeProof } from "../proof/volume";
import { Failure } from "../report/failure";
import { findNeed, type Need } from "../virtinst/need";
import { reportTarget, type TargetReport } from "../virtinst/target";

/** Options of `verify`. */
export interface VerifyOptions extends CommonOptions {
  /** Whether to leave out the run under Python; false by default. */
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
  readonly behaviour: Behaviour;
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
    ...(await prove(context, options)),
    notes: facts.notes,
  };
}

async function prove(context: Context, options: VerifyOptions): Promise<Pick<VerifyResult, "behaviour" | "volume">> {
  const { vol, connect = DEFAULT_URI, files, virtinst } = options;
  const behaviour: Behaviour = { status: "not run", reason: "--static was given", checks: [] };
  if (options.static && vol === undefined) return { behaviour, volume: null };
  const { proveBehaviour, proveVolume } = await heavy();
  return {
    behaviour: options.static ? behaviour : await proveBehaviour(context, options),
    volume:
      vol === undefined
        ? null
        : await proveVolume(context, { volume: vol, uri: connect, files, named: virtinst !== undefined }),
  };
}
