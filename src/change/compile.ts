import { Failure } from "../failure";
import type { Installation } from "../virtinst/find";
import type { Plan } from "../virtinst/plan";
import { compileTexts, findPythons, isNotRun } from "../virtinst/python";
import type { TargetOptions } from "../virtinst/target";

/**
 * Has the Python that runs virt-install compile the new text; what does not compile never lands.
 *
 * @returns by what it was compiled, or that it was "not run", with the reason
 * @throws Failure (target) where it could not be compiled on the machine that it is for, or the old text does not
 *   compile either; (behaviour) where only the new text does not
 */
export async function compilePlan(
  installation: Installation,
  options: TargetOptions,
  { before, after, recipe }: Plan,
): Promise<string> {
  const { outside: path } = installation.target;
  const pythons = findPythons(installation, recipe.python, options);
  // An image's own Python is not this machine's; on a live host virt-install itself could not run.
  if (isNotRun(pythons) && options.files.mounted && options.python === undefined) return `not run: ${pythons.notRun}`;
  const compiled = isNotRun(pythons) ? pythons : await compileTexts(pythons, [before, after], path);
  if (isNotRun(compiled))
    throw new Failure(
      "target",
      `${path}: the new text could not be compiled: ${compiled.notRun}. Nothing was written.`,
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
