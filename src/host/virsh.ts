import { Failure, shellWord } from "../failure";
import { type Finished, run } from "../system/run";
import { byName, DEFAULT_URI, type HostConfig, type HostOptions } from "./config";
import { isAnyMachine, isLocalUri, isThisMachine } from "./here";
import { documentsIn, readPool, readSecret } from "./xml";
import { readSecrets, readXmlFile } from "./xml-files";

/** Runs `virsh -q -r -c URI 'COMMAND; COMMAND'`: the connection is read-only. */
export type Virsh = (commands: readonly string[]) => Promise<Finished>;

export interface Libvirt {
  readonly uri: string;
  readonly virsh: Virsh;
  /** The command of a hint, up to the virsh command: `virsh -r -c URI`, to which the caller adds `pool-list --all`. */
  readonly words: string;
  /** The hint if there is no virsh. */
  readonly missing: string;
}

/** The libvirt that the virsh of this machine connects to. */
export function libvirtAt(uri: string): Libvirt {
  const virsh: Virsh = (commands) => run("virsh", ["-q", "-r", "-c", uri, commands.join("; ")], { env: VIRSH_ENV });
  const missing = "Install libvirt-client (Debian: libvirt-clients), or pass --ssh, --pool-xml, --host or --root.";
  return { uri, virsh, words: `virsh -r -c ${shellWord(uri)}`, missing };
}

// virsh 9.0 escapes less of a name in this locale than in C.
const VIRSH_ENV = { LC_ALL: "C.UTF-8" };

/** Reads the pools and secrets of a running libvirt; if `secretXml` is given, the secrets from these files. */
export async function readLibvirt({ connect, secretXml }: HostOptions): Promise<HostConfig> {
  const live = await readLive(libvirtAt(connect ?? DEFAULT_URI));
  return secretXml ? { ...live, secrets: readSecrets(secretXml.map(readXmlFile)) } : live;
}

/**
 * Reads pools and secrets from a running libvirt.
 *
 * Reads the tables of virsh as text, because virsh 1.2.17 (CentOS 7.2) has neither `pool-list --name` nor `--uuid`.
 * Names may contain spaces.
 *
 * @throws Failure (pools) with the message of virsh if it is missing or cannot connect
 */
export async function readLive(libvirt: Libvirt): Promise<HostConfig> {
  const { uri, virsh, words } = libvirt;
  // A driver without secrets fails to list them. The exit code is that of `echo`. A hostname or an error is printed.
  const talk = await virsh(["hostname", "pool-list --all", "secret-list", "echo"]);
  if (talk.status !== 0 || `${talk.stdout}${talk.stderr}`.trim() === "") throw unreachable(libvirt, talk);
  if (/^error: failed to list (inactive )?pools/im.test(talk.stderr))
    throw refused(uri, ownWords(talk), `Look at the state of libvirt's storage driver: ${words} pool-list --all.`);
  const listed = readTables(talk.stdout);
  const commands = [
    ...listed.pools.map(({ name }) => `pool-dumpxml --pool ${quote(name)}`),
    ...listed.secrets.map((uuid) => `secret-dumpxml --secret ${uuid}`),
  ];
  if (commands.length > MOST_LISTED)
    throw refused(
      uri,
      `virsh lists ${commands.length} pools and secrets, and the limit is ${MOST_LISTED}`,
      "Pass the pools and secrets as files: --pool-xml and --secret-xml.",
    );
  const dumps: Finished[] = [];
  for (let at = 0; at < commands.length; at += A_CALL) {
    const dump = await virsh(commands.slice(at, at + A_CALL));
    if (dump.fault !== null) throw unreachable(libvirt, dump);
    dumps.push(dump);
  }

  const documents = documentsIn(dumps.map(({ stdout }) => stdout).join("\n"), ["pool", "secret"]);
  const where = `virsh -c ${uri}`;
  const secrets = documents.filter(isSecret).map((document) => readSecret(document, where));
  const described = documents.filter((document) => !isSecret(document)).map((document) => readPool(document, where));
  if (described.length !== listed.pools.length || secrets.length !== listed.secrets.length)
    throw refused(
      uri,
      `virsh listed ${listed.pools.length} pools and ${listed.secrets.length} secrets, but returned the XML of ${described.length} and ${secrets.length}: ${ownWords({ stderr: dumps.map(({ stderr }) => stderr).join("\n") }) || "no reason given"}`,
      "A pool or secret may have been removed in the meantime: try again.",
    );
  const active = new Map(listed.pools.map((row) => [row.name, row.active]));
  const pools = described.flatMap((pool) => (pool ? [{ ...pool, active: active.get(pool.name) ?? null }] : []));
  if (pools.length === 0) await refuseUnlisted(libvirt);
  const secretsListed = !/^error: .*(failed to (count|list) secrets|virConnect(NumOf|ListAll)Secrets)/im.test(
    talk.stderr,
  );
  const { host } = listed;
  return {
    host,
    source: uri,
    // A URI with a host may still connect to this machine. Without a usable hostname, assume another machine.
    elsewhere: !isLocalUri(uri) && (host === null || isAnyMachine(host) || !isThisMachine(host)),
    virtinst: null,
    pools: byName(pools),
    secrets: secretsListed ? secrets : null,
  };
}

