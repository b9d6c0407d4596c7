import { proveBehaviour } from "../checks/behaviour";
import { type InstallProof, proveInstall } from "../checks/install";
import { skipped } from "../checks/proof";
import { proveVolume } from "../checks/volume";
import { type CommonOptions, type Context, openContext } from "../context";
import { Failure } from "../failure";
import { DEFAULT_URI } from "../host/config";
import type { Result } from "../output/schema";
import { poolNames } from "../patch/facts";
import type { WrittenDisk } from "../patch/sample";
import { writtenDisks } from "../virtinst/affected";
import { targetNotes } from "../virtinst/target";
import { about } from "./about";

/** Options of `verify`. */
export interface VerifyOptions extends CommonOptions {
  /** Whether to look only, and run neither the block nor virt-install; false by default. */
  readonly static?: boolean;
  /** A volume, `POOL/VOLUME`, to have the host's own virt-install print a domain for; none by default. */
  readonly vol?: string;
  /** Is told what this is waiting for, in a sentence, if the volume takes longer than a moment. */
  readonly waiting?: (what: string) => void;
}

/** What `verify` found. */
export interface VerifyResult extends Result<"verify"> {
  /** For the page of --report; `writes` is what the installed disk code writes for a pool. */
  readonly context: Context & { readonly writes: (pool: string) => WrittenDisk };
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
    notes: [...facts.notes, ...targetNotes(context, options)],
    context: { ...context, writes: writtenDisks(context.installation, context.chosen, files) },
  };
}

type Proofs = Pick<VerifyResult, "behaviour" | "install" | "volume">;

async function prove(
  context: Context,
  options: VerifyOptions,
  { state, affected }: Pick<VerifyResult, "state" | "affected">,
): Promise<Proofs> {
  const { vol, connect = DEFAULT_URI, waiting = () => {} } = options;
  const unasked = options.static ? "--static was given" : null;
  // It is run where a yes is to be proved: a no needs no proof.
  const no = state !== "current" && (state !== "not-patched" || affected !== "no") ? `the file is ${state}` : null;
  const unrun = unasked ?? no;
  const install = unrun === null ? await proveInstall(context, options) : skippedInstall(unrun);
  return {
    behaviour: unasked === null ? await proveBehaviour(context, options) : skipped(unasked),
    install,
    volume: vol === undefined ? null : await proveVolume(context, options, { volume: vol, uri: connect, waiting }),
  };
}

function skippedInstall(reason: string): InstallProof {
  return { ...skipped(reason), causes: [] };
}
