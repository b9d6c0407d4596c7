import { type CommonOptions, type Context, openContext } from "../context";
import { about, type Result } from "../forms/result";
import { DEFAULT_URI } from "../host/config";
import { poolNames, secretUuids } from "../patch/facts";
import type { InstallProof } from "../proof/install";
import { failed, notRun } from "../proof/proof";
import { Failure } from "../report/failure";
import { editOf, targetNotes } from "../virtinst/notes";

/** Options of `verify`. */
export interface VerifyOptions extends CommonOptions {
  /** Whether to look only, and run neither the block nor virt-install; false by default. */
  readonly static?: boolean;
  /** A volume, `POOL/VOLUME`, to have the host's own virt-install print a domain for; none by default. */
  readonly vol?: string;
}

/** What `verify` found. */
export type VerifyResult = Result<"verify">;

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
  const { facts } = context;
  const found = about(context, context, files);
  return {
    command: "verify",
    ...found,
    pools: poolNames(facts.cephPools),
    ...(await prove(context, options, found)),
    notes: [...facts.notes, ...(await targetNotes(context, options, secretUuids(facts.cephPools)))],
  };
}

type Proofs = Pick<VerifyResult, "behaviour" | "install" | "volume">;

async function prove(
  context: Context,
  options: VerifyOptions,
  { state, need }: Pick<VerifyResult, "state" | "need">,
): Promise<Proofs> {
  const { vol, connect = DEFAULT_URI } = options;
  const looked = { behaviour: notRun("--static was given"), install: await unrun(context, "--static was given") };
  if (options.static && vol === undefined) return { ...looked, volume: null };
  const { proveBehaviour, proveInstall, proveVolume } = await heavy();
  // It is run where a yes is to be proved: a no needs no proof.
  const install = async () => {
    if (state !== "current" && (state !== "absent" || need !== "not needed"))
      return unrun(context, `the patch is ${state}`);
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
