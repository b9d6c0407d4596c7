import { proveBehaviour } from "../checks/behaviour";
import { proveInstall } from "../checks/install";
import { skipped } from "../checks/proof";
import { proveVolume, type VolumeOptions } from "../checks/volume";
import { Failure } from "../failure";
import type { Result } from "../output/schema";
import { isWanted } from "../output/verification-text";
import { poolNames } from "../patch/pools";
import { type Context, openContext } from "../target";
import { targetNotes } from "../virtinst/target-file";
import { about } from "./about";

/** Options of `verify`. */
export interface VerifyOptions extends VolumeOptions {
  /** Whether to only compare the file, without running its function and virt-install. */
  readonly static: boolean;
  /** A volume, `POOL/VOLUME`, for a run of virt-install with live libvirt; none by default. */
  readonly vol?: string;
}

/**
 * Checks that the patch is the one for the pools of the host, and that it works. Changes nothing.
 *
 * @returns also the host and virtinst, for the page of --report
 * @throws Failure (usage) if there is no live libvirt for --vol; also as `openContext` and `proveVolume`
 */
export async function verify(options: VerifyOptions): Promise<{ context: Context; result: Result<"verify"> }> {
  const { vol, poolXml, hostDocument, files } = options;
  if (vol !== undefined && (poolXml !== undefined || hostDocument !== undefined || files.mounted))
    throw new Failure(
      "usage",
      "--vol needs live libvirt, because it runs virt-install with that volume.",
      "Omit --pool-xml, --host and --root. To use another libvirt, add --connect URI.",
    );
  const context = await openContext(options);
  const { poolTable } = context;
  const found = about(context, context, files);
  const unasked = options.static ? "--static was given" : null;
  // Run virt-install only if the patch is current or not needed: otherwise, verification fails anyway.
  const unrun = unasked ?? (isWanted(found) ? null : `the file is ${found.state}`);
  const install = unrun === null ? await proveInstall(context, options) : { ...skipped(unrun), causes: [] };
  const behaviour = unasked === null ? await proveBehaviour(context, options) : skipped(unasked);
  const volume = vol === undefined ? null : await proveVolume(context, vol, options);
  const notes = [...poolTable.notes, ...targetNotes(context, options)];
  const result = { ...found, pools: poolNames(poolTable.cephPools), behaviour, install, volume, notes };
  return { context, result: { command: "verify", ...result } };
}
