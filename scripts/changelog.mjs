/**
 * What a changelog says of a version.
 *
 * @param {string} changelog
 * @param {string} version
 * @returns {{ released: boolean, changes: string } | null} null where it has no section of it
 */
export function changesOf(changelog, version) {
  const section = changelog.split(/^## /m).find((text) => text.split(/\s/, 1)[0] === version);
  if (!section) return null;
  const [heading = "", ...lines] = section.split("\n");
  return { released: !heading.includes("(unreleased)"), changes: lines.join("\n").trim() };
}
