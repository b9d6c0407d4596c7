import { type Colours, colourDiff, inline, monitorText, PLAIN, type Row, table, visible } from "./text";

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
  readonly host: string | null;
  readonly source: string | null;
  readonly document: { readonly pools: readonly ShownPool[] };
  readonly resolved: readonly { readonly pool: string; readonly auth: { readonly uuid: string } | null }[];
  readonly broken: readonly { readonly pools: readonly string[]; readonly message: string; readonly hint: string }[];
  readonly program: string | null;
  readonly file: string | null;
  readonly release: string | null;
  readonly shippedIn: readonly string[];
  readonly state: string | null;
  readonly stateReason: string | null;
  readonly need: string | null;
  readonly needReason: string | null;
}

/** The host, its pools, its virtinst and whether it needs the patch, for a person. */
export function inspectionText(shown: ShownInspection, colors: Colours): string {
  const { host, source, document, resolved: known, broken, program, file, release, shippedIn } = shown;
  const { state, stateReason, need, needReason } = shown;
  const rows: Row[] = [["Host", `${host ?? "unknown"} (${source})`]];
  if (document.pools.length === 0) rows.push(["Pool", "none of type rbd"]);
  for (const { name, active, cephPool, monitors, auth } of document.pools) {
    const resolved = known.find(({ pool }) => pool === name);
    const faults = broken.filter(({ pools }) => pools.includes(name));
    const activity = active === null ? "" : active ? ", active" : ", inactive";
    const mark = faults.length > 0 ? colors.red(" broken") : resolved ? "" : colors.dim(" left out");
    rows.push(["Pool", `${name} (Ceph pool ${cephPool}${activity})${mark}`]);
    const hosts = monitors.map(monitorText).join(", ");
    rows.push(["  monitors", hosts || "none listed: Ceph's own configuration decides"]);
    rows.push(["  user", auth ? auth.username : "none: the pool has no auth"]);
    if (auth) rows.push(["  secret", secretText(auth.secret, resolved?.auth?.uuid)]);
    for (const { message, hint } of faults) rows.push(["  broken", colors.red(message)], ["  mend it", hint]);
  }
  if (file !== null && state !== null && need !== null) {
    rows.push(["virtinst", `${release ?? "unknown release"}, ${file}`]);
    rows.push(["  run by", program ?? "no virt-install was found that uses it"]);
    rows.push([
      "  released",
      shippedIn.length > 0 ? `as in ${shippedIn.join(", ")}` : "not the file of any upstream release",
    ]);
    rows.push(["Patch", `${stateColour(state, colors)}: ${stateReason}`]);
    rows.push(["Need", `${need === "not needed" ? colors.green(need) : colors.yellow(need)}: ${needReason}`]);
  } else rows.push(["virtinst", "none that these facts are of: the notes say why"]);
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
  readonly file: string | null;
  readonly release: string | null;
  readonly pools: readonly string[];
  readonly compiled?: string | null;
  readonly restored: boolean | null;
  readonly timeRestored: boolean | null;
  readonly shippedIn: readonly string[];
  readonly diff?: string | undefined;
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
  const diff = how.diff ? colourDiff(result.diff ?? "", colors) : "";
  return how.quiet ? diff : diff + changeLines(result, how.verbose, colors);
}

function changeLines(result: ShownChange, verbose: boolean, colors: Colours): string {
  const { status, changed, check, file, release, pools, compiled, restored, timeRestored, shippedIn } = result;
  const word = changed ? colors.yellow(status) : colors.green(status);
  const forPools = pools.length > 0 ? ` (${pools.length > 1 ? "pools" : "pool"} ${pools.join(", ")})` : "";
  const lines = [`${word}: ${file}${forPools}`];
  if (changed && restored !== null) {
    const shipped = shippedIn.length > 0 ? `: the file of virt-manager ${shippedIn.join(", ")}` : "";
    lines.push(
      restored
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
  readonly state: string | null;
  readonly stateReason: string | null;
  readonly need: string | null;
  readonly needReason: string | null;
  readonly file: string | null;
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
export function verificationText(shown: ShownVerification, verbose: boolean, colors: Colours): string {
  const { behaviour, install, volume } = shown;
  const lines = [
    stateLine(shown, colors),
    ...proofLines("behaviour", behaviour, verbose, colors),
    ...proofLines("virt-install", install, verbose, colors),
    ...install.causes.map((cause) => causeLine(cause, colors)),
  ];
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

/** What is not as it should be, in one line. */
export function verdictLine(shown: ShownVerification): string {
  const { behaviour, install, volume } = shown;
  const proofs = [
    ["behaviour", behaviour],
    ["virt-install", install],
    ...(volume ? ([["volume", volume]] as const) : []),
  ] as const;
  const failed = proofs.find(([, { status }]) => status === "failed");
  const missing = volume?.status === "not run" ? `volume not run: ${volume.reason}` : stateLine(shown, PLAIN);
  return inline(failed ? `${shown.file}: ${failed[0]} failed: ${failed[1].reason}` : missing);
}

function stateLine({ state, stateReason, need, needReason, file }: ShownVerification, colors: Colours): string {
  const wanted = state === "absent" ? `; ${need === "not needed" ? "none is needed" : need}: ${needReason}` : "";
  return `${stateColour(state ?? "", colors)}: ${inline(file ?? "")}: ${inline(`${stateReason}${wanted}`)}`;
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

/** The files of a hook that a person reads, each below its name where there are several: as `head` has it. */
export function filesText(files: readonly { path: string; content: string; program: boolean }[]): string {
  const read = files.filter(({ program }) => !program);
  if (read.length === 1) return read[0]?.content ?? "";
  return read.map(({ path, content }) => `==> ${path} <==\n${content}`).join("\n");
}
