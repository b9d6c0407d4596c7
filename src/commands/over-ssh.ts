import * as v from "valibot";
import { Failure, shellWord } from "../failure";
import { DEFAULT_URI, type HostConfig } from "../host/config";
import { withoutTwins } from "../host/read-host";
import { settleUsers } from "../host/users";
import { readLive } from "../host/virsh";
import { FORMS, type Result } from "../output/schema";
import { type Connection, connect, type Remote } from "../system/ssh";
import { type CommonOptions, type Host, hostOf, whole } from "../target";
import { TOOL } from "../version";
import { affectedBy, type PoolNeeds } from "../virtinst/affected";
import type { About } from "./about";
import { scriptFor } from "./bundle";
import { inspection } from "./inspect";

/** Options of a command that works on another host. */
export interface SshOptions extends Pick<CommonOptions, "pool" | "virtinst">, Remote {
  /** Options that the standalone script takes: `--check`, `--diff`, … */
  readonly flags: readonly string[];
}

/**
 * Runs `apply`, `verify` or `revert` on another host: reads its pools and runs the standalone script there. One ssh
 * connection does both. Nothing stays on the host but the change.
 *
 * @returns the exit code and the output of the script
 * @throws Failure (io) if the connection fails, (facts) if a pool cannot be used
 */
export async function runOverSsh(
  command: "apply" | "verify" | "revert",
  options: SshOptions,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { host, sudo } = options;
  return withConnection([command], options, async (connection) => {
    const read = command === "revert" ? hostOf(NO_POOLS, {}) : await readOverSsh(connection, options);
    whole({ ...read, facts: settleUsers(read.facts, () => true) });
    const ran = await connection.script(scriptFor(read, []));
    if (ran.code !== 6 || connection.isRoot) return ran;
    const more = `${TOOL}: ${host}: ${sudo ? "sudo did not make you" : "you are not"} root there.\nLog in as root, or use --sudo.\n`;
    return { ...ran, stderr: ran.stderr + more };
  });
}

/** For `revert`, which reads no pools. */
const NO_POOLS: HostConfig = { host: null, source: "", elsewhere: true, virtinst: null, pools: [], secrets: [] };

/**
 * Inspects another host: the pools are read with virsh, the virtinst with `verify --static` of the standalone script.
 *
 * @throws Failure as `runOverSsh` does, and if the virtinst of --virtinst is not there
 */
export async function inspectOverSsh(options: SshOptions): Promise<Result<"inspect">> {
  return withConnection(["verify", "--static", "--json"], options, async (connection) => {
    const host = await readOverSsh(connection, options);
    // Broken pools are shown.
    const usable = { ...host, facts: { ...host.facts, broken: [], byUser: [] } };
    const answer = parse(options.host, await connection.script(scriptFor(usable, [])));
    if ("error" in answer) {
      const { message, hint } = answer.error;
      const kind = answer.verdict.exitCode === 4 ? "target" : "io";
      if (options.virtinst !== undefined) throw new Failure(kind, `${options.host}: ${message}`, hint);
      const facts = settleUsers(host.facts, () => false);
      const notes = [...facts.notes, `${message} ${hint}`];
      return inspection({ ...host, facts }, aboutOf(host, answer), () => null, { program: null, notes });
    }
    // Only disk code that copies auth gives this reason.
    const copying = (pools: readonly PoolNeeds[]) => affectedBy(pools).at(-1) ?? null;
    const copies = answer.affectedReason?.endsWith(copying(host.chosen)?.reason.replace("%s", "") ?? "") ?? false;
    const facts = settleUsers(host.facts, () => copies);
    const more = { program: null, notes: answer.notes };
    return inspection({ ...host, facts }, aboutOf(host, answer), copies ? copying : () => null, more);
  });
}

/** What a result of the script says of the host and its virtinst. */
function aboutOf({ config: { host, source } }: Host, answer: About): About {
  const { file, release, sha256, affected, affectedReason, state, stateReason } = answer;
  return { host, source, file, release, sha256, affected, affectedReason, state, stateReason };
}

/** Connects to a host for a run of its script; ends the connection afterwards. */
async function withConnection<T>(
  words: readonly string[],
  { host, sudo, virtinst, flags }: SshOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const named = virtinst === undefined ? [] : [`--virtinst=${virtinst}`];
  const connection = await connect({ host, sudo }, [...words, ...flags, ...named]);
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}

/** Reads the pools of another host. */
async function readOverSsh({ virsh, node }: Connection, { host, sudo, pool = [] }: SshOptions): Promise<Host> {
  const words = ["ssh", shellWord(host), ...(sudo ? ["sudo -n"] : []), "virsh -r -c", DEFAULT_URI].join(" ");
  const missing = `Install libvirt-client (Debian: libvirt-clients) on ${host}.`;
  // The URI of that libvirt; an IPv6 address is in brackets.
  const uri = `qemu+ssh://${host.replace(/[^@]*:[^@]*$/, "[$&]")}/system`;
  const config = withoutTwins(await readLive({ uri, virsh, words, missing }));
  // libvirt may call the host by another name than itself.
  const read = hostOf({ ...config, host: node, elsewhere: true }, { pool });
  if (read.chosen.length > 0) return read;
  return { ...read, facts: { ...read.facts, notes: [...read.facts.notes, "This host has no rbd pool."] } };
}

/** The JSON of the script. */
function parse(host: string, { code, stdout, stderr }: { code: number; stdout: string; stderr: string }) {
  try {
    return v.parse(v.union([FORMS.verify, FORMS.error]), JSON.parse(stdout));
  } catch {
    throw new Failure(
      "io",
      `${host}: the script printed no result (exit code ${code}): ${stderr.trim() || "no message"}.`,
      `Run this again; then look at: ${TOOL} verify --static --ssh ${shellWord(host)}.`,
    );
  }
}
