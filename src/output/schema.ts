import * as v from "valibot";
import { hostDocument } from "../host/document";
import { FORM } from "../version";

// The schemas of the JSON output. At run time only their types are used; `npm run generate` writes schema/ from them.

const text = (description: string) => v.pipe(v.string(), v.description(description));
const maybe = (description: string) => v.pipe(v.nullable(v.string()), v.description(description));
const flag = (description: string) => v.pipe(v.boolean(), v.description(description));
const maybeFlag = (description: string) => v.pipe(v.nullable(v.boolean()), v.description(description));
const texts = (description: string) => v.pipe(v.array(v.string()), v.description(description));
const oneOf = <const T extends readonly string[]>(words: T, description: string) =>
  v.pipe(v.picklist(words), v.description(description));
const maybeOneOf = <const T extends readonly string[]>(words: T, description: string) =>
  v.pipe(v.nullable(v.picklist(words)), v.description(description));
const count = (description: string) => v.pipe(v.number(), v.integer(), v.minValue(0), v.description(description));
const listOf = <const T extends v.ObjectEntries>(entries: T, description: string) =>
  v.pipe(v.array(v.strictObject(entries)), v.description(description));

/** The fields that all JSON output has. */
const envelope = {
  form: v.pipe(v.literal(FORM), v.description("The version of the JSON format.")),
  tool: text("The name and version of this tool."),
  verdict: v.strictObject({
    ok: flag("Whether the exit code is 0."),
    exitCode: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(6), v.description("The exit code.")),
  }),
};
const error = v.strictObject({ message: text("What is wrong, and where."), hint: text("What to do next.") });

