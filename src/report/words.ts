import { diffArrays } from "diff";

/** More words than this are not compared: nobody looks for one among them. */
const MOST = 400;

/** Marks the words that differ between two lines, as `diff-highlight` of git does; neither where nothing is alike. */
export function markWords(before: string, after: string, mark: (text: string) => string): readonly [string, string] {
  const [old = [], young = []] = [before, after].map((line) => [...(line.match(/[\w.:-]+|\s+|[^\w\s]/gu) ?? [])]);
  if (old.length > MOST || young.length > MOST) return [before, after];
  const parts = diffArrays(old, young);
  const alike = parts.some(({ added, removed, value }) => !added && !removed && value.some((word) => /\w/.test(word)));
  if (!alike) return [before, after];
  const side = (other: "added" | "removed") =>
    parts
      .filter((part) => !part[other])
      .map(({ added, removed, value }) => (added || removed ? mark(value.join("")) : value.join("")))
      .join("");
  return [side("added"), side("removed")];
}
