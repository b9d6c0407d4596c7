import { hostRows, markOf, record, targetRows, uuidOf } from "./inspection";
import { aligned, type Line, type Row, type Terminal } from "./screen";
import type { ShownInspection, ShownVerification } from "./shown";
import { affectedColour, stateColour } from "./state";
import { clean, inline, monitorsText } from "./text";
import { proofLines } from "./verification";

/** A page on the host: what is wrong, and the next step, stand at its end. */
export function inspection(shown: ShownInspection, screen: Terminal): Line[] {
  const { pools } = shown.document;
  const none: Row[] = pools.length === 0 ? [["Pools", "none of type rbd"]] : [];
  const notes = screen.notes();
  const above = [...hostRows(shown), ...targetRows(shown, screen), ...none];
  return [
    ...aligned(above, screen),
    ...(poolTables(shown, screen) ?? pools.flatMap((pool) => [EMPTY, ...aligned(record(pool, shown, screen), screen)])),
    ...shown.broken.flatMap(({ message, hint }) => [
      EMPTY,
      { lead: `${screen.red("broken")}: `, text: message, hang: 2 },
      { lead: "  To fix it: ", text: hint, hang: 2 },
    ]),
    ...(notes.length > 0 ? [EMPTY, ...notes] : []),
    ...afterInspection(shown, screen),
  ];
}

/** What `apply` does about a state. */
const MENDING: Readonly<Record<string, string>> = {
  outdated: "To update the patch",
  modified: "To replace the patch",
  damaged: "Restore the file from its package (dpkg -S or rpm -qf FILE prints its name), then",
};

const EMPTY: Line = { lead: "", text: "" };

function afterInspection({ broken, state, affected }: ShownInspection, screen: Terminal): Line[] {
  if (broken.length > 0) return [];
  if (state === "current") return nextStep("To see whether it works", screen.command("verify"));
  if (state !== null && state in MENDING) return nextStep(MENDING[state] ?? "", screen.command("apply"));
  const wanted = state === "not-patched" && affected !== "no" && affected !== "unsupported";
  return wanted ? nextStep("To see what the patch changes", screen.command("apply --check --diff")) : [];
}

/** The pools, and the secrets that they name, as tables; null where the terminal is too narrow for them. */
function poolTables(shown: ShownInspection, screen: Terminal): Line[] | null {
  const { pools } = shown.document;
  const rows = pools.map(({ name, active, cephPool, monitors, auth }) => {
    const activity = active === null ? "" : active ? "active" : "inactive";
    const state = [activity, markOf(name, shown, screen)].filter(Boolean).join(", ");
    const by = auth === null ? "none" : "uuid" in auth.secret ? "by uuid" : "by usage";
    return [name, cephPool, state, auth?.username ?? "none", by, monitorsText(monitors)].map(oneLine);
  });
  const table = grid(["Pool", "Ceph pool", "State", "User", "Secret", "Monitors"], rows, screen);
  const secrets = secretRows(shown);
  const below = grid(["Secret", "Of pools", "Named by usage"], secrets, screen);
  if (pools.length === 0) return [];
  if (!table || (secrets.length > 0 && !below)) return null;
  return [EMPTY, ...table, ...(secrets.length > 0 ? [EMPTY, ...(below ?? [])] : [])];
}

/** Each secret that pools name, once. */
function secretRows(shown: ShownInspection): string[][] {
  const found = new Map<string, { readonly row: readonly [string, string]; readonly pools: string[] }>();
  for (const { name, auth } of shown.document.pools) {
    if (!auth) continue;
    const { secret } = auth;
    const uuid = "uuid" in secret ? secret.uuid : (uuidOf(name, shown) ?? "not checked");
    const usage = "usage" in secret ? JSON.stringify(secret.usage) : "";
    const key = JSON.stringify([uuid, usage]);
    const one = found.get(key);
    if (one) one.pools.push(name);
    else found.set(key, { row: [uuid, usage], pools: [name] });
  }
  return [...found.values()].map(({ row: [uuid, usage], pools }) => [uuid, pools.join(", "), usage].map(oneLine));
}

