/** Whether all tests run in full (FAULTS=all), not only on samples. */
export const THOROUGH = process.env.FAULTS === "all";

/** How many runs a test makes: few by default, many with FAULTS=all. */
export const RUNS = (few: number, all: number): number => (THOROUGH ? all : few);

/** How long one test may take, in milliseconds. */
export const TIMEOUT = RUNS(60_000, 3_600_000);
