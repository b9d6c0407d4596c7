import { execFileSync, spawnSync } from "node:child_process";

/**
 * A state of a file that holds `_build_xml`.
 *
 * @typedef {object} Revision
 * @property {string} name for messages: the releases that have it, or the first commit with it
 * @property {string} path relative to the folder that holds `virtinst`
 * @property {Buffer} bytes
 * @property {readonly string[]} releases without their `v`; empty for a state between releases
 */

/** A reason not to begin at all, in a sentence. */
export class Unusable extends Error {}

/**
 * Reads every state of the given files in the history of the given releases, oldest first.
 *
 * @param {string} git the clone's folder, bare or not
 * @param {readonly string[]} files
 * @param {readonly string[]} releases without their `v`
 * @returns {{ revisions: Revision[], missing: string[] }} `missing`: releases that are no tag of the clone
 */
export function readRevisions(git, files, releases) {
  const run = (/** @type {string[]} */ args, input = "") =>
    execFileSync("git", ["-C", git, ...args], { input, maxBuffer: 2 ** 30, stdio: ["pipe", "pipe", "pipe"] });
  const { status, stderr } = spawnSync("git", ["-C", git, "rev-parse", "--git-dir"], { encoding: "utf8" });
  if (status !== 0) throw new Unusable(`${git} is no git repository: ${stderr?.trim() || "git cannot be run"}.`);
  if (run(["rev-parse", "--is-shallow-repository"]).toString().trim() === "true")
    throw new Unusable(`${git} is a shallow clone: most revisions are not in it (git fetch --unshallow --tags).`);

  const tags = new Set(run(["tag", "--list"]).toString().split("\n"));
  const present = releases.filter((release) => tags.has(`v${release}`));
  if (present.length === 0)
    throw new Unusable(`${git} has none of the release tags, v${releases[0]} to v${releases.at(-1)}.`);

  /** @type {Map<string, { blob: string, path: string, commit: string, releases: string[] }>} */
  const states = new Map();
  const at = (/** @type {string} */ blob, /** @type {string} */ path, /** @type {string} */ commit) => {
    const key = `${blob} ${path}`;
    const state = states.get(key) ?? { blob, path, commit, releases: [] };
    states.set(key, state);
    return state;
  };
  // -m: a merge can make a state that neither parent has.
  const log = ["log", "--reverse", "--format=commit %H of %cs", "--raw", "--no-abbrev", "--no-renames", "-m"];
  let commit = "";
  for (const line of run([...log, ...present.map((release) => `v${release}`), "--", ...files])
    .toString()
    .split("\n")) {
    if (line.startsWith("commit ")) commit = line.replace(/^commit (.{12}).*? of/, "commit $1 of");
    const [, blob, path] = /^:\d+ \d+ [0-9a-f]+ ([0-9a-f]+) [AM]\t(.*)$/.exec(line) ?? [];
    if (blob && path) at(blob, path, commit);
  }
  const wanted = present.flatMap((release) => files.map((path) => ({ release, path })));
  const found = run(["cat-file", "--batch-check"], wanted.map(({ release, path }) => `v${release}:${path}\n`).join(""))
    .toString()
    .split("\n");
  for (const [index, { release, path }] of wanted.entries()) {
    const [, blob] = /^([0-9a-f]+) blob /.exec(found[index] ?? "") ?? [];
    if (blob) at(blob, path, `v${release}`).releases.push(release);
  }

  const contents = readBlobs(
    run(["cat-file", "--batch"], [...states.values()].map(({ blob }) => `${blob}\n`).join("")),
  );
  const revisions = [...states.values()].flatMap(({ path, commit, releases }, index) => {
    const bytes = contents[index];
    if (!bytes?.includes("def _build_xml")) return [];
    const name = releases.length > 0 ? releases.map((release) => `v${release}`).join(" and ") : commit;
    return [{ name: `${name}, ${path}`, path, bytes, releases }];
  });
  return { revisions, missing: releases.filter((release) => !present.includes(release)) };
}

/** @param {Buffer} output of `git cat-file --batch` */
function readBlobs(output) {
  /** @type {Buffer[]} */
  const blobs = [];
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf("\n", at);
    const size = Number(output.toString("latin1", at, end).split(" ")[2]);
    if (Number.isNaN(size)) throw new Unusable("an object is missing from the clone (git fetch --refetch).");
    blobs.push(output.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return blobs;
}
