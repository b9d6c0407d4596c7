import * as v from "valibot";
import { Failure, shellWord } from "../failure";
import { DEFAULT_URI, type HostConfig } from "../host/config";
import { requireUniqueNames } from "../host/read-host";
import { settleUsers } from "../host/users";
import { readLive } from "../host/virsh";
import { FORMS, type Result } from "../output/schema";
import { type Connection, connect, type Remote } from "../system/ssh";
import { type CommonOptions, type Host, hostOf } from "../target";
import { TOOL } from "../version";
import { type Affected, affectedBy, type PoolNeeds } from "../virtinst/affected";
import type { About } from "./about";
import { scriptFor, usablePools } from "./bundle";
import { inspection } from "./inspect";

/** Options of a command that works on another host. */
export interface SshOptions extends Pick<CommonOptions, "pool" | "virtinst">, Remote {
  /** Options that the standalone script takes: `--check`, `--diff`, … */
  readonly flags: readonly string[];
  /** Is called with a sentence about what is being waited for, if that takes long. */
  readonly waiting: (what: string) => void;
}

/**
 * Runs `apply`, `verify` or `revert` on another host: reads its pools and runs the standalone script there, over one ssh
 * connection.
 *
 * @returns the exit code and the output of the script
 * @throws Failure (io) if the connection fails, (pools) if a pool cannot be used
 */
export async function runOverSsh(
  command: "apply" | "verify" | "revert",
  options: SshOptions,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { host, flags } = options;
  const changes = command !== "verify" && !flags.includes("--check");
  return withConnection([command], options, changes, async (connection) => {
    const read = command === "revert" ? hostOf(NO_POOLS, {}) : await readOverSsh(connection, options);
    usablePools(read);
    const ran = await connection.script(scriptFor(read, []));
    // Name the host in each error, because a script may run this for many hosts.
    const stderr = ran.stderr.replace(new RegExp(`^${TOOL}: `, "gm"), `$&${host}: `);
    if (connection.isRoot || !/permission denied|not permitted/i.test(stderr)) return { ...ran, stderr };
    const hint = `${TOOL}: ${host}: you are not root on that host.\nLog in as root, or use --sudo.\n`;
    return { ...ran, stderr: stderr + hint };
  });
}

/** For `revert`, which reads no pools. */
const NO_POOLS: HostConfig = { host: null, source: "", elsewhere: true, virtinst: null, pools: [], secrets: [] };

/**
 * Inspects another host: the pools are read with virsh, the virtinst with `verify --static` of the standalone script.
 *
 * @throws Failure as `runOverSsh` does, and if --virtinst does not exist
 */
export async function inspectOverSsh(options: SshOptions): Promise<Result<"inspect">> {
  return withConnection(["verify", "--static", "--json"], options, false, async (connection) => {
    const host = await readOverSsh(connection, options);
    // The script leaves out pools that cannot be used; inspect shows them.
    const usable = { ...host, poolTable: { ...host.poolTable, broken: [], byUser: [] } };
    const answer = parse(options.host, await connection.script(scriptFor(usable, [])));
    if ("error" in answer) {
      const { message, hint } = answer.error;
      const kind = answer.verdict.exitCode === 4 ? "target" : "io";
      if (options.virtinst !== undefined) throw new Failure(kind, `${options.host}: ${message}`, hint);
      const poolTable = settleUsers(host.poolTable, () => false);
      const notes = [...poolTable.notes, `${message} ${hint}`];
      return inspection({ ...host, poolTable }, aboutOf(host, answer), () => null, { program: null, notes });
    }
    // The script does not report whether virtinst copies auth. Derive it from the reason, which begins with a path.
    const copying = (pools: readonly PoolNeeds[]) => affectedBy(pools).at(-1) as Affected;
    const copies = answer.affectedReason?.endsWith(copying(host.chosen).reason.replace("%s", "")) ?? false;
    const poolTable = settleUsers(host.poolTable, () => copies);
    const judge = copies ? copying : () => null;
    return inspection({ ...host, poolTable }, aboutOf(host, answer), judge, { program: null, notes: answer.notes });
  });
}

/** Selects the fields of a result of the script for `inspect`. */
function aboutOf({ config: { host, source } }: Host, answer: About): About {
  const { file, release, sha256, affected, affectedReason, state, stateReason } = answer;
  return { host, source, file, release, sha256, affected, affectedReason, state, stateReason };
}

/** Connects to a host for a run of its script; ends the connection afterwards. */
async function withConnection<T>(
  words: readonly string[],
  { host, sudo, virtinst, flags, waiting }: SshOptions,
  changes: boolean,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const named = virtinst === undefined ? [] : [`--virtinst=${virtinst}`];
  const connection = await connect({ host, sudo }, [...words, ...flags, ...named], changes, waiting);
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

async function readOverSsh({ virsh, hostname }: Connection, { host, sudo, pool = [] }: SshOptions): Promise<Host> {
  const words = ["ssh", shellWord(host), ...(sudo ? ["sudo -n"] : []), "virsh -r -c", DEFAULT_URI].join(" ");
  const missing = "Install libvirt-client (Debian: libvirt-clients) on that host.";
  const uri = `ssh://${host}`;
  const config = requireUniqueNames(await readLive({ uri, virsh, words, missing }));
  // The hostname that libvirt reports may differ from that of the system, which the script compares.
  const read = hostOf({ ...config, host: hostname, elsewhere: true }, { pool });
  if (read.chosen.length > 0) return read;
  return { ...read, poolTable: { ...read.poolTable, notes: [...read.poolTable.notes, "This host has no rbd pool."] } };
}

function parse(host: string, { code, stdout, stderr }: { code: number; stdout: string; stderr: string }) {
  try {
    const answer = v.parse(v.union([FORMS.verify, FORMS.error]), JSON.parse(stdout));
    if (answer.verdict.exitCode === code) return answer;
    throw new RangeError("another exit code");
  } catch {
    throw new Failure(
      "io",
      `${host}: the script printed no result (exit code ${code}): ${stderr.trim() || "no message"}.`,
      `Run the command again. If it fails again, run: ${TOOL} verify --static --ssh ${shellWord(host)}`,
    );
  }
}
