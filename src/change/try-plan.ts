import { Failure } from "../failure";
import type { CephPool } from "../patch/facts";
import { sampleDomain } from "../patch/sample";
import { type Installation, pythonMajor } from "../virtinst/find";
import { compileTexts, findPythons, isSkipped, type Python, runFunction } from "../virtinst/python";
import type { Plan, TargetOptions } from "../virtinst/target";

/**
 * Compiles the new file and runs its function on a sample domain, with the Python that runs virt-install. A file that
 * fails is never written.
 *
 * @param block the block with the function
 * @param facts what it was rendered from
 * @returns which Python did that, or "skipped" and the reason
 * @throws Failure (target) if no Python of the machine could, or the old file does not compile either; (behaviour) if
 *   the new file does not compile, or the function does not work
 */
export async function tryPlan(
  installation: Installation,
  options: TargetOptions,
  { before, after }: Plan,
  block: string,
  facts: readonly CephPool[],
): Promise<string> {
  const { outside: path } = installation.target;
  const pythons = findPythons(installation, pythonMajor(installation.file), options);
  // An image may have another Python than this machine; on a live host, virt-install could not run without one.
  if (isSkipped(pythons) && options.files.mounted && options.python === undefined) return `skipped: ${pythons.skipped}`;
  const compiled = isSkipped(pythons) ? pythons : await compileTexts(pythons, [before, after]);
  if (isSkipped(compiled))
    throw new Failure(
      "target",
      `${path}: the patched file could not be compiled: ${compiled.skipped}. Nothing was written.`,
      "Name the Python that runs virt-install with --python.",
    );
  const { python, faults } = compiled;
  const [old, fresh] = faults;
  if (old)
    throw new Failure(
      "target",
      `${path} does not compile with ${python.path}, even without the patch: ${old}. Nothing was written.`,
      `Name the Python that runs virt-install with --python. Or: ${installation.restoring}.`,
    );
  const wrong = fresh ? `the patched file does not compile: ${fresh}` : await faultOfFunction(python, block, facts);
  if (wrong)
    throw new Failure(
      "behaviour",
      `${path}: ${wrong} (${python.path}). Nothing was written.`,
      "Report this, with the file.",
    );
  return `compiled by ${python.path} (${python.reason})`;
}

/** What is wrong with the function, in a part of a sentence; null if it works. */
async function faultOfFunction(python: Python, block: string, facts: readonly CephPool[]): Promise<string | null> {
  const pools = facts.flatMap(({ libvirtPools, name, monitors, auth }) =>
    libvirtPools.map((pool) => ({ pool, cephPool: name, monitors, auth })),
  );
  const answer = await runFunction([python], block, [], sampleDomain(pools));
  if (isSkipped(answer)) return `the function could not be run: ${answer.skipped}`;
  if (answer.error) return `the function fails: ${answer.error}`;
  const failed = answer.checks
    .filter(({ passed }) => !passed)
    .map(({ label, difference }) => `${label}: ${difference}`);
  return failed.length > 0 ? failed.join("; ") : null;
}
