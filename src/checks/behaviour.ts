import { sampleDomain } from "../patch/sample";
import type { Context } from "../target";
import { findPythons, isSkipped, runFunction } from "../virtinst/python";
import type { TargetOptions } from "../virtinst/target-file";
import { failed, type Proof, provedBy, skipped } from "./proof";

/** Runs the block that is on disk, under the Python that runs virt-install, on a domain with a disk from each pool. */
export async function proveBehaviour(context: Context, options: TargetOptions): Promise<Proof> {
  const { installation, examined, facts } = context;
  const { patch, state } = examined;
  if (!patch) return skipped(`the file is ${state}`);
  // Anybody may have written a mounted system's file. A current file contains exactly what this tool renders.
  if (options.files.mounted && state !== "current")
    return skipped(`the file is ${state}, and below --root only a current patch is run`);
  const pythons = findPythons(installation, options);
  if (isSkipped(pythons)) return skipped(pythons.skipped);
  const answer = await runFunction(pythons, patch.block, [], sampleDomain(facts.pools));
  // A Python that crashes over the function does not work with it.
  if (isSkipped(answer))
    return answer.died ? failed(answer.skipped, "the function runs", answer.skipped) : skipped(answer.skipped);
  const reason = `Python ${answer.version}, ${answer.python.path}`;
  return answer.error ? failed(reason, "the function runs", answer.error) : provedBy(reason, answer.checks);
}
