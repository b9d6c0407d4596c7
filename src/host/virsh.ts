import { Failure, shellWord } from "../failure";
import { type Finished, run } from "../system/run";
import { byName, DEFAULT_URI, type HostConfig, type HostOptions } from "./config";
import { isAnyMachine, isLocalUri, isThisMachine } from "./here";
import { documentsIn, readPool, readSecret } from "./xml";
import { readSecrets, readXmlFile } from "./xml-files";

/** Reads the pools and secrets of a running libvirt; the secrets from files, if some were named. */
export async function readLibvirt({ connect, secretXml }: HostOptions): Promise<HostConfig> {
  const live = await readLive(connect ?? DEFAULT_URI);
  return secretXml ? { ...live, secrets: readSecrets(secretXml.map(readXmlFile)) } : live;
}

/**
 * Reads pools and secrets from a running libvirt, through `virsh -r`: nothing can be changed on that connection.
 *
 * One virsh serves all calls. Its tables are read as text, since virsh 1.2.17 (CentOS 7.2) has neither
 * `pool-list --name` nor `--uuid`; names with spaces keep them.
 *
 * @throws Failure (facts) with the message of virsh if it is missing or cannot connect
 */
export async function readLive(uri: string): Promise<HostConfig> {
  // virsh 9.0 escapes less of a name in this locale than in C.
  const env = { LC_ALL: "C.UTF-8" };
  let tables: Tables | null = null;
  let commands: string[] = [];
  // virsh reads its input through readline, which takes bytes beyond ASCII and control characters for key strokes.
  const isPlain = () => commands.every((command) => /^[ -~]*$/.test(command));
  const dumps = (printed: string) => {
    tables = readTables(withoutPrompts(printed));
    commands = [
      ...tables.pools.map(({ name }) => `pool-dumpxml --pool ${quote(name)}`),
      ...tables.secrets.map((uuid) => `secret-dumpxml --secret ${uuid}`),
    ];
    return isPlain() ? `${commands.join("\n")}\n` : "";
  };
  const input = `hostname\npool-list --all\nsecret-list\necho ${LISTED}\n`;
  const talk = await run("virsh", ["-q", "-r", "-c", uri], { env, input, rest: { after: LISTED_SAID, input: dumps } });
  // Do not parse output without the sentinel, however long it is.
  const listed = tables as Tables | null;
  if (talk.fault !== null || !listed) throw unreachable(uri, talk);
  if (/failed to list pools|failed to list inactive pools/i.test(talk.stderr))
    throw refused(
      uri,
      ownWords(talk),
      `Look at the state of libvirt's storage driver: virsh -r -c ${uri} pool-list --all.`,
    );
  const dump = isPlain() ? talk : await run("virsh", ["-q", "-r", "-c", uri, commands.join("; ")], { env });
  if (dump.fault !== null) throw unreachable(uri, dump);

  const documents = documentsIn(withoutPrompts(dump.stdout), ["pool", "secret"]);
  const where = `virsh -c ${uri}`;
  const secrets = documents.filter(isSecret).map((document) => readSecret(document, where));
  const described = documents.filter((document) => !isSecret(document)).map((document) => readPool(document, where));
  if (described.length !== listed.pools.length || secrets.length !== listed.secrets.length)
    throw refused(
      uri,
      `virsh listed ${listed.pools.length} pools and ${listed.secrets.length} secrets but described ${described.length} and ${secrets.length}: ${ownWords(talk) || "no reason given"}`,
      "A pool or secret may have gone meanwhile: try again.",
    );
  const active = new Map(listed.pools.map((row) => [row.name, row.active]));
  const pools = described.flatMap((pool) => (pool ? [{ ...pool, active: active.get(pool.name) ?? null }] : []));
  if (pools.length === 0) await refuseUnlisted(uri);
  const secretsListed = !/failed to (count|list) secrets|virConnect(NumOf|ListAll)Secrets/i.test(talk.stderr);
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
async function refuseUnlisted(uri: string): Promise<void> {
  const answer = await run("virsh", ["-q", "-r", "-c", uri, "pool-list", "--all", "--type", "rbd"]);
  if (answer.fault !== null) throw unreachable(uri, answer);
  if (answer.status === 0 && answer.stdout.trim() === "") return;
  throw refused(
    uri,
    answer.status === 0
      ? "virsh lists rbd pools but described none"
      : `whether there are rbd pools cannot be told: ${ownWords(answer) || "virsh gave no reason"}`,
    `Look at the state of libvirt's storage driver: virsh -r -c ${uri} pool-list --all --type rbd.`,
  );
}

const LISTED = "virtinst-rbd-patch-listed";
// Said, not echoed: at a line's start, or just behind the prompt of a virsh without readline.
const LISTED_SAID = new RegExp(`^(?:virsh [#>] )*${LISTED}`, "m");

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
  const host = lines.find((line) => /^\S+$/.test(line) && line !== "hostname" && line !== LISTED) ?? null;
  return { host, pools, secrets };
}

/** A name from the table of a virsh that writes `\\x5c` and the like for what it cannot print (9.0). */
function unescaped(name: string): string {
  const bytes = Buffer.from(name, "utf8").toString("latin1");
  const plain = bytes.replace(/\\x([0-9a-f]{2})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(plain, "latin1").toString("utf8");
}

/** A value in one piece on virsh's own command line, which knows shell-like quotes. */
function quote(value: string): string {
  return `'${value.replace(/'/g, "'\\''")}'`;
}

/** Output without virsh's prompts; a virsh with readline also echoes the commands behind them. */
function withoutPrompts(output: string): string {
  return output.replace(/^(?:virsh [#>] )+/gm, "");
}

function unreachable(uri: string, { fault, why, ...talk }: Finished): Failure {
  const said = ownWords(talk) || "virsh ended without a message";
  const hint =
    fault === "ENOENT"
      ? "Install libvirt-client (Debian: libvirt-clients), or pass --pool-xml, --host or --root."
      : `Is libvirtd running, and do you have access? Check with: virsh -r -c ${shellWord(uri)} pool-list --all`;
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
