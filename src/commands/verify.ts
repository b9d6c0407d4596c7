import { proveBehaviour } from "../checks/behaviour";
import { proveInstall } from "../checks/install";
import { skipped } from "../checks/proof";
import { proveVolume, type VolumeOptions } from "../checks/volume";
import { Failure } from "../failure";
import type { Result } from "../output/schema";
import { isWanted } from "../output/verification-text";
import { poolNames } from "../patch/facts";
import { type Context, openContext } from "../target";
import { targetNotes } from "../virtinst/target-file";
import { about } from "./about";

/** Options of `verify`. */
export interface VerifyOptions extends VolumeOptions {
  /** Whether to only compare the file, and run neither its function nor virt-install. */
  readonly static: boolean;
  /** A volume, `POOL/VOLUME`, to run the host's own virt-install with; none by default. */
  readonly vol?: string;
}

/**
 * Compares the file with what the host needs, and checks that the patch works. Changes nothing.
 *
 * @returns also what it worked on, for the page of --report
 * @throws Failure (usage) if there is no live libvirt for --vol; those of `openContext` and `proveVolume`
 */
export async function verify(options: VerifyOptions): Promise<{ context: Context; result: Result<"verify"> }> {
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
  const unasked = options.static ? "--static was given" : null;
  // virt-install is run only if the file is as it should be: otherwise the answer is no already.
  const unrun = unasked ?? (isWanted(found) ? null : `the file is ${found.state}`);
  const install = unrun === null ? await proveInstall(context, options) : { ...skipped(unrun), causes: [] };
  const behaviour = unasked === null ? await proveBehaviour(context, options) : skipped(unasked);
  const volume = vol === undefined ? null : await proveVolume(context, vol, options);
  const notes = [...facts.notes, ...targetNotes(context, options)];
  const result = { ...found, pools: poolNames(facts.cephPools), behaviour, install, volume, notes };
  return { context, result: { command: "verify", ...result } };
}
