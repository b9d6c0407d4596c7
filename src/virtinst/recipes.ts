import recipes from "../../patches/index";

/** One layout of virtinst: where `_build_xml` stands and what it returns. */
export interface Recipe {
  /** Short name: also the name of its files under `patches/`. */
  readonly name: string;
  /** The file, relative to the folder that holds the `virtinst` package. */
  readonly file: string;
  readonly class: string;
  readonly method: string;
  /** The parameter lists that were seen, each in order. */
  readonly parameters: readonly (readonly string[])[];
  /** The two variables that the method returns. */
  readonly returns: readonly [string, string];
  /** The major version of Python that runs these releases. */
  readonly python: 2 | 3;
  /** The file in each release that has this layout, oldest first; packages between them may have it too. */
  readonly pristine: Readonly<Record<string, ReleasedFile>>;
  /** The file in distributions' packages that changed it, by the version that `dpkg -l` and `rpm -q` show. */
  readonly packages?: Readonly<Record<string, ReleasedFile>>;
}

/** The file that holds `_build_xml`, as a release or a package has it. */
export interface ReleasedFile {
  readonly sha256: string;
  /** The lines of it, from 1, before which the helper and the calls go: `findSite`'s, as conformance proves. */
  readonly lines: readonly [number, number];
}

/** All layouts, oldest first. */
export const RECIPES: readonly Recipe[] = recipes as unknown as Recipe[];

/** The files that may hold `_build_xml`, newest layout first, relative to the folder that holds `virtinst`. */
export const TARGET_FILES: readonly string[] = [...new Set([...RECIPES].reverse().map(({ file }) => file))];

/** The major version of Python that runs a virtinst whose `_build_xml` stands in this file. */
export function pythonMajor(file: string): 2 | 3 {
  return RECIPES.find((recipe) => recipe.file === file)?.python ?? 3;
}

/** All files of a layout that are known, by their release or package. */
export function knownFiles({ pristine, packages }: Recipe): [version: string, file: ReleasedFile][] {
  return Object.entries({ ...pristine, ...packages });
}

/**
 * The releases and the distributions' packages whose file has this hash.
 *
 * @param sha256 of the file without our blocks
 * @returns their versions, oldest first, releases before packages; empty for a file that is none of these
 */
export function releasesWithHash(sha256: string): string[] {
  return RECIPES.flatMap(knownFiles)
    .filter(([, file]) => file.sha256 === sha256)
    .map(([version]) => version);
}
