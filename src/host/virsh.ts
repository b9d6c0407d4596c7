import { Failure, shellWord } from "../failure";
import { documentsIn } from "../system/printed";
import { converse, type Finished, run } from "../system/run";
import { byName, DEFAULT_URI, type HostConfig, type HostOptions, type Pool, type Secret } from "./config";
import { isAnyMachine, isLocalUri, isThisMachine } from "./here";
import { readPool, readSecret } from "./xml";
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
 * @param uri libvirt's connection URI
 * @throws Failure (facts) with the message of virsh if it is missing or cannot connect
 */
export async function readLive(uri: string): Promise<HostConfig> {
  // virsh 9.0 escapes less of a name in this locale than in C.
  const env = { LC_ALL: "C.UTF-8" };
  const virsh = converse("virsh", ["-q", "-r", "-c", uri], { env });
  const said = await virsh.ask(["hostname", "pool-list --all", "secret-list", `echo ${LISTED}`], LISTED_SAID);
  // Do not parse output without the sentinel, however long it is.
  if (!LISTED_SAID.test(said)) throw unreachable(uri, await virsh.finish([]));
  const listed = withoutPrompts(said);
  const rows = poolRows(listed);
  const uuids = [...listed.matchAll(SECRET_ROW)].map(([, uuid]) => uuid as string);
  const commands = [
    ...rows.map(({ name }) => `pool-dumpxml --pool ${quote(name)}`),
    ...uuids.map((uuid) => `secret-dumpxml --secret ${uuid}`),
  ];
  // virsh reads its input through readline, which takes bytes beyond ASCII and control characters for key strokes.
  const plain = commands.every((command) => /^[ -~]*$/.test(command));
  const talk = await virsh.finish(plain ? commands : []);
  if (talk.fault !== null) throw unreachable(uri, talk);
  if (/failed to list pools|failed to list inactive pools/i.test(talk.stderr))
    throw refused(
      uri,
      ownWords(talk),
      `Look at the state of libvirt's storage driver: virsh -r -c ${uri} pool-list --all.`,
    );
  const dump = plain ? talk : await run("virsh", ["-q", "-r", "-c", uri, commands.join("; ")], { env });
  if (dump.fault !== null) throw unreachable(uri, dump);

  const documents = documentsIn(withoutPrompts(dump.stdout), ["pool", "secret"]);
  const where = `virsh -c ${uri}`;
  const active = new Map(rows.map((row) => [row.name, row.active]));
  const pools: Pool[] = [];
  const secrets: Secret[] = [];
  let poolDocuments = 0;
  for (const document of documents) {
    if (document.startsWith("<secret")) secrets.push(readSecret(document, where));
    else {
      const pool = readPool(document, where, null);
      poolDocuments++;
      if (pool) pools.push({ ...pool, active: active.get(pool.name) ?? null });
    }
  }
  if (poolDocuments !== rows.length || secrets.length !== uuids.length)
    throw refused(
      uri,
      `virsh listed ${rows.length} pools and ${uuids.length} secrets but described ${poolDocuments} and ${secrets.length}: ${ownWords(talk) || "no reason given"}`,
      "A pool or secret may have gone meanwhile: try again.",
    );
  if (pools.length === 0) await refuseUnlisted(uri);
  const secretsListed = !/failed to (count|list) secrets|virConnect(NumOf|ListAll)Secrets/i.test(talk.stderr);
  const host = listed.split("\n").find((line) => /^\S+$/.test(line) && !["hostname", LISTED].includes(line)) ?? null;
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
const SECRET_ROW = /^ ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) /gm;

/**
 * The rows of `pool-list --all`. virsh 1.2.17 and 9.0 both begin a row with a space and pad the columns with spaces; a
 * name may contain spaces, but not end with one.
 */
function poolRows(listed: string): { name: string; active: boolean }[] {
  return listed.split("\n").flatMap((line) => {
    const row = / ((?:in)?active) +(?:yes|no) *$/.exec(line);
    const name = row && line.startsWith(" ") ? line.slice(1, row.index).trimEnd() : "";
    return row && name ? [{ name: unescaped(name), active: row[1] === "active" }] : [];
  });
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
