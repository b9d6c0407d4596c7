import { monitorText } from "../patch/pools";
import { type Colours, statusText } from "./colours";
import { deeply, inline } from "./escape";
import { type Given, nextCommand } from "./next-command";
import type { Result } from "./schema";

type Inspection = Result<"inspect">;
type Pool = Inspection["document"]["pools"][number];
type Row = readonly [label: string, value: string];

/** The text for a pool that lists no monitors. */
export const NO_MONITORS = "none listed: those of the Ceph configuration are used";

/** What `inspect` prints: the verdict, the reason and the next step, then the host configuration and virtinst. */
export function inspectionText(inspection: Inspection, given: Given, colours: Colours): string {
  const found = deeply(inline, inspection);
  const rows = [
    ...hostRows(found, given, colours),
    ...found.document.pools.flatMap((pool) => poolRows(pool, found, colours)),
  ];
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  const details = rows.map(([label, value]) => `${colours.bold(label.padEnd(width))}${value}\n`);
  return `${verdict(found, given, colours).join("\n")}\n\n${details.join("")}`;
}

function verdict(found: Inspection, given: Given, colours: Colours): string[] {
  const { affected, affectedReason, broken } = found;
  const reason = affectedReason ?? "no virtinst was found for these pools (see the notes)";
  return [
    `Affected: ${statusText(affected ?? "unknown", colours)}`,
    `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`,
    ...broken.map(({ message, hint }) => `${colours.red("Broken pool")}: ${message} ${hint}`),
    ...(broken.length > 0 ? [] : nextStep(found, given)),
  ];
}

function nextStep({ affected, state, alternative }: Inspection, given: Given): string[] {
  const next = (what: string, command: string) => `Next, ${what}: ${nextCommand(command, given)}`;
  if (state === null || affected === "unsupported") return [];
  if (state === "damaged")
    return ["Next, restore the file from its package (dpkg -S FILE or rpm -qf FILE prints its name), then run apply."];
  if (affected === "no") return state === "not-patched" ? [] : [next("remove the patch (no pool needs it)", "revert")];
  if (state === "current") return [next("check that the patch works", "verify")];
  if (state !== "not-patched") return [next("update the patch", "apply")];
  return [next("preview the patch", "apply --check --diff"), ...(alternative ? [`Or ${alternative}.`] : [])];
}

function hostRows(found: Inspection, { ssh }: Given, colours: Colours): Row[] {
  const { host, source, file, release, program, state, stateReason, document } = found;
  const none: Row[] = document.pools.length === 0 ? [["Pool", "none of type rbd"]] : [];
  const virtinst: Row[] = [
    ["virtinst", `${release ?? "unknown version"}, ${file}`],
    // With --ssh, the virt-install program is unknown.
    ...(ssh === undefined ? [["  run by", program ?? "no virt-install was found that uses it"] as const] : []),
    ["Patch", `${statusText(state ?? "unknown", colours)}: ${stateReason}`],
  ];
  return [["Host", `${host ?? "unknown"} (${source})`], ...(file === null ? [] : virtinst), ...none];
}

function poolRows({ name, active, cephPool, monitors, auth }: Pool, found: Inspection, { red }: Colours): Row[] {
  const usable = found.resolved.find(({ pool }) => pool === name);
  const isBroken = found.broken.some(({ pools }) => pools.includes(name));
  const activity = active === null ? "" : active ? ", active" : ", inactive";
  const mark = isBroken ? red(" broken") : usable ? "" : " left out";
  const uuid = usable?.auth?.uuid || "not checked";
  const rows: Row[] = [
    ["Pool", `${name} (Ceph pool ${cephPool}${activity})${mark}`],
    ["  monitors", monitors.map(monitorText).join(", ") || NO_MONITORS],
    ["  user", auth?.username ?? "none: the pool has no auth"],
  ];
  if (!auth) return rows;
  const { secret } = auth;
  return [...rows, ["  secret", "uuid" in secret ? secret.uuid : `${uuid} (by usage "${secret.usage}")`]];
}
