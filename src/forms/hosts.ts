import * as v from "valibot";
import { envelope, failed, maybe, oneOf, text, texts } from "./parts";

/** One host of many. */
export const hostForm = v.strictObject({
  ...envelope,
  command: oneOf(["render", "bundle"], "What was made."),
  name: text("The document's file name without .json; the file's without its ending."),
  host: maybe("The host that the document names; null where it names none, or could not be read."),
  source: text("The document."),
  status: oneOf(["written", "unchanged", "failed"], "What became of the file; unchanged: it was there, to the byte."),
  written: maybe("The file in the folder of -o; null where this failed."),
  notes: texts("What is to be known besides, in sentences."),
  error: v.nullable(v.strictObject(failed)),
});

const count = (description: string) => v.pipe(v.number(), v.integer(), v.minValue(0), v.description(description));

/** The last line, after all hosts. */
export const summaryForm = v.strictObject({
  ...envelope,
  command: oneOf(["render", "bundle"], "What was made."),
  summary: v.strictObject({
    hosts: count("How many there are."),
    written: count("How many files were written."),
    unchanged: count("How many were there already, to the byte."),
    failed: count("How many hosts failed. The exit code is the highest of theirs."),
  }),
  notes: texts("What is to be known besides, in sentences, each with the number of hosts that it is of."),
});
