import { type Colours, colourDiff, inline, monitorText, type Row, table, visible } from "./text";

/** A pool, as a report shows it. */
export interface ShownPool {
  readonly name: string;
  readonly active: boolean | null;
  readonly cephPool: string;
  readonly monitors: readonly { readonly name: string; readonly port: number | null }[];
  readonly auth: {
    readonly username: string;
    readonly secret: { readonly uuid: string } | { readonly usage: string };
  } | null;
}

/** What `inspect` shows. */
export interface ShownInspection {
  readonly source: string;
  readonly document: {
    readonly host: string | null;
    readonly pools: readonly ShownPool[];
    readonly virtinst: {
      readonly release: string | null;
      readonly file: string;
      readonly state: string;
      readonly need: string;
      readonly reason: string;
    } | null;
  };
  readonly facts: {
    readonly resolved: readonly { readonly pool: string; readonly auth: { readonly uuid: string } | null }[];
  };
  readonly broken: readonly { readonly pools: readonly string[]; readonly message: string; readonly hint: string }[];
  readonly virtinst: {
    readonly program: string | null;
    readonly shippedIn: readonly string[];
    readonly stateReason: string;
  } | null;
}

/** The host, its pools, its virtinst and whether it needs the patch, for a person. */
export function inspectionText(
  { source, document, facts, broken, virtinst }: ShownInspection,
  colors: Colours,
): string {
  const rows: Row[] = [["Host", `${document.host ?? "unknown"} (${source})`]];
  if (document.pools.length === 0) rows.push(["Pool", "none of type rbd"]);
  for (const { name, active, cephPool, monitors, auth } of document.pools) {
    const resolved = facts.resolved.find(({ pool }) => pool === name);
    const faults = broken.filter(({ pools }) => pools.includes(name));
    const state = active === null ? "" : active ? ", active" : ", inactive";
    const mark = faults.length > 0 ? colors.red(" broken") : resolved ? "" : colors.dim(" left out");
    rows.push(["Pool", `${name} (Ceph pool ${cephPool}${state})${mark}`]);
    const hosts = monitors.map(monitorText).join(", ");
    rows.push(["  monitors", hosts || "none listed: Ceph's own configuration decides"]);
    rows.push(["  user", auth ? auth.username : "none: the pool has no auth"]);
    if (auth) rows.push(["  secret", secretText(auth.secret, resolved?.auth?.uuid)]);
    for (const { message, hint } of faults) rows.push(["  broken", colors.red(message)], ["  mend it", hint]);
  }
  const { virtinst: found } = document;
  if (found && virtinst) {
    rows.push(["virtinst", `${found.release ?? "unknown release"}, ${found.file}`]);
    rows.push(["  run by", virtinst.program ?? "no virt-install was found that uses it"]);
    rows.push([
      "  released",
      virtinst.shippedIn.length > 0 ? `as in ${virtinst.shippedIn.join(", ")}` : "not the file of any upstream release",
    ]);
    rows.push(["Patch", `${stateColour(found.state, colors)}: ${virtinst.stateReason}`]);
    rows.push([
      "Need",
      `${found.need === "not needed" ? colors.green(found.need) : colors.yellow(found.need)}: ${found.reason}`,
    ]);
  } else rows.push(["virtinst", "not found"]);
  return table(
    rows.map(([label, value]) => [label, keepingColours(value, inline)]),
    colors,
  );
}

function secretText(secret: { readonly uuid: string } | { readonly usage: string }, uuid: string | undefined): string {
  return "uuid" in secret ? secret.uuid : `${uuid ?? "not resolved"} (by usage ${JSON.stringify(secret.usage)})`;
}

/** What `apply` and `revert` show. */
export interface ShownChange {
  readonly status: string;
  readonly changed: boolean;
  readonly check: boolean;
  readonly file: string;
  readonly release: string | null;
  readonly pools: readonly string[];
  readonly compiled?: string | null;
  readonly pristine?: boolean;
  readonly timeRestored?: boolean;
  readonly shippedIn?: readonly string[];
  readonly diff: string;
}

/**
 * One line on what was done or would be done.
 *
 * @param how `diff` puts what changes before it; `verbose` says more; `quiet` leaves all but the diff out
 */
export function changeText(
  result: ShownChange,
  how: { readonly diff: boolean; readonly verbose: boolean; readonly quiet: boolean },
  colors: Colours,
): string {
  const diff = how.diff ? colourDiff(result.diff, colors) : "";
  return how.quiet ? diff : diff + changeLines(result, how.verbose, colors);
}

