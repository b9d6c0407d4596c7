import { applyPatch, parsePatch } from "diff";
import { Failure } from "../failure";
import { readCephPools } from "./read-pools";
import { lineNumber } from "./source";
import { stripPatch } from "./strip";

/**
 * Applies a patch file to a text, strictly: no fuzz, additions only, one file.
 *
 * The added lines are not trusted: the caller must render the patch again from the returned pools, and compare.
 *
 * @param path the only path that the patch may change, relative to the directory that contains `virtinst`
 * @param base the text of the file without the patch
 * @param where the name of the patch file, for messages
 * @returns the text of the patched file, and what the patch contains: the pools, the original file, and the version of
 *   this tool that rendered it
 * @throws Failure (target) if the text is not such a patch, or was rendered for another file
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
    // Omit the message of the parser: it quotes the file.
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
    throw refused(`it changes ${other ?? "more than one file"}, but may only change ${path}`);
  if (file.hunks.some(({ lines }) => lines.some((line) => line.startsWith("-"))))
    throw refused(
      "it removes lines, but may only add the two blocks of this tool (to remove them: virtinst-rbd-patch revert)",
    );
  const lines = lineNumber(base, base.length);
  if (file.hunks.some(({ oldStart, newStart }) => oldStart > lines || newStart > lines + patch.length))
    throw refused(`it has a line number above ${lines}, the last line of the file`);
  const text = applyPatch(base, file, { fuzzFactor: 0, autoConvertLineEndings: false });
  if (text === false) throw refused("its context lines do not match the file");
  const stripped = stripPatch(text);
  if (stripped.state !== "patched" || stripped.base !== base || !stripped.patch.intact)
    throw refused("it does not add exactly the two blocks of this tool");
  const { tool, original, block } = stripped.patch;
  if (original.sha256 !== baseHash)
    throw refused(`it was rendered for a file with the SHA-256 ${original.sha256}, but this file has ${baseHash}`);
  const cephPools = readCephPools(block);
  if (cephPools.length === 0) throw refused("it contains no pool");
  return { text, cephPools, original, tool };
}
