import { expect, it } from "vitest";
import { byName } from "../../src/host/config";

const names = (...list: readonly string[]) => byName(list.map((name) => ({ name }))).map(({ name }) => name);

it("byName sorts names by their code units, in any locale", () =>
  expect(names("b", "a", "ä", "Z", "a-b", "a", "10", "9")).toEqual(["10", "9", "Z", "a", "a", "a-b", "b", "ä"]));

it("byName keeps the order of equal names, and does not change its argument", () => {
  const list = [
    { name: "b", at: 1 },
    { name: "a", at: 2 },
    { name: "b", at: 3 },
    { name: "a", at: 4 },
  ];
  expect(byName(list).map(({ at }) => at)).toEqual([2, 4, 1, 3]);
  expect(list.map(({ at }) => at)).toEqual([1, 2, 3, 4]);
});
