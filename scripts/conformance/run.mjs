import { execFile } from "node:child_process";

/**
 * Runs a program to its end, while others run.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, input?: Buffer }} [options]
 * @returns {Promise<{ code: number | null, stdout: Buffer, stderr: string }>} `code` is null where it was not run or
 *   was ended
 */
export function run(program, args, { cwd = "/", env = {}, input } = {}) {
  const options = {
    cwd,
    env: { ...process.env, LC_ALL: "C", NO_COLOR: "1", ...env },
    encoding: /** @type {const} */ ("buffer"),
    maxBuffer: 2 ** 28,
    timeout: 120_000,
  };
  return new Promise((resolve) => {
    const child = execFile(program, [...args], options, (error, stdout, stderr) =>
      resolve({
        code: error ? (typeof error.code === "number" ? error.code : null) : 0,
        stdout,
        stderr: stderr.toString() || (error && typeof error.code !== "number" ? error.message : ""),
      }),
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(input ?? "");
  });
}

/**
 * Works on items in several lanes at once.
 *
 * @template Item, Lane
 * @param {readonly Item[]} items
 * @param {readonly Lane[]} lanes what each lane has for itself
 * @param {(item: Item, lane: Lane) => Promise<void>} work
 */
export async function inLanes(items, lanes, work) {
  let next = 0;
  await Promise.all(
    lanes.map(async (lane) => {
      while (next < items.length) await work(/** @type {Item} */ (items[next++]), lane);
    }),
  );
}

/** A text as one line, for a message. @param {string} text */
export function oneLine(text) {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
