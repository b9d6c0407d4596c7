import { asForm } from "../forms/envelope";
import { type Announced, announcementText, changeText, type ShownChange } from "../report/change";
import { type Line, PIPE, type Terminal } from "../report/screen";
import { colourDiff } from "../report/text";
import { TOOL } from "../version";
import { fitting, type Manner, note, printLong, screen } from "./screen";
import { complain, isTerminal, print, printJson } from "./streams";

/** What changes a file, as a result says it. */
export type Changing = ShownChange & {
  readonly command: string;
  readonly state?: string | null;
  readonly stateReason?: string | null;
  readonly notes: readonly string[];
};

/** How what changes a file speaks. */
type ChangeManner = Manner & { readonly diff?: boolean | string };

/**
 * Shows what was done to a file, or would be. What was done is said, wherever there is somebody to hear it.
 */
export async function showChange(result: Changing, exitCode: number, manner: ChangeManner): Promise<void> {
  note(result.notes, manner);
  const { diff: wanted, json = false, verbose = false, quiet = false } = manner;
  const line = changeText(result, verbose, PIPE);
  if (quiet && exitCode !== 0) complain(`${TOOL}: ${line.split("\n", 1)}\n`);
  const diff = wanted ? (result.diff ?? "") : undefined;
  const elsewhere = () => result.changed && !result.check && complain(line);
  try {
    const shown = { ...result, diff };
    const taken = json ? printJson(asForm(exitCode, shown)) : await showText(shown, manner);
    if (!taken) elsewhere();
  } catch (error) {
    elsewhere();
    throw error;
  }
}

async function showText(result: Changing, manner: ChangeManner): Promise<boolean> {
  const { verbose = false, quiet = false } = manner;
  const { diff = "" } = result;
  const own = screen(manner, diff !== "");
  const { terminal } = own;
  // A diff that was asked for is no chatter.
  const before = colourDiff(diff, own, own.mark);
  const after = quiet ? "" : changeText(result, verbose, own);
  if (!terminal) return before + after === "" || print(before + after);
  const last = quiet ? [] : [...terminal.notes(), ...afterwards(result, terminal)];
  return (await printLong(before)) && print(after + own.fit(last));
}

/** The next steps. */
function afterwards({ changed, check, status }: Changing, { pages, command, thisRun }: Terminal): Line[] {
  if (check && changed) return pages.nextStep("To do it", thisRun(/^(?:-n|--(?:check|dry-run|diff))$/));
  if (status === "not-patched") return [{ lead: "", text: "There was nothing to remove." }];
  const tests = pages.nextStep("To see whether it works", command("verify"));
  if (changed && status !== "removed" && status !== "reverted")
    return [...tests, ...pages.nextStep("To undo it", command("revert"))];
  return status === "current" ? tests : [];
}

/** Whether a person watches a run that changes something. */
function isWatched({ json, quiet, check }: Manner & { readonly check?: boolean }): boolean {
  return !json && !quiet && !check && isTerminal(1);
}

/** What says what is going to be done, before it is, to who watches. */
export function announcing(manner: Manner & { readonly check?: boolean }) {
  if (!isWatched(manner)) return {};
  const announce = (what: Announced) => void print(announcementText(what, fitting(1)));
  return { announce };
}
