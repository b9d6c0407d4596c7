import { Failure } from "../failure";
import type { Installation } from "../virtinst/find";
import { pythonMajor } from "../virtinst/layouts";
import type { Plan } from "../virtinst/plan";
import { compileTexts, findPythons, isSkipped } from "../virtinst/python";
import type { TargetOptions } from "../virtinst/target";

/**
 * Has the Python that runs virt-install compile the new text; what does not compile never lands.
 *
 * @returns by what it was compiled, or "skipped", with the reason
 * @throws Failure (target) where it could not be compiled on the machine that it is for, or the old text does not
 *   compile either; (behaviour) where only the new text does not
 */
export async function compilePlan(
  installation: Installation,
  options: TargetOptions,
  { before, after }: Plan,
): Promise<string> {
  const { outside: path } = installation.target;
  const pythons = findPythons(installation, pythonMajor(installation.file), options);
  // An image's own Python is not this machine's; on a live host virt-install itself could not run.
  if (isSkipped(pythons) && options.files.mounted && options.python === undefined) return `skipped: ${pythons.skipped}`;
  const compiled = isSkipped(pythons) ? pythons : await compileTexts(pythons, [before, after], path);
  if (isSkipped(compiled))
    throw new Failure(
      "target",
      `${path}: the new text could not be compiled: ${compiled.skipped}. Nothing was written.`,
      "Name the Python that runs virt-install with --python.",
    );
  const [pristine, patched] = compiled.faults;
  const { python } = compiled;
  if (pristine)
    throw new Failure(
      "target",
      `${path} does not compile under ${python.path}, even without the patch: ${pristine}. Nothing was written.`,
      "Name the Python that runs virt-install with --python, or restore the file from its package.",
    );
  if (patched)
    throw new Failure(
      "behaviour",
      `${path}: with the patch it would not compile under ${python.path}: ${patched}. Nothing was written.`,
      "Please report this, with the file.",
    );
  return `compiled by ${python.path} (${python.reason})`;
}
