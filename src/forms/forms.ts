import * as v from "valibot";
import { hostDocument } from "../host/document";
import { hostForm, summaryForm } from "./hosts";
import { digest, envelope, failed, flag, maybe, monitors, oneOf, text, texts } from "./parts";

/** What every result says. */
const common = {
  ...envelope,
  host: maybe("The host that the facts are of, or for want of facts this machine; null where no name is known."),
  source: maybe("Where the facts came from; null where none were asked for."),
  file: maybe("The file that holds _build_xml; null where no virtinst was found, or none is needed."),
  release: maybe("The release of virt-manager that is stated beside it."),
  sha256: v.pipe(
    v.nullable(digest),
    v.description("SHA-256 of the file without the patch; null if the patch is damaged, or there is no file."),
  ),
  affected: v.pipe(
    v.nullable(v.picklist(["yes", "no", "unknown", "unsupported"])),
    v.description("Whether virtinst omits something that these pools need; null if pools or file are missing."),
  ),
  affectedReason: maybe("Why, in a sentence without its full stop."),
  state: v.pipe(
    v.nullable(v.picklist(["current", "outdated", "modified", "not-patched", "damaged"])),
    v.description("The state of the file when the command ends; null if there is no file, or the pools were not read."),
  ),
  stateReason: maybe("Why, in a sentence without its full stop."),
  pools: texts("Names of the libvirt pools; for revert, those that the patch was for."),
  notes: texts("What is to be known besides, in sentences; also on standard error."),
};

const change = {
  check: flag("Whether nothing was to be changed (--check)."),
  changed: flag("Whether the file was changed; with check, whether it would be."),
  diff: v.pipe(v.optional(v.string()), v.description("With --diff: what changes, as a unified diff.")),
};
const written = maybe("The file of -o; null where there is none.");
const back = {
  restored: v.pipe(
    v.nullable(v.boolean()),
    v.description("Whether the file is, or with check would be, to the byte what blocks were put into; null for none."),
  ),
  timeRestored: v.pipe(
    v.nullable(v.boolean()),
    v.description("Whether its modification time is that of then, too; null for no blocks."),
  ),
};

export const inspectForm = v.strictObject({
  ...common,
  command: v.literal("inspect"),
  program: maybe("The virt-install that uses this virtinst."),
  resolved: v.pipe(
    v.array(
      v.strictObject({
        pool: text("The libvirt pool."),
        cephPool: text("Its Ceph pool."),
        monitors,
        auth: v.nullable(
          v.strictObject({
            username: text("The cephx user."),
            uuid: text("The secret with its key; empty if only its usage is known."),
            usage: v.optional(text("The secret's usage, if a pool names it so.")),
          }),
        ),
      }),
    ),
    v.description("The pools whose secret is known, or that have none, with its uuid."),
  ),
  broken: v.pipe(
    v.array(
      v.strictObject({
        pools: texts("The libvirt pools."),
        message: text("What is wrong with them."),
        hint: text("What mends it."),
      }),
    ),
    v.description("Pools that every other command refuses."),
  ),
  document: v.pipe(hostDocument, v.description("The host document, which --host takes.")),
});

export const renderForm = v.strictObject({
  ...common,
  command: v.literal("render"),
  patch: text("The patch, as a unified diff with a header."),
  reverse: flag("Whether it takes the blocks out."),
  written,
});

export const bundleForm = v.strictObject({
  ...common,
  command: v.literal("bundle"),
  program: text("The Python program."),
  written,
});

export const hookForm = v.strictObject({
  ...common,
  command: v.literal("hook"),
  kind: text("The engine."),
  files: v.pipe(
    v.array(
      v.strictObject({
        path: text("Below the hook's folder: the place on the host, or in the engine's own tree."),
        content: text("What is in it."),
        program: flag("Whether it is to be run: the bundle."),
      }),
    ),
    v.description("The files of the hook, the bundle last; without one where each host gets its own."),
  ),
  written: maybe("The folder of -o; null where there is none."),
});

export const applyForm = v.strictObject({
  ...common,
  command: v.literal("apply"),
  ...change,
  status: oneOf(
    [
      ...(["patched", "updated", "removed"] as const),
      ...(["would be patched", "would be updated", "would be removed", "current", "not needed"] as const),
    ],
    "What was done, or with check would be.",
  ),
  compiled: maybe('The Python that compiled the new content, or "skipped" and why; null if nothing changes.'),
  ...back,
});

export const revertForm = v.strictObject({
  ...common,
  command: v.literal("revert"),
  ...change,
  status: oneOf(["reverted", "would be reverted", "not-patched"], "What was done, or with check would be."),
  ...back,
});

const checks = v.pipe(
  v.array(
    v.strictObject({
      label: text("What was looked at."),
      passed: flag("Whether it is as it should be."),
      difference: text("What is wrong; empty where nothing is."),
    }),
  ),
  v.description("What was looked at, one by one."),
);
const proof = {
  status: oneOf(["passed", "failed", "skipped"], "What came of it."),
  reason: text("By what it was proved, or why it was not, in a sentence without its full stop."),
};
const causes = texts("Where it failed: what to look at, in sentences without their full stops.");

export const verifyForm = v.strictObject({
  ...common,
  command: v.literal("verify"),
  behaviour: v.pipe(
    v.strictObject({ ...proof, checks }),
    v.description("What the function on disk makes of a sample domain."),
  ),
  install: v.pipe(
    v.strictObject({ ...proof, checks, causes }),
    v.description("What the host's own virt-install makes of each pool, on libvirt's test driver."),
  ),
  volume: v.pipe(
    v.nullable(
      v.strictObject({
        ...proof,
        volume: text("POOL/VOLUME."),
        disks: v.array(
          v.strictObject({
            name: text("Ceph pool and image."),
            facts: v.array(
              v.strictObject({
                label: text("User, secret or monitor."),
                expected: text("What the pool says."),
                found: text("What virt-install wrote."),
                right: flag("Whether that fits."),
              }),
            ),
          }),
        ),
        schema: v.pipe(v.strictObject(proof), v.description("What virt-xml-validate says.")),
        causes,
      }),
    ),
    v.description("With --vol: what virt-install makes of that real volume."),
  ),
  written: maybe("The file of --report; null where there is none."),
});

export const previewForm = v.strictObject({
  ...common,
  command: v.literal("preview"),
  changed: flag("Whether the patch changes anything in the domain."),
  xml: text("The domain's XML as the patch leaves it."),
  diff: text("From the XML as it was to that; empty where nothing changes."),
  written,
});

export const errorForm = v.strictObject({
  ...common,
  command: maybe("The first word of the command line; null where that is none."),
  error: v.strictObject(failed),
});

/** Each command's form, and that of a failure. */
export const FORMS = {
  inspect: inspectForm,
  render: renderForm,
  bundle: bundleForm,
  hook: hookForm,
  apply: applyForm,
  verify: verifyForm,
  preview: previewForm,
  revert: revertForm,
  error: errorForm,
  /** With --hosts, one line each. */
  hosts: v.union([hostForm, summaryForm]),
};
