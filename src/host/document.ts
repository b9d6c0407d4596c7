import * as v from "valibot";
import { Failure } from "../failure";
import { LIMIT, readNamed } from "../system/read";
import { byName, DOCUMENT_VERSION, type HostConfig, type HostOptions } from "./config";
import { isThisMachine } from "./here";
import { utf8 } from "./xml-files";

// XML 1.0 cannot carry these, so no libvirt object has them; a lone surrogate is not text.
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;

const name = v.pipe(
  v.string(),
  v.nonEmpty("must not be empty"),
  v.check((value) => !UNPRINTABLE.test(value), "has a character that XML cannot carry"),
);
const PORT = "must be a port, 1 to 65535";
const uuid = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "must be a UUID in lower case with dashes"),
);
const absent = <T extends v.GenericSchema>(schema: T) => v.optional(v.nullable(schema), null);

/** The host document: what `--host` takes, by itself or in what `inspect --json` prints. */
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

/** A host document, with every optional part filled in. */
export type HostDocument = v.InferOutput<typeof hostDocument>;

/** The host document. */
export function writeDocument(config: HostConfig, virtinst: HostDocument["virtinst"]): HostDocument {
  const { host, pools, secrets } = config;
  return { version: DOCUMENT_VERSION, host, pools, secrets, virtinst } as HostDocument;
}

/** Reads the host document that was named. */
export function readDocumentFile({ hostDocument: file = "" }: Pick<HostOptions, "hostDocument">, how = {}): HostConfig {
  return readDocument(utf8({ where: file, bytes: readNamed(file, "facts", LIMIT, how) }), file);
}

/** Reads a host document; fails (facts) with the place in it that is wrong, or if it is no JSON. */
export function readDocument(json: string, where: string): HostConfig {
  let content: unknown;
  try {
    content = JSON.parse(json);
  } catch {
    // What Node says quotes the file.
    throw refused(where, "this is not JSON");
  }
  const { command, error, document } = Object(content) as Record<string, unknown>;
  if (command === "inspect" && error) throw refused(where, "this is what an `inspect` that failed has printed");
  const result = v.safeParse(hostDocument, command === "inspect" ? document : content);
  if (!result.success) {
    const [issue] = result.issues;
    throw refused(where, `${v.getDotPath(issue) ?? "the document"}: ${reasonOf(issue)}`);
  }
  const { host, pools, secrets, virtinst } = result.output;
  const elsewhere = host !== null && !isThisMachine(host);
  return { host, source: where, elsewhere, virtinst, pools: byName(pools), secrets };
}

/** What is wrong there. valibot's own words quote the value, and it may be anybody's. */
function reasonOf(issue: v.InferIssue<typeof hostDocument>): string {
  if (issue.expected === "never") return "a host document has no such field";
  return issue.kind === "schema" ? `${issue.expected ?? "something else"} was expected` : issue.message;
}

function refused(where: string, why: string): Failure {
  return new Failure(
    "facts",
    `${where}: ${why}.`,
    "Make the document anew with `virtinst-rbd-patch inspect --json` on the host.",
  );
}
