import { aligned, type Line, type Row, type Screen } from "./screen";
import type { ShownInspection, ShownPool } from "./shown";
import { affectedColour, stateColour } from "./state";
import { type Colours, clean, cleaned, inline, monitorsText } from "./text";

/** The host, its virtinst, whether it needs the patch, its pools and what is wrong with them, for a person. */
export function inspectionText(found: ShownInspection, screen: Screen): string {
  const shown = cleaned(inline, found);
  const { terminal } = screen;
  const lines = terminal ? terminal.pages.inspection(shown, terminal) : inRecords(shown, screen);
  return screen.fit(lines.map((line) => ({ ...line, text: clean(line.text, inline) })));
}

/** A fact on each line, for what reads lines. */
function inRecords(shown: ShownInspection, screen: Screen): Line[] {
  const { broken } = shown;
  const faults = (name: string) =>
    broken
      .filter(({ pools }) => pools.includes(name))
      .flatMap(({ message, hint }): Row[] => [
        ["  broken", screen.red(message)],
        ["  fix", hint],
      ]);
  const pools = shown.document.pools.flatMap((pool) => [...record(pool, shown, screen), ...faults(pool.name)]);
  const none: Row[] = pools.length === 0 ? [["Pool", "none of type rbd"]] : [];
  return aligned([...hostRows(shown), ...none, ...pools, ...targetRows(shown, screen)], screen);
}

/** Where the facts are from. */
export function hostRows({ host, source }: ShownInspection): Row[] {
  return [["Host", `${host ?? "unknown"} (${source})`]];
}

/** The virtinst, and whether it needs the patch. */
export function targetRows(shown: ShownInspection, colors: Colours): Row[] {
  const { program, file, release, state, stateReason, affected, affectedReason } = shown;
  if (file === null || state === null || affected === null)
    return [["virtinst", "none that these facts are of: the notes say why"]];
  return [
    ["virtinst", `${release ?? "unknown release"}, ${file}`],
    ["  run by", program ?? "no virt-install program was found"],
    ["Patch", `${stateColour(state, colors)}: ${stateReason}`],
    ["Affected", `${affectedColour(affected, colors)}: ${affectedReason}`],
  ];
}

/** A pool as rows. */
export function record(
  { name, active, cephPool, monitors, auth }: ShownPool,
  shown: ShownInspection,
  colors: Colours,
): Row[] {
  const activity = active === null ? "" : active ? ", active" : ", inactive";
  const mark = markOf(name, shown, colors);
  const rows: Row[] = [
    ["Pool", `${name} (Ceph pool ${cephPool}${activity})${mark && ` ${mark}`}`],
    ["  monitors", monitorsText(monitors)],
    ["  user", auth ? auth.username : "none: the pool has no auth"],
  ];
  return auth ? [...rows, ["  secret", secretText(auth.secret, uuidOf(name, shown))]] : rows;
}

/** What is to be said of a pool beside what it is. */
export function markOf(name: string, { broken, resolved }: ShownInspection, colors: Colours): string {
  if (broken.some(({ pools }) => pools.includes(name))) return colors.red("broken");
  return resolved.some(({ pool }) => pool === name) ? "" : colors.dim("left out");
}

/** The uuid of a pool's secret; none where it is not known. */
export function uuidOf(name: string, { resolved }: ShownInspection): string | undefined {
  return resolved.find(({ pool }) => pool === name)?.auth?.uuid || undefined;
}

function secretText(secret: { readonly uuid: string } | { readonly usage: string }, uuid: string | undefined): string {
  return "uuid" in secret ? secret.uuid : `${uuid ?? "not checked"} (by usage ${JSON.stringify(secret.usage)})`;
}
