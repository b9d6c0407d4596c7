import { type Colours, PLAIN, statusText } from "./colours";
import { deeply, inline, visible } from "./escape";
import { type Given, nextCommand } from "./next-command";
import type { Result } from "./schema";

/** What `verify` prints. */
export type Verification = Omit<Result<"verify">, "notes">;

/** Whether the patch is current, or not needed. */
export function isWanted({ state, affected }: Pick<Verification, "state" | "affected">): boolean {
  return state === "current" || (state === "not-patched" && affected === "no");
}

/** A group of checks, in the same form for the function, virt-install and a volume. */
export type CheckGroup = ReturnType<typeof checkGroups>[number];

/** All checks of `verify`, in groups. */
export function checkGroups({ behaviour, install, volume }: Verification) {
  const plain = (name: string, { status, reason, checks }: Verification["behaviour"], causes: readonly string[]) => ({
    ...{ name, status, reason, causes },
    checks: checks.map(({ label, passed, difference }) => ({ label, status: statusOf(passed), difference })),
  });
  const groups = [plain("function", behaviour, []), plain("virt-install", install, install.causes)];
  return volume ? [...groups, volumeGroup(volume)] : groups;
}

function volumeGroup({ volume, status, reason, disks, schema, causes }: NonNullable<Verification["volume"]>) {
  const values = disks.flatMap(({ name, values }) =>
    values.map(({ label, expected, found, right }) => ({
      label: `${name}: ${label} is ${expected}`,
      status: statusOf(right),
      difference: right ? "" : `found: ${found}`,
    })),
  );
  const invalid = schema.status === "passed" ? "" : inline(schema.reason);
  const valid = { label: "the domain is valid", status: schema.status, difference: invalid };
  return { name: `volume ${volume}`, status, reason, causes, checks: [...values, valid] };
}

const statusOf = (passed: boolean) => (passed ? "passed" : "failed");

/** What `verify` prints: the state of the file, each group of checks, and those that failed, or with `verbose` all. */
export function verificationText(found: Verification, verbose: boolean, given: Given, colours: Colours): string {
  const groups = deeply(visible, checkGroups(found)).flatMap((group) => groupLines(group, verbose, colours));
  return [stateLine(found, colours), ...groups, ...nextStep(found, given)].map((line) => `${line}\n`).join("");
}

function groupLines(group: CheckGroup, verbose: boolean, colours: Colours): string[] {
  const shown = group.checks.filter(({ status }) => verbose || status !== "passed");
  return [
    `${inline(group.name)} ${statusText(group.status, colours)}${countText(group)}: ${inline(group.reason)}`,
    ...(group.status === "skipped" ? [] : shown).flatMap(({ label, status, difference }) => [
      `  ${statusText(status, colours)}: ${inline(label)}`,
      ...(difference === "" ? [] : difference.trimEnd().replace(/^/gm, "    ").split("\n")),
    ]),
    ...group.causes.map((cause) => `  possible cause: ${inline(cause)}`),
  ];
}

/** How many of the checks that ran passed, or failed. */
function countText({ checks }: CheckGroup): string {
  const ran = checks.filter(({ status }) => status !== "skipped").length;
  const failed = checks.filter(({ status }) => status === "failed").length;
  const all = `${ran} ${ran === 1 ? "check" : "checks"}`;
  return ran === 0 ? "" : failed > 0 ? ` (${failed} of ${all} failed)` : ` (${all})`;
}

/** Why `verify` exits with another code than 0: the state of the file if that is a reason, and each failed check. */
export function problems(found: Verification): string[] {
  const { volume } = found;
  const groups = checkGroups(found).filter(({ status }) => status === "failed");
  const failed = groups.map((one) => `${found.file}: ${one.name} failed${countText(one)}: ${failureText(one)}`);
  const skipped = volume?.status === "skipped" ? [`volume ${volume.volume} was not checked: ${volume.reason}`] : [];
  return [...(isWanted(found) ? [] : [stateLine(found, PLAIN)]), ...[...failed, ...skipped].map(inline)];
}

/** The checks of a group that failed, on one line; the reason of the group if it has none. */
export function failureText({ checks, reason }: CheckGroup): string {
  const failed = checks.filter(({ status }) => status === "failed");
  return failed.map(({ label }) => label).join("; ") || reason;
}

function stateLine({ state, stateReason, affected, affectedReason, file }: Verification, colours: Colours): string {
  const why = state === "not-patched" ? `; affected: ${affected}: ${affectedReason}` : "";
  return `${statusText(state ?? "unknown", colours)}: ${inline(`${file}: ${stateReason}${why}`)}`;
}

function nextStep({ state, affected }: Verification, given: Given): string[] {
  const missing = state === "not-patched" && (affected === "yes" || affected === "unknown");
  return missing || state === "outdated" || state === "modified"
    ? [`Next, patch the file: ${nextCommand("apply", given)}`]
    : [];
}
