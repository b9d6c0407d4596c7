import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { oneLine, run } from "./run.mjs";

/** @typedef {import("./clone.mjs").Revision} Revision */
/** @typedef {import("./python.mjs").Builder} Builder */
/** @typedef {{ before: string, after: string }} Sample */

/**
 * What every check needs.
 *
 * @typedef {object} Bench
 * @property {string} tool the built tool
 * @property {string | null} bundle the Python file that knows the releases; null for a file that is none of theirs
 * @property {readonly string[]} host options that name the host's pools
 * @property {Sample} sample a domain, and what the patch has to make of it
 */

/**
 * A Python, and a process of it that runs `_build_xml`.
 *
 * @typedef {{ path: string, builder: Builder }} Python
 */

/**
 * Checks all that the tool does to one revision.
 *
 * @param {Revision} revision
 * @param {string} folder a new one
 * @param {string} className the class that holds `_build_xml`
 * @param {Python} python the one that runs releases with this file
 * @param {Bench} bench
 * @returns {Promise<string[]>} what is wrong, a line each
 */
export async function checkRevision(revision, folder, className, python, bench) {
  const { path, bytes } = revision;
  /** @type {string[]} */
  const wrong = [];
  const check = (/** @type {boolean} */ right, /** @type {string} */ line) => {
    if (!right) wrong.push(line);
    return right;
  };

  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes, { mode: 0o644 });
  // With a fraction of a second, which revert has to put back too.
  utimesSync(file, 1400000000.25, 1400000000.25);
  const pristine = statSync(file, { bigint: true });
  const tool = async (/** @type {string} */ command, /** @type {readonly string[]} */ ...more) => {
    const host = command === "revert" ? [] : bench.host;
    const runs = command === "render" ? [] : ["--python", python.path];
    const words = [command, ...more, "--virtinst", folder, ...runs, ...host];
    return run(process.execPath, [bench.tool, ...words]);
  };
  const asJson = async (/** @type {string} */ command, /** @type {readonly string[]} */ ...more) => {
    const { code, stdout, stderr } = await tool(command, "--json", ...more);
    if (!check(code === 0, `${command}: exit ${code}: ${oneLine(stderr || stdout.toString())}`)) return null;
    return JSON.parse(stdout.toString());
  };

  // Else what is checked below could be the harness's own doing.
  await checkMethod("as it was", bytes, bench.sample.before);

  const rendered = revision.releases.length > 0 ? await tool("render") : null;
  if (rendered) check(rendered.code === 0, `render: exit ${rendered.code}: ${oneLine(rendered.stderr)}`);

  const applied = await asJson("apply", "--force");
  if (!applied) return wrong;
  check(applied.status === "patched", `apply: ${applied.status}, not patched`);
  const patched = readFileSync(file);
  check(!patched.equals(bytes), "apply: the file is as it was");
  await checkMethod("patched", patched, bench.sample.after);
  if (rendered?.code === 0) await checkPatch(rendered.stdout, patched);

  const again = await asJson("apply", "--force");
  check(!again || again.status === "current", `apply a second time: ${again?.status}, not current`);
  check(readFileSync(file).equals(patched), "apply a second time: the file has changed");

  const verified = await asJson("verify");
  check(!verified || verified.state === "current", `verify: ${verified?.state}, not current`);
  const behaviour = verified?.behaviour;
  check(!verified || behaviour?.status === "passed", `verify: behaviour ${behaviour?.status}: ${behaviour?.reason}`);

  const reverted = await asJson("revert");
  check(!reverted || reverted.status === "reverted", `revert: ${reverted?.status}, not reverted`);
  const now = statSync(file, { bigint: true });
  check(readFileSync(file).equals(bytes), "revert: the bytes are not those from before");
  check(now.mtimeNs === pristine.mtimeNs, "revert: the modification time is not that from before");
  check(now.mode === pristine.mode, "revert: the mode is not that from before");
  if (bench.bundle !== null) await checkBundle(bench.bundle, patched);
  return wrong;

  /** The bundle knows the file by its hash: the same bytes, a proof, and back. */
  async function checkBundle(/** @type {string} */ program, /** @type {Buffer} */ expected) {
    const bundle = async (/** @type {string} */ command) => {
      const { code, stderr } = await run(python.path, ["-B", program, command, "--virtinst", folder]);
      check(code === 0, `the bundle's ${command}: exit ${code}: ${oneLine(stderr)}`);
    };
    await bundle("apply");
    check(readFileSync(file).equals(expected), "the bundle's apply: the bytes are not those of apply");
    await bundle("verify");
    await bundle("revert");
    check(readFileSync(file).equals(bytes), "the bundle's revert: the bytes are not those from before");
    check(
      statSync(file, { bigint: true }).mtimeNs === pristine.mtimeNs,
      "the bundle's revert: the modification time is not that from before",
    );
  }

  /** Runs `_build_xml` with and without a first XML, and where the class knows it with that of a domain before. */
  async function checkMethod(
    /** @type {string} */ label,
    /** @type {Buffer} */ source,
    /** @type {string} */ expected,
  ) {
    const { before } = bench.sample;
    const runs = [
      { first: install(before), final: before, reinstall: null },
      { first: null, final: before, reinstall: null },
      ...(bytes.includes("_pre_reinstall_xml") ? [{ first: null, final: "<domain/>", reinstall: before }] : []),
    ];
    const answer = await python.builder.build(source, path, className, runs);
    const fault = answer.fault ?? answer.error;
    if (!check(fault === undefined, `${label}: _build_xml does not run: ${oneLine(fault ?? "")}`)) return;
    for (const [index, { first }] of runs.entries()) {
      const [gotFirst, gotFinal] = answer.results?.[index] ?? [];
      const given = `${label}, ${first === null ? "no first XML" : "both XMLs"}`;
      check(gotFirst === (first && install(expected)), `${given}: _build_xml returns another first XML than expected`);
      check(gotFinal === expected, `${given}: _build_xml returns another final XML than expected`);
    }
  }

  /** Has `patch` apply what render wrote, and compares with what apply wrote. */
  async function checkPatch(/** @type {Buffer} */ patch, /** @type {Buffer} */ expected) {
    const copy = join(folder, "by-patch");
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), bytes);
    const { code, stdout, stderr } = await run("patch", ["-p1", "--fuzz=0", "--no-backup-if-mismatch"], {
      cwd: copy,
      input: patch,
    });
    if (check(code === 0, `render | patch -p1: exit ${code}: ${oneLine(stdout + stderr)}`))
      check(readFileSync(join(copy, path)).equals(expected), "render | patch -p1: the bytes are not those of apply");
  }
}

/** The first XML, told from the final one by its name, so that the two cannot change places unseen. */
function install(/** @type {string} */ xml) {
  return xml.replace("<name>virt-1</name>", "<name>virt-1-install</name>");
}
