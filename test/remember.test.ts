import { expect, test, vi } from "vitest";
import { remembering } from "../src/remember";

test("equal arguments share one thing, and any difference makes another", () => {
  const make = vi.fn((argument: object) => ({ argument }));
  const remembered = remembering(make);
  const first = remembered({ pools: ["a", "b"], port: null });
  expect(remembered({ pools: ["a", "b"], port: null })).toBe(first);
  const others = [
    { pools: ["a,b"], port: null },
    { pools: ["b", "a"], port: null },
    { pools: ["a", "b"], port: 0 },
    { pools: ['a","b'], port: null },
    { pools: ["a", "b"] },
  ];
  for (const other of others) expect(remembered(other)).toEqual({ argument: other });
  expect(make).toHaveBeenCalledTimes(1 + others.length);
});

test("only the last ones are kept, by when they were asked for", () => {
  const make = vi.fn((argument: number) => [argument]);
  const remembered = remembering(make, 2);
  for (const argument of [1, 2, 1, 3, 1]) remembered(argument);
  expect(make.mock.calls).toEqual([[1], [2], [3]]);
  remembered(2);
  expect(make).toHaveBeenCalledTimes(4);
});

test("what could not be made is tried again", () => {
  const make = vi.fn((): string => {
    throw new Error("no");
  });
  const remembered = remembering(make);
  for (const _ of [1, 2]) expect(() => remembered(null)).toThrow("no");
  expect(make).toHaveBeenCalledTimes(2);
});
