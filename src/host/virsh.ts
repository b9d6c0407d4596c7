import { Failure, shellWord } from "../failure";
import { type Finished, run } from "../system/run";
import { byName, DEFAULT_URI, type HostConfig, type HostOptions } from "./config";
import { isAnyMachine, isLocalUri, isThisMachine } from "./here";
import { documentsIn, readPool, readSecret } from "./xml";
import { readSecrets, readXmlFile } from "./xml-files";

/** Runs `virsh -q -r -c URI 'COMMAND; COMMAND'`: on such a connection, nothing can be changed. */
export type Virsh = (commands: readonly string[]) => Promise<Finished>;

/** A running libvirt. */
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

/** Reads the pools and secrets of a running libvirt; the secrets from files, if some were named. */
export async function readLibvirt({ connect, secretXml }: HostOptions): Promise<HostConfig> {
  const live = await readLive(libvirtAt(connect ?? DEFAULT_URI));
  return secretXml ? { ...live, secrets: readSecrets(secretXml.map(readXmlFile)) } : live;
}

/**
 * Reads pools and secrets from a running libvirt.
 *
 * The tables of virsh are read as text, because virsh 1.2.17 (CentOS 7.2) has neither `pool-list --name` nor `--uuid`;
 * names with spaces keep them.
 *
 * @throws Failure (facts) with the message of virsh if it is missing or cannot connect
 */
export async function readLive(libvirt: Libvirt): Promise<HostConfig> {
  const { uri, virsh, words } = libvirt;
  // A driver without secrets fails to list them. The exit code is that of the last command.
  const talk = await virsh(["hostname", "pool-list --all", "secret-list", "echo"]);
  if (talk.status !== 0) throw unreachable(libvirt, talk);
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
      `virsh lists ${commands.length} pools and secrets, and at most ${MOST_LISTED} are read`,
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
      `virsh listed ${listed.pools.length} pools and ${listed.secrets.length} secrets but described ${described.length} and ${secrets.length}: ${ownWords({ stderr: dumps.map(({ stderr }) => stderr).join("\n") }) || "no reason given"}`,
      "A pool or secret may have gone meanwhile: try again.",
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
    // A URI that names a machine may still lead to this one; where it does not say, it is taken for another.
    elsewhere: !isLocalUri(uri) && (host === null || isAnyMachine(host) || !isThisMachine(host)),
    virtinst: null,
    pools: byName(pools),
    secrets: secretsListed ? secrets : null,
  };
}

/**
 * Makes sure that libvirt itself says that it has no rbd pool. A table that could not be made is empty too, and says why
 * in many words: without a storage driver, virsh 9.0 fails "to get the number of active pools".
 *
 * @throws Failure (facts) where it says anything else, or nothing
 */
async function refuseUnlisted(libvirt: Libvirt): Promise<void> {
  const { uri, virsh, words } = libvirt;
  const answer = await virsh(["pool-list --all --type rbd"]);
  if (answer.fault !== null) throw unreachable(libvirt, answer);
  if (answer.status === 0 && answer.stdout.trim() === "") return;
  throw refused(
    uri,
    answer.status === 0
      ? "virsh lists rbd pools but described none"
      : `whether there are rbd pools cannot be told: ${ownWords(answer) || "virsh gave no reason"}`,
    `Look at the state of libvirt's storage driver: ${words} pool-list --all --type rbd.`,
  );
}

/** The most pools and secrets, of any type, that are read, and how many of them in a call: a name has 251 bytes. */
const [MOST_LISTED, A_CALL] = [10_000, 100];

const isSecret = (document: string) => document.startsWith("<secret");

/** What the first commands printed. */
interface Tables {
  readonly host: string | null;
  readonly pools: readonly { readonly name: string; readonly active: boolean }[];
  /** Their UUIDs. */
  readonly secrets: readonly string[];
}

/**
 * Reads the tables. virsh 1.2.17 and 9.0 both begin a row with a space and pad the columns with spaces; a name may contain
 * spaces, but not end with one.
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
 * A name from the table of a virsh that writes `\\x5c` and the like for what it cannot print (9.0). Older ones escape
 * nothing; a line break can only come from such a name, since libvirt refuses it.
 */
function unescaped(name: string): string {
  const bytes = Buffer.from(name, "utf8").toString("latin1");
  const plain = bytes.replace(/\\x([0-9a-f]{2})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  return plain.includes("\n") ? name : Buffer.from(plain, "latin1").toString("utf8");
}

/** A value in one piece on virsh's own command line, which knows shell-like quotes. */
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
  return new Failure("facts", `${uri}: ${why}.`.replace(/\.\.$/, "."), hint);
}
