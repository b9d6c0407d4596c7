import { SingleBar } from "cli-progress";
import type { HostsRun } from "../commands/hosts";
import type { FailureKind } from "../failure";
import { asForm } from "../forms/envelope";
import { hostsText } from "../report/hosts";
import { inJson, inline } from "../report/text";
import { TOOL } from "../version";
import { type Manner, note } from "./screen";
import { complain, isTerminal, print, stream } from "./streams";

/**
 * Shows a run over many hosts: each failure on standard error as it happens, with JSON a line for each host.
 *
 * @param output the folder of -o
 * @param codeOf the exit code of a failure
 * @returns the highest exit code of all hosts
 */
export async function showHosts(
  { hosts, lines, summary }: HostsRun,
  output: string,
  codeOf: (kind: FailureKind) => number,
  manner: Manner,
): Promise<number> {
  const { json, verbose, quiet } = manner;
  const bar = json || verbose || quiet ? null : progressBar();
  let code = 0;
  let done = 0;
  // Whoever reads standard output may have seen enough; the files are wanted all the same.
  let taken = true;
  const say = (text: string) => {
    taken = taken && print(text);
  };
  bar?.start(hosts, 0);
  for await (const { failure, ...line } of lines) {
    const own = failure ? codeOf(failure.kind) : 0;
    code = Math.max(code, own);
    done++;
    if (failure) {
      // It would come back to where it began, over what was said meanwhile.
      bar?.stop();
      complain(`${TOOL}: ${inline(`${line.name}: ${failure.message} ${failure.hint}`)}\n`);
      bar?.start(hosts, done);
    } else if (verbose && !json) say(`${line.status}: ${inline(line.written ?? "")}\n`);
    if (json) say(`${inJson(JSON.stringify(asForm(own, line)))}\n`);
    bar?.update(done);
  }
  bar?.stop();
  const end = summary();
  note(end.notes, manner);
  if (json) say(`${inJson(JSON.stringify(asForm(code, end)))}\n`);
  else if (!quiet) say(hostsText(end.summary, output));
  else if (code !== 0) complain(`${TOOL}: ${hostsText(end.summary, output)}`);
  return code;
}

/** A bar on standard error, which is gone when it stops; null where that is no terminal, or too plain a one. */
function progressBar() {
  if (!isTerminal(2)) return null;
  const format = "{bar} {percentage} % | {value} of {total} hosts";
  // Lines are cut to the terminal's width, so its own wrapping is left as it is: nothing has to be put right by a signal.
  return new SingleBar({ format, barsize: 30, clearOnComplete: true, linewrap: true, stream: stream(2) });
}
