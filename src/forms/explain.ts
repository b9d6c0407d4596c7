import * as v from "valibot";
import { digest, flag, maybe, monitors, oneOf, text, texts } from "./parts";

const line = (description: string) =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.description(`${description}, from 1.`));

/** What `explain` says beside what every result does. */
export const explained = {
  blocks: v.pipe(
    v.nullable(
      v.strictObject({
        tool: maybe("The version of this tool that wrote them; null where that cannot be read."),
        format: v.pipe(v.nullable(v.number()), v.description("Their format; null where that cannot be read.")),
        intact: v.pipe(
          v.nullable(v.boolean()),
          v.description("Whether they are as they were written; null where that cannot be told."),
        ),
        inPlace: v.pipe(
          v.nullable(v.boolean()),
          v.description("Whether they stand where they were put; null where that cannot be told."),
        ),
        spans: v.pipe(
          v.array(v.strictObject({ first: line("The first line"), last: line("The last") })),
          v.description("The lines of the function and those of its calls; empty where they are damaged."),
        ),
        markers: v.pipe(v.array(line("A line with a marker")), v.description("All lines with a marker of this tool.")),
        pristine: v.pipe(
          v.nullable(
            v.strictObject({
              sha256: digest,
              modified: maybe("When it was last changed, in UTC; null for a time that no clock shows."),
              shippedIn: texts("The releases of virt-manager, and the distributions' packages, that have this file."),
              unchanged: flag("Whether the rest of the file is still that file."),
            }),
          ),
          v.description("The file that they were put into; null where they do not say."),
        ),
        pools: v.pipe(
          v.array(
            v.strictObject({
              libvirtPools: texts("The libvirt pools that stand for it."),
              cephPool: text("The Ceph pool."),
              monitors,
              auth: v.nullable(
                v.strictObject({ username: text("The cephx user."), uuid: text("The secret that holds its key.") }),
              ),
            }),
          ),
          v.description("What they know, as far as that can be read."),
        ),
        complete: flag("Whether all of that was read."),
      }),
    ),
    v.description("What the blocks say of themselves; null where there are none."),
  ),
  fit: v.pipe(
    v.nullable(
      v.strictObject({
        status: oneOf(["fits", "differs", "not compared"], "What came of it."),
        differences: texts("What differs, in parts of a sentence."),
        reason: maybe("Why it was not compared, in a sentence without its full stop; null where it was."),
        hint: maybe("What mends that; null for nothing."),
      }),
    ),
    v.description("The pools of the blocks beside those of this host; null where only these are there."),
  ),
  handEdit: v.pipe(
    v.nullable(
      v.strictObject({
        lines: text('Its lines, such as "12, 14 to 20".'),
        raises: texts("What it is known to raise, in parts of a sentence."),
      }),
    ),
    v.description("What somebody made _build_xml do by hand; null for nothing that is known."),
  ),
  next: text("The next step, in a sentence."),
};
