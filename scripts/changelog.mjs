/**
 * Finds the section of a version in a changelog.
 *
 * @param {string} changelog
 * @param {string} version
 * @returns {{ released: boolean, changes: string } | null} null if there is no such section
 */
export function changesOf(changelog, version) {
  const section = changelog.split(/^## /m).find((text) => text.split(/\s/, 1)[0] === version);
  if (!section) return null;
  const [heading = "", ...lines] = section.split("\n");
  return { released: !heading.includes("(unreleased)"), changes: lines.join("\n").trim() };
}
