import type { Line, Screen } from "./screen";
import type { ShownProof, ShownVerification } from "./shown";
import { outcome, stateColour } from "./state";
import type { Colours } from "./text";
import { clean, cleaned, inline, PLAIN, visible } from "./text";

/** The state of the file, and each check of what its blocks do. */
export function verificationText(found: ShownVerification, verbose: boolean, screen: Screen): string {
  const shown = cleaned(visible, found);
  const { terminal } = screen;
  const lines = terminal
    ? terminal.pages.verification(shown, verbose, terminal)
    : [plain(stateLine(shown, screen)), ...proofLines(shown, verbose, screen, false)];
  return screen.fit(lines.map((line) => ({ ...line, text: clean(line.text, visible) })));
}

function plain(text: string): Line {
  return { lead: "", text, hang: 2 };
}

/** What was run, and what came of it; without the state of the file. */
export function proofText(shown: ShownVerification, verbose: boolean, screen: Screen): string {
  const lines = proofLines(cleaned(visible, shown), verbose, screen, screen.terminal !== null);
  return screen.fit(lines.map((line) => ({ ...line, text: clean(line.text, visible) })));
}

/**
 * The same as lines.
 *
 * @param inColumns whether what was looked at and how it came out stand in two columns
 */
export function proofLines(
  { behaviour, install, volume }: ShownVerification,
  verbose: boolean,
  colors: Colours,
  inColumns: boolean,
): Line[] {
  const indent = inColumns ? "    " : "  ";
  const headline = (name: string, text: string): Line =>
    inColumns ? { lead: `  ${inline(name).padEnd(12)}  `, text } : plain(`${name} ${text}`);
  const cause = (text: string): Line => ({ lead: `${indent}${colors.yellow("look at")}  `, text });
  const ofProof = (name: string, { status, reason, checks }: ShownProof): Line[] => {
    const count = status === "skipped" ? "" : ` (${checks.length} ${checks.length === 1 ? "check" : "checks"})`;
    const shown = checks.filter(({ passed }) => verbose || !passed);
    return [
      headline(name, `${outcome(status, colors)}${count}: ${reason}`),
      ...shown.flatMap(({ label, passed, difference }) => [
        { lead: `${indent}${passed ? colors.green("ok") : colors.red("wrong")}  `, text: inline(label) },
        ...(passed ? [] : verbatim(difference, `${indent}    `)),
      ]),
    ];
  };
  const lines = [...ofProof("behaviour", behaviour), ...ofProof("virt-install", install), ...install.causes.map(cause)];
  if (!volume) return lines;
  lines.push(headline(`volume ${volume.volume}`, `${outcome(volume.status, colors)}: ${volume.reason}`));
  for (const { name, facts } of volume.disks) {
    lines.push({ lead: indent, text: `rbd disk ${inline(name)}` });
    for (const { label, expected, found, right } of facts)
      lines.push({
        lead: `${indent}  ${right ? colors.green("right") : colors.red("wrong")}  ${label.padEnd(7)}  `,
        text: `${expected}${right ? "" : ` (found: ${found})`}`,
      });
  }
  const { schema, causes } = volume;
  lines.push({ lead: `${indent}schema `, text: `${outcome(schema.status, colors)}: ${schema.reason}` });
  return [...lines, ...causes.map(cause)];
}

/** XML and the like, which stays as it is. */
function verbatim(text: string, indent: string): Line[] {
  const lines = text.replace(/^/gm, indent).trimEnd().split("\n");
  return lines.map((line) => ({ lead: "", text: line, kind: "verbatim" }));
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
  const missing = volume?.status === "skipped" ? `volume skipped: ${volume.reason}` : stateLine(shown, PLAIN);
  return inline(failed ? `${shown.file}: ${failed[0]} failed: ${failed[1].reason}` : missing);
}

function stateLine({ state, stateReason, affected, affectedReason, file }: ShownVerification, colors: Colours): string {
  const wanted =
    state === "not-patched"
      ? `; ${affected === "no" ? "not affected" : `affected: ${affected}`}: ${affectedReason}`
      : "";
  return `${stateColour(state ?? "", colors)}: ${inline(file ?? "")}: ${inline(`${stateReason}${wanted}`)}`;
}
