import * as v from "valibot";
import { Failure } from "../failure";
import { LIMIT, readNamed } from "../system/read";
import { byName, DOCUMENT_VERSION, type HostConfig, type HostOptions } from "./config";
import { isThisMachine } from "./here";
import { utf8 } from "./xml-files";

// XML 1.0 cannot contain these characters, so that no libvirt object has them; a lone surrogate is not text.
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;

const name = v.pipe(
  v.string(),
  v.nonEmpty("must not be empty"),
  v.check((value) => !UNPRINTABLE.test(value), "contains a character that XML does not allow"),
);
const PORT = "must be a port, 1 to 65535";
const uuid = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "must be a UUID in lower case with dashes"),
);
const absent = <T extends v.GenericSchema>(schema: T) => v.optional(v.nullable(schema), null);

/** The schema of the host file, which `--host` reads. `inspect --json` prints it in the field `document`. */
export const hostDocument = v.strictObject({
  version: v.literal(DOCUMENT_VERSION),
  host: absent(name),
  pools: v.array(
    v.strictObject({
      name,
      active: absent(v.boolean()),
      cephPool: name,
      monitors: v.array(
        v.strictObject({
          name,
          port: absent(v.pipe(v.number(), v.integer(PORT), v.minValue(1, PORT), v.maxValue(65535, PORT))),
        }),
      ),
      auth: absent(
        v.strictObject({
          username: name,
          secret: v.union([v.strictObject({ uuid }), v.strictObject({ usage: name })]),
        }),
      ),
    }),
  ),
  secrets: absent(v.array(v.strictObject({ uuid, usageType: absent(name), usageName: absent(name) }))),
  virtinst: absent(
    v.strictObject({
      release: absent(name),
      file: name,
      sha256: absent(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hexadecimal"))),
      state: v.picklist(["current", "outdated", "modified", "not-patched", "damaged"]),
      affected: v.picklist(["yes", "no", "unknown", "unsupported"]),
      reason: name,
    }),
  ),
});

/** The content of a host file, with all optional fields set. */
export type HostDocument = v.InferOutput<typeof hostDocument>;

/** Returns the content of the host file for a configuration and a virtinst. */
export function writeDocument(config: HostConfig, virtinst: HostDocument["virtinst"]): HostDocument {
  const { host, pools, secrets } = config;
  return { version: DOCUMENT_VERSION, host, pools, secrets, virtinst } as HostDocument;
}

/** Reads the host file that the command line names. */
export function readDocumentFile({ hostDocument: file = "" }: Pick<HostOptions, "hostDocument">, how = {}): HostConfig {
  return readDocument(utf8({ where: file, bytes: readNamed(file, "pools", LIMIT, how) }), file);
}

/** Reads a host file; fails (pools) if it is not JSON, or with the first wrong field. */
export function readDocument(json: string, where: string): HostConfig {
  let content: unknown;
  try {
    content = JSON.parse(json);
  } catch {
    // Omit the message of Node: it quotes the file.
    throw refused(where, "this is not JSON");
  }
  const { command, error, document } = Object(content) as Record<string, unknown>;
  if (command === "inspect" && error) throw refused(where, "this is the output of an `inspect` that failed");
  const result = v.safeParse(hostDocument, command === "inspect" ? document : content);
  if (!result.success) {
    const [issue] = result.issues;
    throw refused(where, `${v.getDotPath(issue) ?? "the host file"}: ${reasonOf(issue)}`);
  }
  const { host, pools, secrets, virtinst } = result.output;
  const elsewhere = host !== null && !isThisMachine(host);
  return { host, source: where, elsewhere, virtinst, pools: byName(pools), secrets };
}

/** What is wrong with a field. Omits valibot's own message if it quotes the value, which may be confidential. */
function reasonOf(issue: v.InferIssue<typeof hostDocument>): string {
  if (issue.expected === "never") return "unknown field";
  if (issue.received === "undefined") return "missing field";
  return issue.kind === "schema" ? `expected ${issue.expected ?? "another value"}` : issue.message;
}

function refused(where: string, why: string): Failure {
  return new Failure(
    "pools",
    `${where}: ${why}.`,
    "Write the host file again: run `virtinst-rbd-patch inspect --json` on the host.",
  );
}
