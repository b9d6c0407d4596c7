import { sampleDomain } from "../patch/sample";
import type { Context } from "../target";
import { findPythons, isSkipped, runFunction } from "../virtinst/python";
import type { TargetOptions } from "../virtinst/target-file";
import { failed, type Proof, provedBy, skipped } from "./proof";

/** Runs the function in the file with the Python that runs virt-install, on a domain with a disk of each pool. */
export async function proveBehaviour(context: Context, options: TargetOptions): Promise<Proof> {
  const { installation, examined, poolTable } = context;
  const { patch, state } = examined;
  if (!patch) return skipped(`the file is ${state}`);
  // The file of an image is not trusted. If its patch is current, the function is the one that this tool renders.
  if (options.files.mounted && state !== "current")
    return skipped(`the file is ${state}, and with --root only a current patch is run`);
  const pythons = findPythons(installation, options);
  if (isSkipped(pythons)) return skipped(pythons.skipped);
  const answer = await runFunction(pythons, patch.block, [], sampleDomain(poolTable.pools));
  // If the function crashes Python, it does not work.
  if (isSkipped(answer))
    return answer.died ? failed(answer.skipped, "the function runs", answer.skipped) : skipped(answer.skipped);
  const reason = `Python ${answer.version}, ${answer.python.path}`;
  return answer.error ? failed(reason, "the function runs", answer.error) : provedBy(reason, answer.checks);
}
