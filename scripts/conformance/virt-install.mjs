import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { oneLine, run } from "./run.mjs";

/**
 * What came of one release: `wrong`, a line each; or `notRun`, why it cannot be run here.
 *
 * @typedef {{ wrong: string[] } | { notRun: string }} Outcome
 */

/**
 * Writes a node for libvirt's test driver that has the pool, with a volume in it.
 *
 * @param {string} file
 * @param {string} poolXml what `virsh pool-dumpxml` printed
 */
export function writeNode(file, poolXml) {
  // The test driver wants to know where a pool is, and makes up what it holds from what it is told.
  const parts = `<target><path>vms</path></target>
  <volume type="network"><name>virt-1</name><capacity>1048576</capacity><target><path>vms/virt-1</path></target></volume>
</pool>`;
  writeFileSync(
    file,
    `<node>
<cpu><mhz>1000</mhz><model>i686</model><active>2</active><nodes>1</nodes><sockets>1</sockets><cores>2</cores><threads>1</threads></cpu>
<memory>8192000</memory>
${poolXml.replace("</pool>", parts)}
</node>
`,
  );
}

/**
 * Runs a release's own virt-install before and after the patch, and after it is undone.
 *
 * @param {string} git the clone
 * @param {string} release without its `v`
 * @param {string} folder a new one
 * @param {{ python: string, node: string, uuid: string, tool: string, host: readonly string[] }} bench `python` has
 *   libvirt's bindings; `node` is the test driver's file; `uuid` is that of the pool's secret
 * @returns {Promise<Outcome>}
 */
export async function checkVirtInstall(git, release, folder, bench) {
  mkdirSync(folder, { recursive: true });
  const archive = await run("git", ["-C", git, "archive", `v${release}`]);
  const unpacked = await run("tar", ["-x"], { cwd: folder, input: archive.stdout });
  if (archive.code !== 0 || unpacked.code !== 0) return { notRun: oneLine(archive.stderr + unpacked.stderr) };

  const printXml = (/** @type {string} */ how) =>
    run(bench.python, ["-B", join(folder, "virt-install"), ...words(release, how, bench.node)], {
      // virt-install writes a log below its user's home.
      env: { HOME: folder, XDG_CACHE_HOME: join(folder, ".cache"), XDG_DATA_HOME: join(folder, ".local") },
    });
  const tool = (/** @type {string[]} */ ...args) =>
    run(process.execPath, [bench.tool, ...args, "--virtinst", folder, "--python", bench.python]);

  const before = await Promise.all(WAYS.map(({ how }) => printXml(how)));
  const failed = before.find(({ code }) => code !== 0);
  if (failed) return { notRun: oneLine(failed.stderr.trim().split("\n").at(-1) ?? "") };

  /** @type {string[]} */
  const wrong = [];
  const expected = before.map(({ stdout }, index) => {
    const { how, domains } = /** @type {typeof WAYS[number]} */ (WAYS[index]);
    const xml = stdout.toString();
    if (xml.split(INCOMPLETE).length - 1 !== domains)
      wrong.push(`virt-install ${how}: not ${domains} incomplete disks to begin with`);
    return xml.replaceAll(INCOMPLETE, `<secret type="ceph" uuid="${bench.uuid}"/>`);
  });
  const compare = async (/** @type {string} */ label, /** @type {readonly string[]} */ texts) => {
    for (const [index, { how }] of WAYS.entries()) {
      const { code, stdout, stderr } = await printXml(how);
      if (code !== 0) wrong.push(`virt-install ${how}, ${label}: exit ${code}: ${oneLine(stderr)}`);
      else if (stdout.toString() !== texts[index])
        wrong.push(`virt-install ${how}, ${label}: another XML than expected`);
    }
  };
  for (const [command, label, texts] of /** @type {const} */ ([
    ["apply", "patched", expected],
    ["revert", "reverted", before.map(({ stdout }) => stdout.toString())],
  ])) {
    // No --force: the pool names its secret by usage, so the tool has to find for itself that the patch is needed.
    const { code, stderr } = await tool(command, "--quiet", ...(command === "apply" ? bench.host : []));
    if (code !== 0) wrong.push(`${command}: exit ${code}: ${oneLine(stderr)}`);
    else await compare(label, texts);
  }
  return { wrong };
}

/** Without a first XML, and with one. */
const WAYS = [
  { how: "--import", domains: 1 },
  { how: "--pxe", domains: 2 },
];

/** What these releases write for a pool that names its secret by usage. */
const INCOMPLETE = '<secret type="ceph"/>';

function words(/** @type {string} */ release, /** @type {string} */ how, /** @type {string} */ node) {
  return [
    ...["--connect", `test://${node}`, "--print-xml", how, "--name", "virt-1", "--memory", "64", "--network", "none"],
    // Else it is another one each time.
    ...["--uuid", "6f1d3a52-0b0e-4c55-8c43-0a9c7d1e2f30"],
    // 3.2 is the first to know --osinfo; before it, an unknown system is what is assumed.
    ...(release.localeCompare("3.2", "en", { numeric: true }) < 0 ? [] : ["--osinfo", "none"]),
    ...["--disk", "vol=libvirtpool/virt-1"],
  ];
}