/**
 * Asks libvirt again, only for rbd pools: the table is also empty if the pools could not be listed. The error messages
 * of that vary: without a storage driver, virsh 9.0 fails "to get the number of active pools".
 *
 * @throws Failure (pools) if virsh fails, or lists an rbd pool
 */
async function refuseUnlisted(libvirt: Libvirt): Promise<void> {
  const { uri, virsh, words } = libvirt;
  const answer = await virsh(["pool-list --all --type rbd"]);
  if (answer.fault !== null) throw unreachable(libvirt, answer);
  if (answer.status === 0 && answer.stdout.trim() === "") return;
  throw refused(
    uri,
    answer.status === 0
      ? "virsh lists rbd pools, but returned no XML of them"
      : `rbd pools could not be listed: ${ownWords(answer) || "virsh gave no reason"}`,
    `Look at the state of libvirt's storage driver: ${words} pool-list --all --type rbd.`,
  );
}

/** How many pools and secrets of any type are read at most, and how many per call: a name has up to 251 bytes. */
const [MOST_LISTED, A_CALL] = [10_000, 100];

const isSecret = (document: string) => document.startsWith("<secret");

/** The hostname, the pools and the secrets that the first commands list. */
interface Tables {
  readonly host: string | null;
  readonly pools: readonly { readonly name: string; readonly active: boolean }[];
  /** The UUIDs of the secrets. */
  readonly secrets: readonly string[];
}

/**
 * Reads the tables. virsh 1.2.17 and 9.0 both begin a row with a space and pad the columns with spaces. A name may
 * contain spaces, but not end with one.
 */
function readTables(printed: string): Tables {
  const lines = printed.split("\n");
  const pools = lines.flatMap((line) => {
    const [, name = "", state] = /^ (.*[^ ]) +((?:in)?active) +(?:yes|no) *$/.exec(line) ?? [];
    return name === "" ? [] : [{ name: unescaped(name), active: state === "active" }];
  });
  const secrets = lines.flatMap((line) => /^ ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) /.exec(line)?.[1] ?? []);
  const host = lines.find((line) => /^\S+$/.test(line)) ?? null;
  return { host, pools, secrets };
}

/**
 * Decodes a name from the table: virsh 9.0 writes characters that it cannot print as `\\x5c` and the like. Older
 * versions escape nothing: if the decoded name has a line break, which libvirt refuses, the name was not escaped.
 */
function unescaped(name: string): string {
  const bytes = Buffer.from(name, "utf8").toString("latin1");
  const plain = bytes.replace(/\\x([0-9a-f]{2})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  return plain.includes("\n") ? name : Buffer.from(plain, "latin1").toString("utf8");
}

/** Quotes a value for the command line of virsh, which has quotes like a shell. */
function quote(value: string): string {
  return `'${value.replace(/'/g, "'\\''")}'`;
}

function unreachable({ uri, words, missing }: Libvirt, { fault, why, ...talk }: Finished): Failure {
  const said = ownWords(talk) || "virsh ended without a message";
  const hint =
    fault === "ENOENT" ? missing : `Is libvirtd running, and do you have access? Check with: ${words} pool-list --all`;
  return refused(uri, fault === null ? said : `virsh: ${why}`, hint);
}

function ownWords({ stderr }: Pick<Finished, "stderr">): string {
  return stderr
    .replace(/^error: /gm, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("; ")
    .slice(0, 1000);
}

function refused(uri: string, why: string, hint: string): Failure {
  return new Failure("pools", `${uri}: ${why}.`.replace(/\.\.$/, "."), hint);
}
