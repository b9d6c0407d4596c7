import template from "../../templates/report.html.hbs";
import { shellWord } from "../failure";
import type { sideBySide } from "../patch/diff";
import { monitorText } from "../patch/pools";
import { TOOL, VERSION } from "../version";
import { deeply, inline } from "./escape";
import { NO_MONITORS } from "./inspection-text";
import type { Result } from "./schema";
import { type CheckGroup, checkGroups, failureText, isWanted } from "./verification-text";

/** The values that the page shows. */
export interface Report extends Result<"verify"> {
  /** The pools that the patch is for. */
  readonly resolved: Result<"inspect">["resolved"];
  /** What the patch adds to the file, as a unified diff; empty without a patch, null if the patch is damaged. */
  readonly diff: string | null;
  /** A disk that virt-install writes, before and after the patch; null if no disk must change. */
  readonly disk: ({ readonly label: string } & ReturnType<typeof sideBySide>) | null;
  readonly exitCode: number;
  /** The command line, without the program. */
  readonly words: readonly string[];
  readonly at: Date;
}

/** The title of each group of checks. */
const TITLES: Readonly<Record<string, string>> = {
  function: "The function in the file, with a sample domain",
  "virt-install": "The virt-install of this host, with libvirt's test driver",
};

/** The class that shows a status; the status is always written next to it. */
const CLASSES: Readonly<Record<string, string>> = { passed: "yes", failed: "no", skipped: "part" };

/** The page of `verify --report`. `inline` makes every value visible, and the template encodes it for HTML. */
export function page(report: Report): string {
  const { host, source, release, file, sha256, state, stateReason, affected, affectedReason, at } = report;
  const groups = checkGroups(report);
  return template(
    deeply(inline, {
      ...verdict(report, groups),
      tool: `${TOOL} ${VERSION}`,
      time: at.toISOString(),
      date: `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`,
      command: [TOOL, ...report.words].map(shellWord).join(" "),
      exitCode: String(report.exitCode),
      host: host ?? "unknown host",
      values: [
        ["Host", host ?? "unknown"],
        ["Source", source ?? "unknown"],
        ["virt-manager", release ?? "unknown version"],
        ["File", file ?? "unknown"],
        ["SHA-256 without the patch", sha256 ?? "unknown: the patch is damaged"],
        ["Patch", `${state}: ${stateReason}`],
        ["Affected", `${affected}: ${affectedReason}`],
      ],
      pools: report.resolved.map(({ pool, cephPool, monitors, auth }) => ({
        ...{ pool, cephPool, monitors: monitors.length > 0 ? monitors.map(monitorText) : [NO_MONITORS] },
        ...{ user: auth?.username ?? "none", secret: auth?.uuid ?? "none" },
      })),
      groups: groups.map(({ name, status, checks, ...more }) => ({
        ...{ name: TITLES[name] ?? `The virt-install of this host, ${name}`, status, kind: CLASSES[status], ...more },
        checks: checks.map(({ label, status, difference }) => ({
          ...{ label, status, kind: CLASSES[status] },
          wrong: difference === "" ? [] : difference.trimEnd().split("\n"),
        })),
      })),
      disk: report.disk && { ...report.disk, result: resultFor(report.disk, report.behaviour) },
      diff: report.diff ? diffLines(report.diff) : null,
      noDiff: report.diff === null ? "The patch is damaged: its lines are unknown." : "The file is not patched.",
      notes: report.notes,
    }),
  );
}

/** Whether a text is a page of `verify --report`. */
export function isPage(text: string): boolean {
  return text.startsWith("<!DOCTYPE html>") && new RegExp(`<title>[^<]* - ${TOOL} [^<]*</title>`).test(text);
}

/** The exit code in words, with the reasons. The word "verified" is used only if no check was skipped. */
function verdict(report: Report, groups: readonly CheckGroup[]) {
  const { exitCode, state, stateReason, affected, affectedReason } = report;
  const named = (status: string) =>
    // Without a patch, its function cannot be checked.
    groups.filter((group) => group.status === status && (state !== "not-patched" || group.name !== "function"));
  const [failed, skipped, passed] = [named("failed"), named("skipped"), named("passed")];
  const names = (some: readonly CheckGroup[]) => some.map(({ name }) => name).join(" and ");
  const wanted = isWanted(report);
  const reason = `${stateReason?.charAt(0).toUpperCase()}${stateReason?.slice(1)}`;
  const why = [
    state === "not-patched" ? `${reason}. Affected: ${affected}: ${affectedReason}.` : `${reason}.`,
    ...failed.map((group) => `${group.name} failed: ${failureText(group)}.`),
    ...(wanted ? skipped : []).map(({ name, reason }) => `${name} skipped: ${reason}.`),
  ];
  const said = (verdictKind: string, verdict: string) => ({ verdictKind, verdict, why });
  if (exitCode !== 0) {
    if (wanted && failed.length > 0) return said("no", `Does not work: ${names(failed)} failed`);
    if (wanted) return said("no", `Not verified: ${names(skipped)} skipped`);
    return said("no", state === "not-patched" ? "Not patched" : `The patch is ${state}`);
  }
  const works = state === "current" ? "Patched" : "No patch is needed";
  if (skipped.length === 0) return said("yes", `${works} (verified)`);
  return said("part", passed.length > 0 ? `${works} (partly verified)` : `${works} (not verified)`);
}

/** A sentence about what the function in the file does with a disk. */
function resultFor({ label }: NonNullable<Report["disk"]>, { status, reason, checks }: Report["behaviour"]): string {
  const check = checks.find((one) => one.label === label);
  const result = check && (check.passed ? "makes exactly this change" : "does not make this change");
  const unknown = status === "skipped" ? `was not run: ${reason}` : "did not return a disk";
  return `The function in the file ${result ?? unknown}.`;
}

/** The lines with their elements. The first two lines name the files; a removed line may look like them. */
function diffLines(diff: string) {
  const tags = { "+": "ins", "-": "del", "@": "b" } as const;
  const lines = diff.replace(/\n$/, "").split("\n");
  return lines.map((text, index) => ({ tag: index < 2 ? "b" : (tags[text[0] as "+"] ?? "span"), text }));
}
