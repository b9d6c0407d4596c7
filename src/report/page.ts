import template from "../../templates/report.html.hbs";
import { shellWord } from "../failure";
import { monitorText } from "../patch/facts";
import { TOOL, VERSION } from "../version";
import type { ShownProof, ShownVerification } from "./shown";
import { cleaned, inline, NO_MONITORS } from "./text";

/** A disk beside what it has to become: each line, and whether only this side has it. */
export interface ShownDisk {
  readonly label: string;
  readonly before: readonly { readonly text: string; readonly own: boolean }[];
  readonly after: readonly { readonly text: string; readonly own: boolean }[];
}

/** What the page shows. */
export interface ShownReport extends ShownVerification {
  readonly host: string | null;
  readonly source: string | null;
  readonly release: string | null;
  readonly sha256: string | null;
  readonly pools: readonly {
    readonly pool: string;
    readonly cephPool: string;
    readonly monitors: readonly { readonly name: string; readonly port: number | null }[];
    readonly auth: { readonly username: string; readonly uuid: string } | null;
  }[];
  /** What the blocks add to their file, as a unified diff; empty for no blocks, null for damaged ones. */
  readonly diff: string | null;
  readonly disk: ShownDisk | null;
  readonly notes: readonly string[];
  readonly exitCode: number;
  /** The command line, without the program. */
  readonly words: readonly string[];
  readonly at: Date;
}

/** A page for a change ticket. Every value is encoded for HTML by the template, after `inline` made it visible. */
export function page(shown: ShownReport): string {
  const { host, source, release, file, sha256, state, stateReason, affected, affectedReason, pools, at } = shown;
  const proofs = proofsOf(shown);
  return template(
    cleaned(inline, {
      ...verdictOf(shown, proofs),
      tool: `${TOOL} ${VERSION}`,
      time: at.toISOString(),
      date: `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`,
      command: [TOOL, ...shown.words].map(shellWord).join(" "),
      exitCode: String(shown.exitCode),
      host: host ?? "unknown host",
      facts: [
        ["Host", host ?? "unknown"],
        ["Source", source ?? "unknown"],
        ["virt-manager", release === null ? "unknown release" : `release ${release}`],
        ["File", file ?? "unknown"],
        ["SHA-256 without the patch", sha256 ?? "unknown: the patch is damaged"],
        ["Patch", `${state}: ${stateReason}`],
        ["Affected", `${affected}: ${affectedReason}`],
      ],
      pools: pools.map(({ pool, cephPool, monitors, auth }) => ({
        pool,
        cephPool,
        monitors: monitors.length > 0 ? monitors.map(monitorText) : [NO_MONITORS],
        user: auth?.username ?? "none",
        secret: auth?.uuid ?? "none",
      })),
      proofs,
      disk: shown.disk && diskOf(shown.disk, shown.behaviour),
      diff: shown.diff ? diffLines(shown.diff) : null,
      noDiff: shown.diff === null ? "The blocks are damaged: what is theirs cannot be told." : "No blocks.",
      notes: shown.notes,
    }),
  );
}

/** Something that was looked at, and what came of it. */
interface PageCheck {
  readonly label: string;
  readonly status: string;
  readonly kind: string;
  /** What is wrong, line by line. */
  readonly wrong: readonly string[];
}

/** A proof as the page has it. */
interface PageProof {
  readonly name: string;
  /** Its name in the middle of a sentence. */
  readonly short: string;
  readonly status: string;
  readonly kind: string;
  readonly reason: string;
  readonly checks: readonly PageCheck[];
  readonly causes: readonly string[];
}

/** The class that an outcome is shown by: its word stands there too. */
const KINDS: Readonly<Record<string, string>> = { passed: "yes", failed: "no", skipped: "part" };
const kindOf = (status: string) => KINDS[status] ?? "no";

