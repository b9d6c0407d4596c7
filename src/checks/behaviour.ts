import type { Context } from "../context";
import { type Sample, sampleDomain } from "../patch/sample";
import { pythonMajor } from "../virtinst/layouts";
import { findPythons, type HelperResult, isSkipped, runHelper } from "../virtinst/python";
import type { TargetOptions } from "../virtinst/target";
import { check, failed, type Proof, provedBy, skipped } from "./proof";

/** Runs the block that is on disk, under the Python that runs virt-install, on a domain with a disk from each pool. */
export async function proveBehaviour(context: Context, options: TargetOptions): Promise<Proof> {
  const { installation, examined, facts } = context;
  const { patch, state } = examined;
  if (!patch) return skipped(`the file is ${state}`);
  // Anybody may have written a mounted system's file. A current file contains exactly what this tool renders.
  if (options.files.mounted && state !== "current")
    return skipped(`the file is ${state}, and below --root only a current patch is run`);
  const pythons = findPythons(installation, pythonMajor(installation.file), options);
  if (isSkipped(pythons)) return skipped(pythons.skipped);
  const sample = sampleDomain(facts.pools);
  const answer = await runHelper(pythons, patch.block, [sample.before, sample.after, null]);
  // What a Python dies of does not work.
  if (isSkipped(answer))
    return answer.died ? failed(answer.skipped, "the block runs", answer.skipped) : skipped(answer.skipped);
  const reason = `Python ${answer.version}, ${answer.python.path}`;
  if (answer.error) return failed(reason, "the block runs", answer.error);
  return provedBy(reason, compare(sample, answer.results, answer.log));
}

function compare(sample: Sample, results: readonly HelperResult[], log: readonly string[]): Proof["checks"] {
  const [patched, complete, none] = results;
  const elements = (patched?.xml ?? "")
    .split(/(?<= {4}<\/disk>\n)/)
    .map((part) => part.replace(/^[\s\S]*?(?= {4}<disk )/, ""));
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