function changeLines(result: ShownChange, verbose: boolean, colors: Colours): string {
  const { status, changed, check, file, release, pools, compiled, pristine, timeRestored, shippedIn = [] } = result;
  const word = changed ? colors.yellow(check ? `would be ${status}` : status) : colors.green(status);
  const forPools = pools.length > 0 ? ` (${pools.length > 1 ? "pools" : "pool"} ${pools.join(", ")})` : "";
  const lines = [`${word}: ${file}${forPools}`];
  if (changed && pristine !== undefined) {
    const shipped = shippedIn.length > 0 ? `: the file of virt-manager ${shippedIn.join(", ")}` : "";
    lines.push(
      pristine
        ? `The file ${check ? "would be" : "is"}, in its bytes${timeRestored ? " and its time" : ""}, what the blocks were put into${shipped}.`
        : `The file ${check ? "would have" : "has"} no blocks any more.`,
    );
  }
  if (compiled?.startsWith("not run")) lines.push(`Compiling the new text was ${compiled}.`);
  else if (verbose && compiled) lines.push(`The new text was ${compiled}.`);
  if (verbose) lines.push(`virt-manager release: ${release ?? "unknown"}`);
  return lines.map((line) => `${keepingColours(line, inline)}\n`).join("");
}

/** What `preview` shows: the difference that the patch makes. */
export function previewText(
  { changed, diff }: { readonly changed: boolean; readonly diff: string },
  colors: Colours,
): string {
  return changed ? colourDiff(diff, colors) : "The patch changes nothing in this domain.\n";
}

/** What was run, and what came of it. */
export interface ShownProof {
  readonly status: string;
  readonly reason: string;
  readonly checks: readonly { readonly label: string; readonly passed: boolean; readonly difference: string }[];
}

/** What `verify` shows. */
export interface ShownVerification {
  readonly state: string;
  readonly reason: string;
  readonly file: string;
  readonly behaviour: ShownProof;
  readonly install: ShownProof & { readonly causes: readonly string[] };
  readonly volume: {
    readonly status: string;
    readonly reason: string;
    readonly volume: string;
    readonly disks: readonly {
      readonly name: string;
      readonly facts: readonly {
        readonly label: string;
        readonly expected: string;
        readonly found: string;
        readonly right: boolean;
      }[];
    }[];
    readonly schema: { readonly status: string; readonly reason: string };
    readonly causes: readonly string[];
  } | null;
}

/** The state of the file, and each check of what its blocks do. */
export function verificationText(
  { state, reason, file, behaviour, install, volume }: ShownVerification,
  verbose: boolean,
  colors: Colours,
): string {
  const lines = [`${stateColour(state, colors)}: ${inline(file)}: ${inline(reason)}`];
  lines.push(
    ...proofLines("behaviour", behaviour, verbose, colors),
    ...proofLines("virt-install", install, verbose, colors),
  );
  lines.push(...install.causes.map((cause) => causeLine(cause, colors)));
  if (volume) {
    lines.push(`volume ${volume.volume} ${outcome(volume.status, colors)}: ${volume.reason}`);
    for (const { name, facts } of volume.disks) {
      lines.push(`  rbd disk ${inline(name)}`);
      for (const { label, expected, found, right } of facts)
        lines.push(
          `    ${right ? colors.green("right") : colors.red("wrong")}  ${label.padEnd(7)}  ${expected}${right ? "" : ` (found: ${found})`}`,
        );
    }
    lines.push(`  schema ${outcome(volume.schema.status, colors)}: ${volume.schema.reason}`);
    lines.push(...volume.causes.map((cause) => causeLine(cause, colors)));
  }
  return lines.map((line) => `${keepingColours(line, visible)}\n`).join("");
}

function proofLines(name: string, { status, reason, checks }: ShownProof, verbose: boolean, colors: Colours): string[] {
  const count = status === "not run" ? "" : ` (${checks.length} ${checks.length === 1 ? "check" : "checks"})`;
  const lines = [`${name} ${outcome(status, colors)}${count}: ${reason}`];
  for (const { label, passed, difference } of checks) {
    if (verbose || !passed) lines.push(`  ${passed ? colors.green("ok") : colors.red("wrong")}  ${inline(label)}`);
    if (!passed) lines.push(difference.replace(/^/gm, "      ").trimEnd());
  }
  return lines;
}

function causeLine(cause: string, colors: Colours): string {
  return `  ${colors.yellow("look at")}  ${cause}`;
}

function outcome(status: string, colors: Colours): string {
  return status === "passed" ? colors.green(status) : status === "failed" ? colors.red(status) : colors.yellow(status);
}

function stateColour(state: string, colors: Colours): string {
  return state === "current" ? colors.green(state) : state === "damaged" ? colors.red(state) : colors.yellow(state);
}

/** Colours are this tool's own, so their escape has to pass. */
function keepingColours(value: string, clean: (text: string) => string): string {
  return value
    .split(/(\u001b\[\d+m)/)
    .map((part, index) => (index % 2 === 1 ? part : clean(part)))
    .join("");
}