function proofsOf({ behaviour, install, volume }: ShownVerification): PageProof[] {
  const plain = (name: string, short: string, { status, reason, checks }: ShownProof, causes: readonly string[]) => ({
    ...{ name, short, status, kind: kindOf(status), reason, causes },
    checks: checks.map(({ label, passed, difference }) => checked(label, passed ? "passed" : "failed", difference)),
  });
  const proofs = [
    plain("The function in the file, run on a sample domain", "behaviour", behaviour, []),
    plain("The host's own virt-install, on libvirt's test driver", "virt-install", install, install.causes),
  ];
  if (!volume) return proofs;
  const { status, reason, disks, schema, causes } = volume;
  const facts = disks.flatMap(({ name, facts }) =>
    facts.map(({ label, expected, found, right }) =>
      checked(`${name}: ${label} ${expected}`, right ? "passed" : "failed", right ? "" : `found: ${found}`),
    ),
  );
  const checks = [...facts, checked(`schema: ${schema.reason}`, schema.status, "")];
  const name = `The host's own virt-install, for the volume ${volume.volume}`;
  return [...proofs, { name, short: "volume", status, kind: kindOf(status), reason, checks, causes }];
}

function checked(label: string, status: string, difference: string): PageCheck {
  return { label, status, kind: kindOf(status), wrong: difference === "" ? [] : difference.trimEnd().split("\n") };
}

/** The verdict as the exit code says it, and why; a yes that was not proved is not called proved. */
function verdictOf(
  { exitCode, state, stateReason, affected, affectedReason }: ShownReport,
  proofs: readonly PageProof[],
) {
  // Where there are no blocks, none can be run.
  const meant = proofs.filter(({ short }) => state !== "not-patched" || short !== "behaviour");
  const failed = proofs.filter(({ status }) => status === "failed");
  const unrun = meant.filter(({ status }) => status === "skipped");
  const wanted = state === "current" || (state === "not-patched" && affected === "no");
  const reason = `${stateReason?.charAt(0).toUpperCase()}${stateReason?.slice(1)}`;
  const why = [
    state === "not-patched" ? `${reason}. Affected: ${affected}: ${affectedReason}.` : `${reason}.`,
    ...failed.map(({ name, checks, reason }) => `${name}: failed: ${wrongIn(checks).join(", ") || reason}.`),
    ...(wanted ? unrun : []).map((proof) => `${proof.name}: skipped: ${proof.reason}.`),
  ];
  const said = (kind: string, verdict: string) => ({ verdict, verdictKind: kind, why });
  if (exitCode !== 0) {
    if (failed.length > 0 && wanted) return said("no", `Does not work: ${shorts(failed)} failed`);
    if (wanted) return said("no", `Not verified: ${shorts(unrun)} skipped`);
    return said("no", state === "not-patched" ? "Not patched" : `The patch is ${state}`);
  }
  const words = state === "current" ? "Patched" : "No patch is needed";
  if (unrun.length === 0) return said("yes", `${words}${state === "current" ? " and" : ":"} proved`);
  return said("part", `${words}; ${unrun.length < meant.length ? "not all of it was" : "not"} proved`);
}

const shorts = (proofs: readonly PageProof[]) => proofs.map(({ short }) => short).join(" and ");
const wrongIn = (checks: readonly PageCheck[]) =>
  checks.filter(({ status }) => status === "failed").map(({ label }) => label);

/** A line of a text, by the element that it goes into: added, removed, a head line, or as it was. */
interface PageLine {
  readonly tag: "ins" | "del" | "b" | "span";
  readonly text: string;
}

function diskOf({ label, before, after }: ShownDisk, { status, reason, checks }: ShownProof) {
  const proof = checks.find((check) => check.label === label);
  const ran = proof ? (proof.passed ? "makes just this of it" : "does not make this of it") : null;
  const unknown = status === "skipped" ? `was skipped: ${reason}` : "did not get that far";
  const lines = (side: ShownDisk["before"], tag: "ins" | "del"): PageLine[] =>
    side.map(({ text, own }) => ({ tag: own ? tag : "span", text }));
  return {
    label,
    proof: `The function in the file ${ran ?? unknown}.`,
    before: lines(before, "del"),
    after: lines(after, "ins"),
  };
}

/** Its first two lines name the files; a line that was taken out may look like those. */
function diffLines(diff: string): PageLine[] {
  const tags = { "+": "ins", "-": "del", "@": "b" } as const;
  const lines = diff.replace(/\n$/, "").split("\n");
  return lines.map((text, index) => ({ tag: index < 2 ? "b" : (tags[text[0] as "+"] ?? "span"), text }));
}
