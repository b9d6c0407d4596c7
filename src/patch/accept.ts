import { applyPatch, parsePatch } from "diff";
import { Failure } from "../failure";
import { readFacts } from "./read-facts";
import { lineNumber } from "./source";
import { stripPatch } from "./strip";

/**
 * Applies a patch file to a text, strictly: no fuzz, additions only, one file.
 *
 * What it adds is not trusted: whoever calls this renders the facts again and compares.
 *
 * @param path the only path that it may touch, relative to the folder that holds `virtinst`
 * @param base the file's text, without our blocks
 * @param where the patch's own file, for messages
 * @returns the whole file as the patch leaves it, and what its blocks say: the pools, the original file, the version of
 *   this tool that rendered it
 * @throws Failure (target) where it is not such a patch, or was made for another file
 */
export function acceptPatch(patch: string, path: string, base: string, baseHash: string, where: string) {
  const refused = (why: string) =>
    new Failure(
      "target",
      `${where}: ${why}. Nothing was written.`,
      "Render the patch again on this host: virtinst-rbd-patch render -o FILE.",
    );
  let files: ReturnType<typeof parsePatch>;
  try {
    files = parsePatch(patch);
  } catch {
    // What the parser says quotes the file.
    throw refused("this is not a unified diff");
  }
  const [file, second] = files;
  if (!file || file.hunks.length === 0) throw refused("this is not a unified diff");
  const names = files.flatMap(({ oldFileName, newFileName }) => [
    oldFileName?.replace(/^a\//, ""),
    newFileName?.replace(/^b\//, ""),
  ]);
  const other = names.find((name) => name !== path);
  if (second || other !== undefined || names.includes(undefined))
    throw refused(`it touches ${other ?? "more than one file"}, and only ${path} may be touched`);
  if (file.hunks.some(({ lines }) => lines.some((line) => line.startsWith("-"))))
    throw refused("it removes lines, and a patch may only add the two blocks (to undo one: virtinst-rbd-patch revert)");
  const lines = lineNumber(base, base.length);
  if (file.hunks.some(({ oldStart, newStart }) => oldStart > lines || newStart > lines + patch.length))
    throw refused(`it names a line beyond the ${lines} of the file`);
  const text = applyPatch(base, file, { fuzzFactor: 0, autoConvertLineEndings: false });
  if (text === false) throw refused("its lines do not fit the file");
  const stripped = stripPatch(text);
  if (stripped.state !== "patched" || stripped.base !== base || !stripped.patch.intact)
    throw refused("it does something other than add the two blocks of this tool");
  const { tool, original, block } = stripped.patch;
  if (original.sha256 !== baseHash)
    throw refused(`it was rendered for a file with the SHA-256 ${original.sha256}, and this one has ${baseHash}`);
  const facts = readFacts(block);
  if (facts.length === 0) throw refused("it is for no pool");
  return { text, facts, original, tool };
}
