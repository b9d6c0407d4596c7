import { type CommonOptions, type Context, openContext } from "../context";
import { Failure } from "../failure";
import { about, type Result } from "../forms/result";
import { DEFAULT_URI } from "../host/config";
import { poolNames, secretUuids } from "../patch/facts";
import { proveBehaviour } from "../proof/behaviour";
import { type InstallProof, proveInstall } from "../proof/install";
import { failed, notRun } from "../proof/proof";
import { proveVolume } from "../proof/volume";
import { editOf, targetNotes } from "../virtinst/notes";

/** Options of `verify`. */
export interface VerifyOptions extends CommonOptions {
  /** Whether to look only, and run neither the block nor virt-install; false by default. */
  readonly static?: boolean;
  /** A volume, `POOL/VOLUME`, to have the host's own virt-install print a domain for; none by default. */
  readonly vol?: string;
}

/** What `verify` found. */
export interface VerifyResult extends Result<"verify"> {
  /** What it looked at: the page of --report shows more of it. */
  readonly context: Context;
}

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
    notes: [...facts.notes, ...targetNotes(context, options, secretUuids(facts.cephPools))],
    context,
  };
}

type Proofs = Pick<VerifyResult, "behaviour" | "install" | "volume">;

async function prove(
  context: Context,
  options: VerifyOptions,
  { state, need }: Pick<VerifyResult, "state" | "need">,
): Promise<Proofs> {
  const { vol, connect = DEFAULT_URI } = options;
  const unasked = options.static ? "--static was given" : null;
  // It is run where a yes is to be proved: a no needs no proof.
  const no = state !== "current" && (state !== "absent" || need !== "not needed") ? `the patch is ${state}` : null;
  const unrun = unasked ?? no;
  const install = unrun === null ? await proveInstall(context, options) : notRunInstall(unrun);
  return {
    behaviour: unasked === null ? await proveBehaviour(context, options) : notRun(unasked),
    install: install.status === "not run" ? await orKnown(context, install) : install,
    volume: vol === undefined ? null : await proveVolume(context, options, { volume: vol, uri: connect }),
  };
}

function notRunInstall(reason: string): InstallProof {
  return { ...notRun(reason), causes: [] };
}

/** virt-install was not run; but a hand edit that is known to raise is known without that. */
async function orKnown(context: Context, proof: InstallProof): Promise<InstallProof> {
  const edit = editOf(context);
  if (!edit || edit.raises.length === 0) return proof;
  const raises = `the hand edit in line ${edit.lines} raises ${edit.raises.join(", and ")}`;
  return { ...failed(`not run: ${proof.reason}; but ${raises}`, "_build_xml runs", raises), causes: [] };
}
