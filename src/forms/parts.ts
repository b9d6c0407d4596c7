import * as v from "valibot";
import { FORM } from "../version";

// Of what forms are made.

export const text = (description: string) => v.pipe(v.string(), v.description(description));
export const maybe = (description: string) => v.pipe(v.nullable(v.string()), v.description(description));
export const flag = (description: string) => v.pipe(v.boolean(), v.description(description));
export const texts = (description: string) => v.pipe(v.array(v.string()), v.description(description));
export const oneOf = <const T extends readonly string[]>(words: T, description: string) =>
  v.pipe(v.picklist(words), v.description(description));
export const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

export const monitors = v.array(
  v.strictObject({ name: text("Name or address."), port: v.pipe(v.nullable(v.number()), v.description("Null: any.")) }),
);

/** What all that is printed says. */
export const envelope = {
  form: v.pipe(v.literal(FORM), v.description("Version of this form.")),
  tool: text("This tool's name and version."),
  verdict: v.pipe(
    v.strictObject({
      ok: flag("Whether all is as it should be: the exit code is 0."),
      exitCode: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(6), v.description("The exit code.")),
    }),
    v.description("What the exit code says."),
  ),
};

/** What is said of a failure. */
export const failed = { message: text("What is wrong, and where."), hint: text("The next step.") };
