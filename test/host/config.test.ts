import { expect, it } from "vitest";
import { byName } from "../../src/host/config";

const names = (...list: readonly string[]) => byName(list.map((name) => ({ name }))).map(({ name }) => name);

it("names are in the order of their code units, whatever the locale", () => {
  expect(names("b", "a", "ä", "Z", "a-b", "a", "10", "9")).toEqual(["10", "9", "Z", "a", "a", "a-b", "b", "ä"]);
});

it("what has the same name stays in its order, and the list that was given stays as it is", () => {
  const list = [
    { name: "b", at: 1 },
    { name: "a", at: 2 },
    { name: "b", at: 3 },
    { name: "a", at: 4 },
  ];
  expect(byName(list).map(({ at }) => at)).toEqual([2, 4, 1, 3]);
  expect(list.map(({ at }) => at)).toEqual([1, 2, 3, 4]);
});