function oneLine(text: string): string {
  return clean(text, inline);
}

/** What became of the patch: the verdict, where and why, each proof, and the next step. */
export function verification(shown: ShownVerification, verbose: boolean, screen: Terminal): Line[] {
  return [
    ...verdictLines(shown, screen),
    ...proofLines(shown, verbose, screen, true),
    ...screen.notes(),
    ...afterVerification(shown, verbose, screen),
  ];
}

/** What a person wants to know first, then where and why. */
function verdictLines(shown: ShownVerification, colors: Terminal): Line[] {
  const { state, stateReason, affected, affectedReason, file } = shown;
  const why =
    state === "not-patched" && affected !== null ? [`${affectedColour(affected, colors)}: ${affectedReason}`] : [];
  const reason = state === "not-patched" ? `the file has no patch${AFFECTED[affected ?? ""] ?? ""}` : `${stateReason}`;
  const verdict = `${inline(reason)}${state === "current" ? works(shown) : ""}`;
  return [
    { lead: `${stateColour(state ?? "", colors)}: `, text: verdict, hang: 2 },
    { lead: "  file          ", text: inline(file ?? "") },
    ...why.map((text) => ({ lead: "  affected      ", text: clean(text, inline) })),
  ];
}

const AFFECTED: Readonly<Record<string, string>> = {
  yes: ", and this host is affected",
  no: ", and this host is not affected",
  unsupported: ", and this version of virt-manager is not supported",
  unknown: "; whether this host is affected is unknown",
};

function works({ behaviour, install, volume }: ShownVerification): string {
  const statuses = [behaviour, install, ...(volume ? [volume] : [])].map(({ status }) => status);
  if (statuses.includes("failed")) return ", but it does not work";
  if (!statuses.includes("passed")) return "; whether it works was not checked";
  return statuses.includes("skipped") ? ", and the checks that could run passed" : ", and it works";
}

function afterVerification(shown: ShownVerification, verbose: boolean, screen: Terminal): Line[] {
  const { state, affected, behaviour, install } = shown;
  if (state !== null && state in MENDING) return nextStep(MENDING[state] ?? "", screen.command("apply"));
  if (behaviour.status === "failed" || install.status === "failed")
    return verbose ? [] : nextStep("To see each check", screen.command("verify -v"));
  const wanted = state === "not-patched" && affected !== "no" && affected !== "unsupported";
  return wanted ? nextStep("To patch it", screen.command("apply")) : [];
}

/**
 * A table, each column as wide as it has to be, the last one wrapped.
 *
 * @param head the columns' titles; those that are empty in each row are left out
 * @returns null where the terminal is too narrow for it
 */
export function grid(head: readonly string[], rows: readonly (readonly string[])[], screen: Terminal): Line[] | null {
  const { columns, width, bold } = screen;
  const kept = head.map((_, at) => at).filter((at) => rows.some((row) => row[at]));
  const all = [head.map((title) => bold(title)), ...rows].map((row) => kept.map((at) => row[at] ?? ""));
  const widest = (cells: readonly string[]) => cells.reduce((most, cell) => Math.max(most, width(cell)), 0);
  const widths = kept.map((_, at) => widest(all.map((row) => row[at] ?? "")) + 2);
  widths.pop();
  const before = widths.reduce((sum, one) => sum + one, 0);
  if (before + widest(all.flatMap((row) => (row.at(-1) ?? "").split(" "))) > columns) return null;
  return all.map((row) => ({
    lead: widths.map((wide, at) => `${row[at]}${" ".repeat(wide - width(row[at] ?? ""))}`).join(""),
    text: row.at(-1) ?? "",
    hang: before,
  }));
}

/** The next step, as a command on a line of its own. */
export function nextStep(what: string, command: string): Line[] {
  return [EMPTY, { lead: "", text: `${what}:` }, { lead: "  ", text: command, hang: 6, kind: "command" }];
}
