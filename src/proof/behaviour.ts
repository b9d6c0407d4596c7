import type { Context } from "../context";
import { type Sample, sampleDomain } from "../patch/sample";
import { findPythons, type HelperResult, isNotRun, runHelper } from "../virtinst/python";
import { pythonMajor } from "../virtinst/recipes";
import type { TargetOptions } from "../virtinst/target";
import { isOwnText } from "./own-text";
import { check, failed, notRun, type Proof, provedBy } from "./proof";

/** Runs the block that is on disk, under the Python that runs virt-install, on a domain with a disk from each pool. */
export async function proveBehaviour(context: Context, options: TargetOptions): Promise<Proof> {
  const { installation, examined, facts } = context;
  const { found, state } = examined;
  if (found.state !== "present") return notRun(`the patch is ${state}`);
  if (options.files.mounted && state !== "current")
    return notRun(`the patch is ${state}, and below --root only what this tool would write there now is run`);
  // A mounted system's file may be anybody's, and digests can be made to fit: only what this tool would write is run.
  if (options.files.mounted && !isOwnText(context))
    return notRun("the blocks below --root are not to the letter what this tool writes, and foreign text is not run");
  const pythons = findPythons(installation, pythonMajor(installation.file), options);
  if (isNotRun(pythons)) return notRun(pythons.notRun);
  const sample = sampleDomain(facts.pools);
  const answer = await runHelper(pythons, found.blocks.helper, [sample.before, sample.after, null]);
  // What a Python dies of does not work.
  if (isNotRun(answer))
    return answer.died ? failed(answer.notRun, "the block runs", answer.notRun) : notRun(answer.notRun);
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
