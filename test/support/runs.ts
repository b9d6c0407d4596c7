import { HERE } from "./helper-cases";

/** Whether all is wanted, however long it takes (FAULTS=all), and not a sample of it. */
export const ALL = process.env.FAULTS === "all";

/** How often something is tried: a few times with each run of the tests, many where all is wanted. */
export const RUNS = (few: number, all: number): number => (ALL ? all : few);

/** The oldest Python that is here (2.7, where there is one) and the newest. */
export const OLDEST_AND_NEWEST = [...new Set([HERE[0], HERE.at(-1)])].flatMap((one) => one ?? []);

/** The Pythons to try: every one that is here where all is wanted. */
export const PYTHONS = ALL ? HERE : OLDEST_AND_NEWEST;

/** How long one test may take, in milliseconds. */
export const TIMEOUT = RUNS(60_000, 3_600_000);