/** What every result says about the host and its virtinst. */
const common = {
  ...envelope,
  host: maybe("The host that the pools are from, or this machine if none were read; null if its name is unknown."),
  source: maybe("Where the pools were read from; null if they were not read."),
  file: maybe("The file that defines _build_xml; null if virtinst was not found or not searched for."),
  release: maybe("The version of virt-manager that the file belongs to."),
  sha256: v.pipe(
    v.nullable(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
    v.description("SHA-256 of the file without the patch; null if the patch is damaged, or there is no file."),
  ),
  affected: maybeOneOf(
    ["yes", "no", "unknown", "unsupported"],
    "Whether virtinst omits something that these pools need; null if the pools or virtinst were not read.",
  ),
  affectedReason: maybe("The reason, a sentence without its full stop."),
  state: maybeOneOf(
    ["current", "outdated", "modified", "not-patched", "damaged"],
    "The state of the file when the command ends; null if there is no file, or it was not compared with the pools.",
  ),
  stateReason: maybe("The reason, a sentence without its full stop."),
  pools: texts("The names of the libvirt pools; for revert, those that the patch was for."),
  notes: texts("Notes, as sentences; they are also printed on standard error."),
};

const form = <const Command extends string, const T extends v.ObjectEntries>(command: Command, entries: T) =>
  v.strictObject({ ...common, command: v.literal(command), ...entries });

const written = maybe("The file of --output; null if the result was not written to a file.");
const change = {
  check: flag("Whether --check was given, so that nothing was changed."),
  changed: flag("Whether the file was changed; with --check, whether it would be."),
  diff: v.pipe(v.optional(v.string()), v.description("With --diff: the change, as a unified diff.")),
  restored: maybeFlag("Whether the content is (with --check: would be) the original one; null if nothing is removed."),
  timeRestored: maybeFlag("Whether the modification time is the original one too; null if nothing is removed."),
};
const status = <const T extends readonly string[]>(...words: T) =>
  oneOf(words, "The result; with --check, what would be done.");
const outcome = {
  status: oneOf(["passed", "failed", "skipped"], "The result."),
  reason: text("What was run, or why nothing was run, a sentence without its full stop."),
};
const check = {
  label: text("What was checked."),
  passed: flag("Whether the check passed."),
  difference: text("What is wrong; empty if the check passed."),
};
const checked = { ...outcome, checks: listOf(check, "The single checks.") };
const causes = texts("If a check failed: possible causes, as sentences without their full stops.");
const value = {
  label: text("User, secret or monitor, or a number of elements."),
  expected: text("The value that the pool needs."),
  found: text("The value that virt-install wrote."),
  right: flag("Whether the value is right."),
};
const volume = v.strictObject({
  ...outcome,
  volume: text("POOL/VOLUME."),
  disks: listOf(
    { name: text("Ceph pool and image."), values: listOf(value, "The values of the disk.") },
    "The rbd disks that virt-install wrote.",
  ),
  schema: v.pipe(v.strictObject(outcome), v.description("The result of virt-xml-validate.")),
  causes,
});
const monitor = { name: text("Name or address."), port: v.pipe(v.nullable(v.number()), v.description("Null: any.")) };
const auth = v.strictObject({
  username: text("The cephx user."),
  uuid: text("The UUID of the secret; empty if only the usage of the secret is known."),
  usage: v.optional(text("The usage of the secret, if a pool names it by usage.")),
});
const pool = {
  pool: text("The libvirt pool."),
  cephPool: text("The Ceph pool of the libvirt pool."),
  monitors: listOf(monitor, "The monitors, in the order of the pool."),
  auth: v.nullable(auth),
};
const broken = { pools: texts("The libvirt pools."), ...error.entries };
const hookFile = {
  path: text("The path below the --output directory: the path on the host, or in the tree of the engine."),
  content: text("The content of the file."),
  program: flag("Whether the file is executable; only the standalone script is."),
};

const many = { ...envelope, command: v.literal("bundle") };
const host = v.strictObject({
  ...many,
  name: text("The name of the host file without .json."),
  host: maybe("The host that the host file names; null if it names none, or cannot be read."),
  source: text("The host file."),
  status: oneOf(["written", "unchanged", "failed"], "The result; unchanged: the file contained this script already."),
  written: maybe("The script, in the directory of --output; null if this host failed."),
  notes: texts("Notes about this host."),
  error: v.nullable(error),
});
const counts = v.strictObject({
  hosts: count("Number of hosts."),
  written: count("Number of scripts that were written."),
  unchanged: count("Number of scripts that did not change."),
  failed: count("Number of hosts that failed. The exit code of the run is the highest exit code of a host."),
});
const summary = v.strictObject({
  ...many,
  summary: counts,
  notes: texts("Notes, each with the number of hosts that have it."),
});

/** The schema of each command, of a failure, and of the lines of --hosts. */
export const FORMS = {
  inspect: form("inspect", {
    program: maybe("The virt-install that uses this virtinst; with --ssh, null."),
    alternative: maybe("What to do instead of applying the patch, without a full stop; null if not possible."),
    resolved: listOf(pool, "The pools that can be used, with the UUIDs of their secrets."),
    broken: listOf(broken, "The pools that cannot be used. Every other command refuses them."),
    document: v.pipe(hostDocument, v.description("The host file, which --host reads.")),
  }),
  render: form("render", {
    patch: text("The patch, as a unified diff with a header."),
    reverse: flag("Whether it removes the patch."),
    written,
  }),
  bundle: form("bundle", { program: text("The standalone script."), written }),
  hook: form("hook", {
    kind: text("The kind of hook."),
    files: listOf(hookFile, "The files of the hook, the standalone script last, unless each host gets its own."),
    written: maybe("The directory of --output; null if nothing was written."),
  }),
  apply: form("apply", {
    ...change,
    status: status(
      ...(["patched", "updated", "removed", "would be patched", "would be updated", "would be removed"] as const),
      ...(["current", "not needed"] as const),
    ),
    compiled: maybe('The Python that compiled the new content, or "skipped" and why; null if nothing changes.'),
  }),
  revert: form("revert", { ...change, status: status("reverted", "would be reverted", "not-patched") }),
  verify: form("verify", {
    behaviour: v.pipe(v.strictObject(checked), v.description("The function in the file, with a sample domain.")),
    install: v.pipe(
      v.strictObject({ ...checked, causes }),
      v.description("The virt-install of this host, with libvirt's test driver."),
    ),
    volume: v.pipe(v.nullable(volume), v.description("With --vol: what virt-install writes for that volume.")),
    written: maybe("The file of --report; null if no report was written."),
  }),
  preview: form("preview", {
    changed: flag("Whether the patch changes the domain."),
    xml: text("The XML of the domain with the changes of the patch."),
    diff: text("The change, as a unified diff; empty if nothing changes."),
    written,
  }),
  error: v.strictObject({
    ...common,
    command: maybe("The first word of the command line; null if that is an option."),
    error,
  }),
  hosts: v.union([host, summary]),
};

type Read<T> = T extends object ? { readonly [K in keyof T]: Read<T[K]> } : T;
type Own<T> = Read<Omit<T, keyof typeof envelope | "written">>;

/** What a command returns: its JSON without the fields that the command line adds. */
export type Result<Command extends Exclude<keyof typeof FORMS, "error" | "hosts">> = Own<
  v.InferOutput<(typeof FORMS)[Command]>
>;

/** The result for one of many hosts. */
export type HostResult = Read<Omit<v.InferOutput<typeof host>, keyof typeof envelope>>;

/** The summary for all hosts. */
export type HostsSummary = Own<v.InferOutput<typeof summary>>;
