import { Failure } from "../failure";
import type { Blocks } from "../patch/blocks";
import { type CephPool, sha256 } from "../patch/facts";
import { insert, linesOf } from "../patch/insert";
import { type Pristine, render } from "../patch/render";
import { encode, type Source } from "../patch/source";
import { type Examined, wholeBase } from "../patch/state";
import type { Installation } from "./find";
import { type HandEdit, withoutHandEdit } from "./hand-edit";
import { type Recipe, releasesWithHash } from "./recipes";
import { type FoundSite, findSite } from "./site";
import type { Target } from "./target";

// One door for all that needs the parser.
export { describeHandEdit } from "./hand-edit";

/** A file as it should be. */
export interface Plan {
  /** The file without our blocks. */
  readonly before: Source;
  /** The file with them. */
  readonly after: Source;
  readonly blocks: Blocks;
  readonly recipe: Recipe;
  /** The hand edit that `before` still has. */
  readonly handEdit: HandEdit | null;
  /** The hand edit that was taken out of it. */
  readonly replaced: HandEdit | null;
}

/**
 * Works out what the target should hold. Nothing is written.
 *
 * @param installation where virtinst is
 * @param examined the file as it is
 * @param modified its modification time, in seconds since 1970 with nine decimals
 * @param facts the Ceph pools
 * @param site where the blocks go in that file, if that is known already
 * @throws Failure (target) where the file is damaged or has no known layout
 */
export function planPatch(
  installation: Installation,
  examined: Examined,
  modified: string,
  facts: readonly CephPool[],
  site?: FoundSite,
): Plan {
  const before = wholeBase(examined, installation);
  const pristine = { sha256: examined.baseHash, modified: pristineTime(examined, modified) };
  return planOn(before, installation, pristine, facts, site);
}

/**
 * Finds where the blocks go, which is the same whatever they hold.
 *
 * @throws Failure (target) where the file is damaged or has no known layout
 */
export function siteIn({ installation, examined }: Pick<Target, "installation" | "examined">): FoundSite {
  const { outside } = installation.target;
  return findSite(wholeBase(examined, installation).text, installation.file, outside, installation.restoring);
}

/** Like `planPatch`, on the file without its hand edit; null where it has none that can be told from the rest. */
export function planWithoutHandEdit(
  installation: Installation,
  examined: Examined,
  modified: string,
  facts: readonly CephPool[],
): Plan | null {
  const base = wholeBase(examined, installation);
  const { handEdit } = findSite(base.text, installation.file, installation.target.outside, installation.restoring);
  if (!handEdit) return null;
  const hash = (text: string) => sha256(encode({ ...base, text }));
  const text = withoutHandEdit(base.text, handEdit, (candidate) => releasesWithHash(hash(candidate)).length > 0);
  const pristine = { sha256: hash(text), modified: pristineTime(examined, modified) };
  return { ...planOn({ ...base, text }, installation, pristine, facts), replaced: handEdit };
}

/**
 * Works out what a file without our blocks should become.
 *
 * @param pristine what the blocks are to say of it
 */
export function planOn(
  before: Source,
  installation: Installation,
  pristine: Omit<Pristine, "lines">,
  facts: readonly CephPool[],
  found = findSite(before.text, installation.file, installation.target.outside, installation.restoring),
): Plan {
  const { recipe, handEdit, ...site } = found;
  const blocks = render(facts, { ...pristine, lines: linesOf(before.text, site) }, site);
  return {
    before,
    after: { ...before, text: insert(before.text, site, blocks) },
    blocks,
    recipe,
    handEdit,
    replaced: null,
  };
}

/** The hand edit in a file's text without our blocks; null too where the file has no known layout. */
export function findEditIn(text: string, { file, target }: Installation): HandEdit | null {
  try {
    return findSite(text, file, target.outside).handEdit;
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** The time to put back one day: that of the file before the first apply, as long as it is still that file. */
function pristineTime({ found, basePristine }: Examined, modified: string): string {
  return found.state === "present" && basePristine ? found.header.modified : modified;
}

/** Whether two sources are the same bytes. */
export function sameBytes(a: Source, b: Source): boolean {
  return encode(a).equals(encode(b));
}
