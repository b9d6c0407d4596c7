import * as v from "valibot";
import { envelope, failed, maybe, oneOf, text, texts } from "./parts";

/** One host of many. */
export const hostForm = v.strictObject({
  ...envelope,
  command: v.literal("bundle"),
  name: text("The name of the host file without .json."),
  host: maybe("The host that the host file names; null if it names none, or cannot be read."),
  source: text("The host file."),
  status: oneOf(["written", "unchanged", "failed"], "The result; unchanged: the same script was there already."),
  written: maybe("The script, in the directory of --output; null if this host failed."),
  notes: texts("Notes."),
  error: v.nullable(v.strictObject(failed)),
});

const count = (description: string) => v.pipe(v.number(), v.integer(), v.minValue(0), v.description(description));

/** The last line, after all hosts. */
export const summaryForm = v.strictObject({
  ...envelope,
  command: v.literal("bundle"),
  summary: v.strictObject({
    hosts: count("Number of hosts."),
    written: count("Number of scripts that were written."),
    unchanged: count("Number of scripts that were there already."),
    failed: count("Number of hosts that failed. The exit code is the highest of theirs."),
  }),
  notes: texts("Notes, each with the number of its hosts."),
});
