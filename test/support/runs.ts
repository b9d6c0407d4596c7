/** Whether all is wanted, however long it takes (FAULTS=all), and not a sample of it. */
export const THOROUGH = process.env.FAULTS === "all";

/** How often something is tried: a few times with each run of the tests, many where all is wanted. */
export const RUNS = (few: number, all: number): number => (THOROUGH ? all : few);

/** How long one test may take, in milliseconds. */
export const TIMEOUT = RUNS(60_000, 3_600_000);
